import { type Dispatcher, request } from 'undici';
import { type Clock, systemClock } from '../clock.ts';
import { CodingError, decodeContent, withoutByteOrderMark } from '../content-coding.ts';
import type { JsonValue } from '../json.ts';
import { PRODUCT } from '../version.ts';
import { parseAccess } from './access-answer.ts';
import { asLoginError, LoginError, type LoginFailure } from './login-error.ts';
import { parseRetryAfterMs } from './schedule.ts';
import { type Credentials, secretsOf, v2TokensUrl } from './settings.ts';
import type { Token } from './token.ts';

export interface V2LoginOptions {
  /** `us`, `uk`, or a URL ending in `/v2.0`. */
  url: string;
  credentials: Credentials;
  /** The pool to send through; undici's global one if left out. */
  dispatcher?: Dispatcher | undefined;
  /** How long one login may take in all, ms. */
  timeoutMs: number;
  clock?: Clock;
}

/** The largest answer that is read. A catalog of every service and region of Rackspace is about 20 KB. */
const ANSWER_LIMIT_BYTES = 1024 * 1024;
/** How much of an error answer is quoted in a log line. */
const QUOTE_LIMIT = 200;

interface Answer {
  status: number;
  retryAfter: string | undefined;
  date: string | undefined;
  text: string;
}

/**
 * One login at an Identity v2.0 service (guide, section 1.3.2), sent with Content-Length because real
 * servers do not read chunked bodies.
 *
 * @returns a function that logs in; it rejects with LoginError, or with the signal's reason when aborted
 * @throws Error at once for a URL that is no v2.0 endpoint or for credentials without a secret
 */
export function createV2Login(options: V2LoginOptions): (signal: AbortSignal) => Promise<Token> {
  const url = v2TokensUrl(options.url);
  const body = JSON.stringify(loginDocument(options.credentials));
  const clock = options.clock ?? systemClock;
  return async (signal) => {
    const answer = await post(url, body, options, signal);
    if (answer.status < 200 || answer.status > 299) throw failure(answer, options.credentials, clock.now());
    return parseAccess(parseAnswer(answer.text), clock.now(), answer.date);
  };
}

/** The login request; the guide's Example 1.3 garbles the API key form. */
function loginDocument({ username, apiKey, password }: Credentials): object {
  if (apiKey) return { auth: { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey } } };
  if (password) return { auth: { passwordCredentials: { username, password } } };
  throw new Error('A login needs an apiKey or a password beside the username.');
}

async function post(
  url: URL,
  body: string,
  { dispatcher, timeoutMs }: V2LoginOptions,
  signal: AbortSignal,
): Promise<Answer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        'user-agent': PRODUCT,
      },
      body,
      signal: AbortSignal.any([signal, timeout]),
      ...(dispatcher ? { dispatcher } : {}),
    });
    return {
      status: answer.statusCode,
      retryAfter: single(answer.headers['retry-after']),
      date: single(answer.headers['date']),
      text: await readText(answer.body, answer.headers['content-encoding']),
    };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!timeout.aborted) throw asLoginError(error);
    const message = `The identity service did not answer within ${timeoutMs} ms.`;
    throw new LoginError('unreachable', message, { cause: error });
  }
}

async function readText(body: AsyncIterable<Buffer>, coding: string | string[] | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > ANSWER_LIMIT_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    const bytes = await decodeContent(Buffer.concat(chunks), coding, ANSWER_LIMIT_BYTES);
    return withoutByteOrderMark(bytes).toString('utf8');
  } catch (error) {
    if (!(error instanceof CodingError)) throw error;
    throw new LoginError('malformed', `The identity service's answer cannot be read: ${error.message}.`);
  }
}

const tooLarge = () =>
  new LoginError('malformed', `The identity service's answer exceeds ${ANSWER_LIMIT_BYTES} bytes.`);

function parseAnswer(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    // The parser's own message quotes the text, which may hold the token.
    throw new LoginError('malformed', "The identity service's answer is not JSON.");
  }
}

/** What each kind of refusal means to an operator; the service's own words follow. */
const EXPLANATIONS: Readonly<Record<LoginFailure, string>> = {
  refused: 'The identity service refuses the credentials',
  limited: 'The identity service asks for a pause',
  unavailable: 'The identity service has a fault of its own',
  unreachable: 'The identity service cannot be reached',
  untrusted: 'The identity service cannot be trusted',
  rejected: 'The identity service does not take the login; is its URL right?',
  malformed: "The identity service's answer cannot be used",
};

function failure(answer: Answer, credentials: Credentials, nowMs: number): LoginError {
  const reason = decideReason(answer);
  const message = `${EXPLANATIONS[reason]} (HTTP ${answer.status}): ${quote(answer.text, credentials)}`;
  const retryAfterMs = parseRetryAfterMs(answer.retryAfter, answer.date, nowMs);
  return new LoginError(reason, message, { retryAfterMs });
}

function decideReason({ status, retryAfter }: Answer): LoginFailure {
  if (status === 401 || status === 403) return 'refused';
  if (status === 413 || status === 429) return 'limited';
  if (status === 503 && retryAfter !== undefined) return 'limited';
  return status >= 500 ? 'unavailable' : 'rejected';
}

/** The first words of an error answer, on one line, with every secret struck out. */
function quote(text: string, credentials: Credentials): string {
  let quoted = text;
  for (const secret of secretsOf(credentials)) {
    const escaped = JSON.stringify(secret).slice(1, -1);
    quoted = quoted.replaceAll(secret, '[redacted]').replaceAll(escaped, '[redacted]');
  }
  return quoted.replaceAll(/\s+/g, ' ').trim().slice(0, QUOTE_LIMIT) || '(empty)';
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
