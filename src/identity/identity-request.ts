import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, getGlobalDispatcher } from 'undici';
import { CodingError, decodeContent, withoutByteOrderMark } from '../content-coding.ts';
import type { JsonValue } from '../json.ts';
import { PRODUCT } from '../version.ts';
import { asLoginError, LoginError, type LoginFailure } from './login-error.ts';
import { parseRetryAfterMs } from './schedule.ts';

/** Leave to ask an identity service once; one of its two ends must follow. */
export interface IdentityPermit {
  /** An answer's head is here. */
  answered(status: number, headers: IncomingHttpHeaders): void;
  /** There was none: whether the request was counted is not known. */
  lost(): void;
}

/**
 * Where leave is asked for, so that all that is sent to an identity service as one user keeps to the limits there.
 *
 * @throws LoginError `limited`, with when to come back; the signal's reason when it is aborted
 */
export type IdentityGate = (
  request: Pick<IdentityRequest, 'method' | 'url'>,
  signal: AbortSignal,
) => Promise<IdentityPermit>;

/** Whoever wants to know whether an identity service is there. */
export interface IdentityPulse {
  answered(status: number): void;
  /** There was no answer. */
  failed(error: unknown): void;
  /** There was none within the time that it had. */
  late(): void;
}

/** How an identity service is reached. */
export interface IdentityWay {
  /** The pool to send through; undici's global one if left out. */
  readonly dispatcher?: Dispatcher | undefined;
  /** How long one request may take in all once it may be sent, ms. */
  readonly timeoutMs: number;
  /** Left out: everything may be sent. */
  readonly gate?: IdentityGate | undefined;
  readonly pulse?: IdentityPulse | undefined;
}

/** One request to an identity service. */
export interface IdentityRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: URL;
  /** Beside `accept`, `user-agent` and those of the body. */
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body?: string | undefined;
}

/** What it answered, its body read. */
export interface IdentityAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly date: string | undefined;
  readonly location: string | undefined;
  /** Identity v3 tells a token here. */
  readonly subjectToken: string | undefined;
  readonly text: string;
}

/** The largest answer that is read. A catalog of every service and region of Rackspace is about 20 KB. */
const ANSWER_LIMIT_BYTES = 1024 * 1024;
/** How much of an error answer is quoted in a log line. */
const QUOTE_LIMIT = 200;

/**
 * Asks an identity service once, with a Content-Length because real servers do not read chunked bodies.
 *
 * @throws LoginError when there is no answer; the signal's reason when it is aborted
 */
export async function askIdentity(
  { method, url, headers, body }: IdentityRequest,
  { dispatcher, timeoutMs, gate, pulse }: IdentityWay,
  signal: AbortSignal,
): Promise<IdentityAnswer> {
  const permit = await gate?.({ method, url }, signal);
  let isAnswered = false;
  const timeout = AbortSignal.timeout(timeoutMs);
  const ofBody =
    body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  try {
    const answer = await (dispatcher ?? getGlobalDispatcher()).request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { accept: 'application/json', ...ofBody, 'user-agent': PRODUCT, ...headers },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.any([signal, timeout]),
    });
    isAnswered = true;
    permit?.answered(answer.statusCode, answer.headers);
    pulse?.answered(answer.statusCode);
    return {
      status: answer.statusCode,
      // Some load balancers write it with the `X-` of their other rate limit headers.
      retryAfter: single(answer.headers['retry-after'] ?? answer.headers['x-retry-after']),
      date: single(answer.headers['date']),
      location: single(answer.headers['location']),
      subjectToken: single(answer.headers['x-subject-token']),
      text: await readText(answer.body, answer.headers['content-encoding']),
    };
  } catch (error) {
    if (!isAnswered) permit?.lost();
    if (signal.aborted) throw signal.reason;
    if (timeout.aborted) pulse?.late();
    else if (!(error instanceof LoginError)) pulse?.failed(error);
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

/** The body of an answer. @throws LoginError for what is no JSON */
export function readAnswer({ text }: IdentityAnswer): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    // The parser's own message quotes the text, which may hold the token.
    throw new LoginError('malformed', "The identity service's answer is not JSON.");
  }
}

/** Whether an answer says yes. */
export const isYes = ({ status }: IdentityAnswer): boolean => status >= 200 && status <= 299;

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
 * An answer that says no, as the error it is.
 *
 * @param secrets what was sent, which it may quote
 * @param nowMs wall clock
 */
export function refusedBy(answer: IdentityAnswer, secrets: readonly string[], nowMs: number): LoginError {
  const reason = decideReason(answer);
  const message = `${EXPLANATIONS[reason]} (HTTP ${answer.status}): ${quote(answer.text, secrets)}`;
  const retryAfterMs = parseRetryAfterMs(answer.retryAfter, answer.date, nowMs);
  return new LoginError(reason, message, { retryAfterMs });
}

function decideReason({ status, retryAfter }: IdentityAnswer): LoginFailure {
  if (status === 401 || status === 403) return 'refused';
  if (status === 413 || status === 429) return 'limited';
  if (status === 503 && retryAfter !== undefined) return 'limited';
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

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
