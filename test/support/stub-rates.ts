import { createReferenceLimiter, type LimiterKind } from './reference-upstreams.ts';
import { tooMany } from './stub-answers.ts';
import type { StubRate } from './stub-documents.ts';
import type { RateModel } from './stub-region.ts';

const UNIT_MS = { SECOND: 1000, MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000 } as const;

/** A limit that a region publishes and enforces. */
export interface StubLimit {
  /** A method, or `ALL`. */
  verb: string;
  /** What people read: `*`, `/servers`. */
  uri: string;
  /** What decides, matched against the path below the tenant; by default `uri` as the path's beginning. */
  regex?: string;
  value: number;
  unit: keyof typeof UNIT_MS;
}

/** The limits as `GET /limits` shows them: for `region.publish()`. */
export function publishedAs(limits: readonly StubLimit[]): StubRate[] {
  return limits.map(({ verb, uri, value, unit, ...limit }) => ({
    uri,
    regex: limit.regex ?? regexOf(uri),
    limit: [{ verb, value, remaining: value, unit, 'next-available': '2026-01-01T00:00:00Z' }],
  }));
}

/** One of the three ways real regions enforce them: for `region.enforce()`. */
export function enforcedBy(kind: LimiterKind, limits: readonly StubLimit[]): RateModel {
  const rows = limits.map((limit) => ({
    ...limit,
    pattern: new RegExp(limit.regex ?? regexOf(limit.uri)),
    limiter: createReferenceLimiter(kind, limit.value, UNIT_MS[limit.unit]),
  }));
  return {
    refuse({ method, path }, nowMs) {
      const matching = rows.filter(
        ({ verb, pattern }) => (verb === 'ALL' || verb === method) && pattern.test(path),
      );
      // The sliding log charges the first limit that matches and no other, the others all until one refuses.
      const charged = kind === 'sliding' ? matching.slice(0, 1) : matching;
      const refusing = charged.find(({ limiter }) => !limiter.arrive(nowMs));
      return refusing && tooMany.rateBySeconds(UNIT_MS[refusing.unit] / 1000);
    },
  };
}

const regexOf = (uri: string): string =>
  uri.startsWith('*') ? '.*' : `^${uri.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`;
