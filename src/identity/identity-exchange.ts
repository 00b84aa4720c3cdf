/** One exchange with an identity service, and what its refusals mean: the same for every version. */
import { type Dispatcher, request } from 'undici';
import { CodingError, decodeContent, withoutByteOrderMark } from '../content-coding.ts';
import type { JsonValue } from '../json.ts';
import { PRODUCT } from '../version.ts';
import { asLoginError, LoginError, type LoginFailure } from './login-error.ts';
import { parseRetryAfterMs } from './schedule.ts';

/** How an identity service is reached. */
export interface IdentityReach {
  /** The pool to send through; undici's global one if left out. */
  readonly dispatcher?: Dispatcher | undefined;
  /** How long one exchange may take in all, ms. */
  readonly timeoutMs: number;
}

/** What an identity service answered. */
export interface IdentityAnswer {
  readonly status: number;
  /** A header's first value, by its name in lower case. */
  header(name: string): string | undefined;
  readonly text: string;
}

/** The largest answer that is read. A catalog of every service and region of Rackspace is about 20 KB. */
const ANSWER_LIMIT_BYTES = 1024 * 1024;
/** How much of an error answer is quoted in a log line. */
const QUOTE_LIMIT = 200;

/**
 * Sends a request, with a Content-Length because real servers do not read chunked bodies, and reads the whole answer.
 *
 * @param body JSON text to post; undefined: a GET
 * @throws LoginError `unreachable`, `untrusted`, `malformed`; the signal's reason when that was aborted
 */
export async function askIdentity(
  url: URL,
  body: string | undefined,
  { dispatcher, timeoutMs }: IdentityReach,
  signal: AbortSignal,
): Promise<IdentityAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await request(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { accept: 'application/json', ...bodyHeaders(body), 'user-agent': PRODUCT },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.any([signal, timeout]),
      ...(dispatcher ? { dispatcher } : {}),
    });
    const { headers } = answer;
    return {
      status: answer.statusCode,
      header: (name) => [headers[name]].flat()[0],
      text: await readText(answer.body, headers['content-encoding']),
    };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!timeout.aborted) throw asLoginError(error);
    const message = `The identity service did not answer within ${timeoutMs} ms.`;
    throw new LoginError('unreachable', message, { cause: error });
  }
}

function bodyHeaders(body: string | undefined): Record<string, string> {
  if (body === undefined) return {};
  return { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
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

/**
 * The document of an answer.
 *
 * @throws LoginError `malformed`
 */
export function parseAnswer({ text }: IdentityAnswer): JsonValue {
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

/**
 * What an answer that is no yes means.
 *
 * @param secrets what must not be quoted
 */
export function failureOf(answer: IdentityAnswer, secrets: readonly string[], nowMs: number): LoginError {
  const reason = decideReason(answer);
  const message = `${EXPLANATIONS[reason]} (HTTP ${answer.status}): ${quote(answer.text, secrets)}`;
  const retryAfterMs = parseRetryAfterMs(retryAfterOf(answer), answer.header('date'), nowMs);
  return new LoginError(reason, message, { retryAfterMs });
}

/** Some load balancers write it with the `X-` of their other rate limit headers. */
const retryAfterOf = ({ header }: IdentityAnswer): string | undefined =>
  header('retry-after') ?? header('x-retry-after');

function decideReason(answer: IdentityAnswer): LoginFailure {
  const { status } = answer;
  if (status === 401 || status === 403) return 'refused';
  if (status === 413 || status === 429) return 'limited';
  if (status === 503 && retryAfterOf(answer) !== undefined) return 'limited';
  return status >= 500 ? 'unavailable' : 'rejected';
}

/** The first words of an error answer, on one line, with every secret struck out. */
function quote(text: string, secrets: readonly string[]): string {
  let quoted = text;
  for (const secret of secrets) {
    const escaped = JSON.stringify(secret).slice(1, -1);
    quoted = quoted.replaceAll(secret, '[redacted]').replaceAll(escaped, '[redacted]');
  }
  return quoted.replaceAll(/\s+/g, ' ').trim().slice(0, QUOTE_LIMIT) || '(empty)';
}
