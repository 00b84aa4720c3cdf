/** Units a rate limit may have, in ms (guide 1.8.1; the reference servers know exactly these four). */
export const UNIT_MS = { SECOND: 1_000, MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000 } as const;

export type LimitUnit = keyof typeof UNIT_MS;

/**
 * Who says that there is a limit: the region's GET /limits, the configuration, a preset of it, an answer's headers, or nobody:
 * it was found out. `default`: the guide's Table 1.3, until somebody says.
 */
export type LimitOrigin = 'published' | 'configured' | 'preset' | 'header' | 'learned' | 'default';

/** One rate limit as a region publishes it, or as the configuration states it. */
export interface PublishedLimit {
  /** Upper case method, or `ALL`. */
  readonly verb: string;
  /** The human-readable wild card, `/servers` or `*`. */
  readonly uri: string;
  /** The machine-readable form; undefined or one that does not compile falls back to `uri`. */
  readonly regex?: string | undefined;
  /** Requests per unit; 0 means forbidden. Infinity: a limit that is enforced and not published. */
  readonly value: number;
  readonly unit: LimitUnit;
  /** What the value is counted over where that is no whole unit, ms; `unit` is then the next longer one. */
  readonly periodMs?: number | undefined;
  /** What was left when it was published; undefined when nobody said. */
  readonly remaining?: number | undefined;
  /** End of the current window as published, ms since the epoch. */
  readonly nextAvailableMs?: number | undefined;
  /** Left out: it is not known who says so. */
  readonly origin?: LimitOrigin | undefined;
}

/** Table 1.3 of the guide: what holds until a region has published its own. */
export const DEFAULT_LIMITS: readonly PublishedLimit[] = [
  { verb: 'GET', uri: '*', value: 100, unit: 'MINUTE' },
  { verb: 'GET', uri: '/os-networksv2', value: 0, unit: 'MINUTE' },
  { verb: 'GET', uri: '/servers', value: 1000, unit: 'DAY' },
  { verb: 'POST', uri: '*', value: 100, unit: 'MINUTE' },
  { verb: 'POST', uri: '/os-networksv2', value: 0, unit: 'DAY' },
  { verb: 'POST', uri: '/servers', value: 1000, unit: 'DAY' },
];

/** True for the units whose windows are too long to park a caller in. */
export function isLongUnit(unit: LimitUnit): boolean {
  return unit === 'HOUR' || unit === 'DAY';
}

/** Whether the region, or the configuration, has said what the limit is. */
export function isPublished({ value }: PublishedLimit): boolean {
  return Number.isFinite(value);
}

/**
 * What stays the same when a limit is published again with another value: the key of its window. One that was found out beside
 * one that is published is another limit.
 */
export function limitKey(limit: PublishedLimit): string {
  const key = `${limit.verb} ${limit.uri} ${limit.unit} ${limit.regex ?? ''}`;
  return limit.origin === 'learned' ? `found ${key}` : key;
}

/** What a limit's value is counted over, ms. */
export function periodOf({ periodMs, unit }: PublishedLimit): number {
  return periodMs ?? UNIT_MS[unit];
}

/** A limit for a reader: `GET /servers, 1000 per DAY`. */
export function describeLimit(limit: PublishedLimit): string {
  const name = `${limit.verb} ${limit.uri === '' ? '*' : limit.uri}`;
  return isPublished(limit)
    ? `${name}, ${limit.value} per ${limit.periodMs === undefined ? limit.unit : `${limit.periodMs / 1_000} s`}`
    : `${name}, which the region does not publish`;
}
