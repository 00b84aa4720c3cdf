import { connectFailureOf } from '../connect-failure.ts';

/**
 * Why a login brought no token:
 * - `refused`: the identity service knows the credentials to be wrong or barred (401, 403)
 * - `limited`: it asks for a pause (413, 429, or 503 with Retry-After)
 * - `unavailable`: it answered with a server error
 * - `unreachable`: no connection, no answer in time, or the connection broke
 * - `untrusted`: a certificate does not fit, or a proxy refuses: no connection until somebody changes something
 * - `rejected`: it does not take the request at all (400, 404, a redirect): most likely a wrong URL
 * - `malformed`: it said yes, but not with a token that can be used
 */
export type LoginFailure =
  | 'refused'
  | 'limited'
  | 'unavailable'
  | 'unreachable'
  | 'untrusted'
  | 'rejected'
  | 'malformed';

/** What became of a login: the `result` label of `sluice_token_requests_total`. */
export type LoginResult = 'ok' | LoginFailure;

const EVERY_RESULT: Readonly<Record<LoginResult, true>> = {
  ok: true,
  refused: true,
  limited: true,
  unavailable: true,
  unreachable: true,
  untrusted: true,
  rejected: true,
  malformed: true,
};

/** All that can become of a login. */
export const LOGIN_RESULTS = Object.keys(EVERY_RESULT) as readonly LoginResult[];

/** A login that failed. The message is for operators' logs and holds no secret. */
export class LoginError extends Error {
  override readonly name = 'LoginError';
  readonly reason: LoginFailure;
  /** How long the identity service asked to be left alone, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(
    reason: LoginFailure,
    message: string,
    options: { retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Any thrown thing as a LoginError; what is not one was met on the way to the identity service. */
export function asLoginError(error: unknown): LoginError {
  if (error instanceof LoginError) return error;
  const failure = connectFailureOf(error);
  if (failure !== undefined) {
    const reason = failure.kind === 'proxy-away' ? 'unreachable' : 'untrusted';
    return new LoginError(reason, `The identity service cannot be reached: ${failure.message}.`, {
      cause: failure,
    });
  }
  const code = errorCode(error);
  return new LoginError('unreachable', `The identity service cannot be reached (${code}).`, { cause: error });
}

/** The machine-readable part of a network error: its code, else its class. Messages may hold URLs. */
function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const code = (error as Error & { code?: unknown }).code;
  return typeof code === 'string' ? code : error.name;
}
