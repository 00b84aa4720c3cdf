/**
 * Faults: what Sluice and the simulator say when they say no. The names and codes are the guide's Table 1.6
 * (section 1.11); an upstream's own fault never passes through here, it is forwarded with its own text.
 */

/** Fault element -> HTTP status, Table 1.6 and the rescue sections (2.3.7, 2.3.8). */
export const FAULTS = {
  computeFault: 500,
  badRequest: 400,
  unauthorized: 401,
  forbidden: 403,
  resizeNotAllowed: 403,
  itemNotFound: 404,
  badMethod: 405,
  buildInProgress: 409,
  backupOrResizeInProgress: 409,
  conflictingRequest: 409,
  operationNotAllowed: 409,
  rescueOrUnrescueProcessingInProgress: 409,
  overLimit: 413,
  badMediaType: 415,
  notImplemented: 501,
  serviceUnavailable: 503,
  serverCapacityUnavailable: 503,
} as const;

export type FaultName = keyof typeof FAULTS;

/** What a fault may carry beside its name and message. */
export interface FaultOptions {
  /** HTTP status when it is not the table's own (406, 502, 504 are computeFaults). */
  code?: number;
  /** Optional details for the reader. */
  details?: string;
  /** Extra response headers, lower-case names. `retry-after` is integer seconds. */
  headers?: Record<string, string>;
  /** For overLimit: when a retry will pass, ISO 8601. */
  retryAt?: string;
  /** What kind of refusal it is, a word for the log where the fault's own says too little. */
  reason?: string;
  /** What caused it; logged, never sent. */
  cause?: unknown;
}

/**
 * An error that one place (the renderer) turns into a fault in the caller's format. It has no stack: it is an answer, which
 * strangers get by the thousand, and a stack costs more than all the rest of it. What went wrong inside is its `cause`.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly fault: FaultName;
  readonly code: number;
  readonly details: string | undefined;
  readonly retryAt: string | undefined;
  readonly headers: Record<string, string>;
  readonly reason: string | undefined;

  constructor(fault: FaultName, message: string, options: FaultOptions = {}) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.fault = fault;
    this.code = options.code ?? FAULTS[fault];
    this.details = options.details;
    this.retryAt = options.retryAt;
    this.headers = options.headers ?? {};
    this.reason = options.reason;
  }

  /** The guide's JSON form (Example 1.47): `{"name": {"code", "message", "details"?, "retryAt"?}}`. */
  toDocument(): Record<string, Record<string, string | number>> {
    const body: Record<string, string | number> = { code: this.code, message: this.message };
    if (this.details !== undefined) body['details'] = this.details;
    if (this.retryAt !== undefined) body['retryAt'] = this.retryAt;
    return { [this.fault]: body };
  }
}

/** Any thrown thing as a fault: faults stay, the rest is an internal computeFault that tells nothing away. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('computeFault', 'Sluice met an error of its own; its log has the details.', {
    cause: error,
  });
}

/** 405 with the methods there are; `where` says on what. */
export function methodFault(method: string, allow: readonly string[], where = 'here'): Fault {
  const list = allow.join(', ');
  return new Fault('badMethod', `${method} is not possible ${where}; possible: ${list}.`, {
    headers: { allow: list },
  });
}
