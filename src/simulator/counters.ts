import { LRUCache } from 'lru-cache';
import type { Match } from '../operations/match.ts';

/** Paths counted at most; the least used are forgotten first. */
const MAX_PATHS = 10_000;

/** What the simulator was asked, for tests and for the people who watch it. */
export interface Counters {
  /** @param region null: identity and what has no region */
  request(region: string | null, method: string, path: string, operation: string): void;
  /** An action turned out to be that operation (counted as `action` before). */
  action(region: string, operation: string): void;
  /** A 413 for a spent rate limit was given. */
  rejected(region: string | null): void;
  answered(status: number): void;
  /** How often that method and path (below the tenant for compute) were asked, in one region or in all. */
  count(method: string, path: string, region?: string): number;
  /** How often that operation of the table was asked, in one region or in all. */
  countOperation(name: string, region?: string): number;
  /** 413s given for spent rate limits, in one region or in all. */
  countRejected(region?: string): number;
  /** Everything, for the admin API. */
  report(): {
    operations: Record<string, number>;
    rejected: Record<string, number>;
    statuses: Record<string, number>;
  };
  reset(): void;
}

const ROOT = '-';

export function createCounters(): Counters {
  const paths = new LRUCache<string, number>({ max: MAX_PATHS });
  const operations = new Map<string, number>();
  const rejected = new Map<string, number>();
  const statuses = new Map<string, number>();
  const increment = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  /** Sums the counts whose key is `region rest`, for one region or for all. */
  const total = (counts: Iterable<[string, number]>, rest: string, region: string | undefined): number => {
    let sum = 0;
    for (const [key, count] of counts) {
      const space = key.indexOf(' ');
      if (key.slice(space + 1) !== rest) continue;
      if (region === undefined || key.slice(0, space) === region.toUpperCase()) sum += count;
    }
    return sum;
  };

  return {
    request(region, method, path, operation) {
      const key = `${region ?? ROOT} ${method} ${path}`;
      paths.set(key, (paths.get(key) ?? 0) + 1);
      increment(operations, `${region ?? ROOT} ${operation}`);
    },
    action: (region, operation) => void increment(operations, `${region} ${operation}`),
    rejected: (region) => void increment(rejected, `${region ?? ROOT} rejected`),
    answered: (status) => void increment(statuses, String(status)),
    count: (method, path, region) => total(paths.entries(), `${method} ${path}`, region),
    countOperation: (name, region) => total(operations, name, region),
    countRejected: (region) => total(rejected, 'rejected', region),
    report: () => ({
      operations: Object.fromEntries(operations),
      rejected: Object.fromEntries(rejected),
      statuses: Object.fromEntries(statuses),
    }),
    reset() {
      paths.clear();
      for (const counts of [operations, rejected, statuses]) counts.clear();
    },
  };
}

/** A name for what a path means: an operation of the table, `action`, or `other`. */
export function operationLabel(match: Match): string {
  if (match.kind === 'operation') return match.operation.name;
  return match.kind === 'action' ? 'action' : 'other';
}
