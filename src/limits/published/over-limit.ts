import { isJsonObject, type JsonValue, RawNumber } from '../../json.ts';
import { UNIT_MS } from './limit.ts';

/** What a 413, 429 or 503 means. */
export type OverLimit =
  /** A rate limit: wait, then send again; it was refused before it was executed, so that is safe for a POST too. */
  | {
      readonly kind: 'rate';
      readonly retryAfterMs: number /** It did not say when. */;
      readonly isUnsaid?: true;
    }
  /** A quota (instances, RAM): waiting does not help; goes to the caller as it is. */
  | { readonly kind: 'quota' }
  /** Too large a body or too much metadata; goes to the caller as it is. */
  | { readonly kind: 'size' }
  /** The region as a whole asks to be left alone for a while. */
  | { readonly kind: 'pause'; readonly retryAfterMs: number }
  /** Nothing to do with limits. */
  | { readonly kind: 'other' };

/** An answer as far as triage needs it. */
export interface LimitedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The parsed body, when there is one; without it the headers decide. */
  readonly body?: JsonValue | undefined;
}

/** Repose cuts its date to the second, so the window may end up to a second after it. */
const DATE_ROUNDING_MS = 1_000;
/** The longest unit a rate limit has. */
const LONGEST_WAIT_MS = UNIT_MS.DAY + DATE_ROUNDING_MS;
/** Seconds, or ms, since the epoch: no wait is as long. 2001-09-09 in either. */
const EPOCH_SECONDS = 1e9;
const EPOCH_MS = 1e12;
/** A 429 that does not say when. */
const UNSAID: OverLimit = { kind: 'rate', retryAfterMs: 1_000, isUnsaid: true };

/**
 * Tells the four meanings of 413 apart. Rates carry a date (Repose) or positive seconds (Nova, newer servers with 429);
 * quotas carry `Retry-After: 0` or say "quota"; sizes carry nothing.
 * @param nowWall ms since the epoch, for dates when the answer has no `Date` of its own
 */
export function triageOverLimit(answer: LimitedAnswer, nowWall: number): OverLimit {
  if (answer.status !== 413 && answer.status !== 429 && answer.status !== 503) return { kind: 'other' };
  const retryAfterMs = readRetryAfter(answer, nowWall);
  if (answer.status === 503) return triageUnavailable(retryAfterMs);
  if (saysQuota(answer.body)) return { kind: 'quota' };
  if (retryAfterMs === undefined) return answer.status === 429 ? UNSAID : { kind: 'size' };
  if (retryAfterMs > 0) return { kind: 'rate', retryAfterMs };
  return answer.status === 429 ? UNSAID : { kind: 'quota' };
}

/** A wait of more than a day is no wait: it says nothing. */
function triageUnavailable(retryAfterMs: number | undefined): OverLimit {
  if (retryAfterMs === undefined || retryAfterMs <= 0 || retryAfterMs > LONGEST_WAIT_MS)
    return { kind: 'other' };
  return { kind: 'pause', retryAfterMs };
}

/** The wait an answer asks for, in ms: from the header, else from the body's retryAfter or retryAt. */
function readRetryAfter(answer: LimitedAnswer, nowWall: number): number | undefined {
  const serverNow = readDate(single(answer.headers['date'])) ?? nowWall;
  return (
    parseRetry(single(answer.headers['retry-after']), serverNow) ??
    parseRetry(single(answer.headers['x-retry-after']), serverNow) ??
    retryFromBody(answer.body, serverNow)
  );
}

/** Seconds, a date, or, as some servers have it, a date in seconds or ms since the epoch. */
function parseRetry(value: string | number | undefined, serverNow: number): number | undefined {
  const number = typeof value === 'number' ? value : readNumber(value);
  if (number !== undefined && number < EPOCH_SECONDS)
    return number < 0 ? undefined : Math.ceil(number * 1000);
  const date = typeof value === 'string' && number === undefined ? readDate(value) : fromEpoch(number);
  // A date that has passed still means a rate limit: its window ends within the second it was cut to.
  return date === undefined ? undefined : Math.max(0, date - serverNow) + DATE_ROUNDING_MS;
}

function readNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

function fromEpoch(number: number | undefined): number | undefined {
  return number === undefined || number >= EPOCH_MS ? number : number * 1000;
}

function retryFromBody(body: JsonValue | undefined, serverNow: number): number | undefined {
  for (const fault of faultsOf(body)) {
    for (const member of ['retryAfter', 'retryAt']) {
      const value = fault[member];
      const isNumber = typeof value === 'number' || value instanceof RawNumber;
      const retry = parseRetry(isNumber ? Number(value) : textOf(value), serverNow);
      if (retry !== undefined) return retry;
    }
  }
  return undefined;
}

function saysQuota(body: JsonValue | undefined): boolean {
  return faultsOf(body).some((fault) => /quota/i.test(textOf(fault['message']) ?? ''));
}

/** The members of a fault envelope, whatever its name is. */
function faultsOf(body: JsonValue | undefined): { [key: string]: JsonValue }[] {
  return isJsonObject(body) ? Object.values(body).filter(isJsonObject) : [];
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** A date of HTTP or of ISO 8601; the engine reads much more than that for one. */
function readDate(text: string | undefined): number | undefined {
  if (
    text === undefined ||
    !/^\s*([A-Z][a-z]{2,8}, ?\d|[A-Z][a-z]{2} [A-Z][a-z]{2} |\d{4,6}-\d\d-\d\dT)/.test(text)
  )
    return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : date;
}
