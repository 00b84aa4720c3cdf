import type { JobReport } from './job.ts';

/** What the region itself counted: the simulator's `GET /_simulator`. */
export interface RegionCounts {
  /** Logins that it was asked for, refused ones too. */
  readonly logins: number;
  /** All requests, to identity and every service. */
  readonly requests: number;
  /** Refusals for a spent rate limit. */
  readonly refusals: number;
}

/** One way to the cloud, in figures. */
export interface Figures {
  readonly way: string;
  readonly jobs: number;
  readonly failed: number;
  /** Servers that failed jobs made and could not delete. */
  readonly leftBehind: number;
  /** From the first job's beginning to the last one's end, in ms. */
  readonly allDoneMs: number;
  /** Refusals that jobs were given. */
  readonly refusalsSeen: number;
  readonly region: RegionCounts;
  /** Time that a job waited for answers and for leave to send again, in ms, over the jobs that did not fail; NaN: all did. */
  readonly waitP50Ms: number;
  readonly waitP99Ms: number;
  /** Jain's index of the share of its time that a job did not wait; a failed job has none of it. */
  readonly fairness: number;
  /** When jobs were done that did not fail, in ms after the beginning, in order. */
  readonly doneMs: readonly number[];
  /** Steps at which jobs failed, with the status or what else it was, and how many did. */
  readonly failures: ReadonlyMap<string, number>;
}

/** Makes the figures of a way out of what its jobs report and the region counted. */
export function figuresOf(way: string, reports: readonly JobReport[], region: RegionCounts): Figures {
  const beganMs = Math.min(...reports.map(({ startedMs }) => startedMs));
  const done = reports.filter(({ failure }) => failure === undefined);
  const waits = done.map(({ waitedMs }) => waitedMs);
  const failures = new Map<string, number>();
  for (const { failure } of reports) {
    if (!failure) continue;
    const key = failure.status === undefined ? failure.message : `${failure.step}: ${failure.status}`;
    failures.set(key, (failures.get(key) ?? 0) + 1);
  }
  return {
    way,
    jobs: reports.length,
    failed: reports.length - done.length,
    leftBehind: reports.filter(({ leftBehind }) => leftBehind).length,
    allDoneMs: Math.max(...reports.map(({ endedMs }) => endedMs)) - beganMs,
    refusalsSeen: reports.reduce((sum, { refusals }) => sum + refusals, 0),
    region,
    waitP50Ms: percentile(waits, 50),
    waitP99Ms: percentile(waits, 99),
    fairness: jainsIndex(reports.map(ownShare)),
    doneMs: done.map(({ endedMs }) => endedMs - beganMs).sort((a, b) => a - b),
    failures,
  };
}

/** The share of a job's time in which it did not wait: 1 where every answer came at once, 0 for one that failed. */
export function ownShare({ failure, startedMs, endedMs, waitedMs }: JobReport): number {
  if (failure) return 0;
  const tookMs = endedMs - startedMs;
  return tookMs <= 0 ? 1 : Math.min(1, Math.max(0, 1 - waitedMs / tookMs));
}

/**
 * Jain's fairness index: 1 where all have the same, 1/n where one has everything; 0 where nobody has anything, which is no
 * fairness worth the name (R. Jain, D. Chiu, W. Hawe, DEC TR-301, 1984).
 */
export function jainsIndex(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return squares === 0 ? 0 : (sum * sum) / (shares.length * squares);
}

/** The smallest value that at least `percent` of all do not exceed (nearest rank); NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
