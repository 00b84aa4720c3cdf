import { type LimitUnit, UNIT_MS } from '../published/limit.ts';

/** What an answer's headers say of one limit. */
export interface HeaderLimit {
  /** Requests per period. */
  readonly value: number;
  /** ms, from one second to one day; undefined: it does not say. */
  readonly periodMs: number | undefined;
  readonly remaining: number | undefined;
  /** ms until it begins anew. */
  readonly resetMs: number | undefined;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const GREATEST_VALUE = 1e9;
/** Longest text that is looked at, and most limits in it. */
const LONGEST_FIELD = 1_024;
const MOST_LIMITS = 8;
/** Seconds, or ms, since the epoch: no time from now is as long. */
const EPOCH_SECONDS = 1e9;
const EPOCH_MS = 1e12;

/** The letter of a rate such as `60r/m`, and the word in `X-RateLimit-Limit-Minute`. */
const LETTERS: Readonly<Record<string, LimitUnit>> = { s: 'SECOND', m: 'MINUTE', h: 'HOUR', d: 'DAY' };
const UNITS = Object.keys(UNIT_MS) as LimitUnit[];

/**
 * Reads what an answer says of limits: `RateLimit-Policy` and `RateLimit` of the IETF's draft (draft-ietf-httpapi-ratelimit-headers, in its
 * forms of today and before) and the `X-RateLimit-*` family (a count or `60r/m`; a reset in seconds, as an epoch or a date;
 * one for each window). What makes no sense is left out.
 * @param nowWall ms since the epoch, for dates when the answer has no `Date` of its own
 */
export function readRateLimitFields(headers: Headers, nowWall: number): HeaderLimit[] {
  const date = Date.parse(text(headers, 'date') ?? '');
  const now = Number.isNaN(date) ? nowWall : date;
  const found = fromPolicies(headers) ?? [
    ...fromFamily(headers, 'ratelimit', now),
    ...fromFamily(headers, 'x-ratelimit', now),
    ...fromFamily(headers, 'x-rate-limit', now),
  ];
  return found.slice(0, MOST_LIMITS).filter(({ value }) => value >= 1 && value <= GREATEST_VALUE);
}

/** Structured fields: a list of names or counts with parameters. */
function fromPolicies(headers: Headers): HeaderLimit[] | undefined {
  const policies = itemsOf(text(headers, 'ratelimit-policy'));
  const states = itemsOf(text(headers, 'ratelimit'));
  if (policies.length === 0) return fromDictionary(text(headers, 'ratelimit'));
  const found = policies.flatMap(({ name, parameters }): HeaderLimit[] => {
    // A count with a window, as the draft had it at first: `100;w=60`.
    const value = parameters.get('q') ?? numberOf(name);
    const seconds = parameters.get('w');
    if (value === undefined || seconds === undefined || seconds <= 0) return [];
    const state = states.find((one) => one.name === name)?.parameters;
    return [
      {
        value: Math.floor(value),
        periodMs: periodOf(seconds * 1_000),
        remaining: state?.get('r'),
        resetMs: fromSeconds(state?.get('t')),
      },
    ];
  });
  return found.length > 0 ? found : undefined;
}

/** `limit=100, remaining=50, reset=5`, as the draft had it for a while. */
function fromDictionary(field: string | undefined): HeaderLimit[] | undefined {
  const members = new Map(
    (field ?? '').split(',').map((member) => member.trim().split('=', 2) as [string, string]),
  );
  const value = numberOf(members.get('limit'));
  if (value === undefined) return undefined;
  const resetMs = fromSeconds(numberOf(members.get('reset')));
  return [{ value, periodMs: undefined, remaining: numberOf(members.get('remaining')), resetMs }];
}

/** `…-Limit`, `…-Remaining` and `…-Reset`, once or for each window. */
function fromFamily(headers: Headers, prefix: string, now: number): HeaderLimit[] {
  const windows: [ending: string, periodMs: number | undefined][] = [
    ['', undefined],
    ...UNITS.map((unit): [string, number] => [`-${unit.toLowerCase()}`, UNIT_MS[unit]]),
  ];
  return windows.flatMap(([ending, periodMs]): HeaderLimit[] => {
    const rate = rateOf(text(headers, `${prefix}-limit${ending}`));
    if (!rate) return [];
    const reset = text(headers, `${prefix}-reset${ending}`);
    return [
      {
        value: rate.value,
        periodMs: rate.periodMs ?? periodMs,
        remaining: numberOf(text(headers, `${prefix}-remaining${ending}`)),
        resetMs: resetOf(reset, now),
      },
    ];
  });
}

/** `60`, `60r/m`, `60/minute`, `100;w=60`, or `100, 100;w=60`. */
function rateOf(field: string | undefined): { value: number; periodMs: number | undefined } | undefined {
  const match =
    /^\s{0,8}(\d{1,10})\s{0,8}(?:r?(?:eq(?:uests)?)?\s{0,8}\/\s{0,8}(\d{0,5})([smhd])[a-z]*)?\s{0,8}(?:$|[;,])/i.exec(
      field ?? '',
    );
  if (!match) return undefined;
  const [, value, count, letter] = match;
  const window = /;\s*w\s*=\s*(\d{1,6})/i.exec(field ?? '')?.[1];
  const unit = LETTERS[letter?.toLowerCase() ?? ''];
  const periodMs = unit ? UNIT_MS[unit] * (Number(count) || 1) : window && Number(window) * 1_000;
  return { value: Number(value), periodMs: typeof periodMs === 'number' ? periodOf(periodMs) : undefined };
}

/** Seconds from now, seconds or ms since the epoch, or a date. */
function resetOf(field: string | undefined, now: number): number | undefined {
  const number = numberOf(field);
  if (number !== undefined && number < EPOCH_SECONDS) return fromSeconds(number);
  const at = number === undefined ? Date.parse(field ?? '') : number >= EPOCH_MS ? number : number * 1_000;
  return Number.isNaN(at) ? undefined : Math.min(UNIT_MS.DAY, Math.max(0, at - now));
}

const fromSeconds = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : Math.min(UNIT_MS.DAY, seconds * 1_000);

/** What is longer than a day, or shorter than a second, is no window that anything could be kept to. */
const periodOf = (ms: number): number | undefined =>
  ms >= UNIT_MS.SECOND && ms <= UNIT_MS.DAY ? ms : undefined;

interface Item {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, number>;
}

/** A list of RFC 9651 as far as it is needed: strings, tokens and integers with integer parameters. */
function itemsOf(field: string | undefined): Item[] {
  const members = field?.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? [];
  return members.slice(0, MOST_LIMITS).flatMap((member): Item[] => {
    const match = /^\s*("(?:[^"\\]|\\.)*"|[^\s;="]+)((?:\s*;.*)?)$/.exec(member);
    if (!match) return [];
    const [, name, rest] = match;
    const parameters = [...rest!.matchAll(/;\s*([a-z*][a-z0-9_.*-]*)=(\d{1,15})(?![\d.])/g)];
    return [{ name: name!, parameters: new Map(parameters.map(([, key, value]) => [key!, Number(value)])) }];
  });
}

function numberOf(field: string | undefined): number | undefined {
  return field !== undefined && /^\s*\d{1,15}(\.\d{1,9})?\s*$/.test(field) ? Number(field) : undefined;
}

function text(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  const one = Array.isArray(value) ? value.join(', ') : value;
  return one === undefined || one.length > LONGEST_FIELD ? undefined : one;
}
