/** What is counted of the cache, up to a moment. */
export interface CacheCounts {
  /** Answers by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** Requests to regions that were not needed. */
  readonly saved: number;
}

/** One minute of the last hour. */
export interface MinuteOfCache {
  /** Its end, wall time in ms. */
  readonly atMs: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly saved: number;
}

const MINUTE_MS = 60_000;
const MINUTES = 60;

/**
 * The last hour of the cache, minute by minute, from counters that are read now and then: nothing is done per request, and
 * sixty minutes are kept.
 */
export class LastHour {
  readonly #minutes: MinuteOfCache[] = [];
  #before: CacheCounts = { verdicts: {}, saved: 0 };
  #startedAt: number | undefined;

  /** To be called at least once a minute. @param nowMs wall time */
  sample(counts: CacheCounts, nowMs: number): void {
    this.#startedAt ??= nowMs;
    if (nowMs - this.#startedAt < MINUTE_MS) return;
    this.#minutes.push(this.#since(counts, nowMs));
    if (this.#minutes.length > MINUTES) this.#minutes.shift();
    this.#before = { verdicts: { ...counts.verdicts }, saved: counts.saved };
    this.#startedAt = nowMs;
  }

  /** The minutes that are over, and the one that is not; the oldest first. */
  minutes(counts: CacheCounts, nowMs: number): MinuteOfCache[] {
    return [...this.#minutes, this.#since(counts, nowMs)].slice(-MINUTES);
  }

  #since(counts: CacheCounts, atMs: number): MinuteOfCache {
    const verdicts = Object.entries(counts.verdicts).map(([name, count]): [string, number] => [
      name,
      count - (this.#before.verdicts[name] ?? 0),
    ]);
    return { atMs, verdicts: Object.fromEntries(verdicts), saved: counts.saved - this.#before.saved };
  }
}
