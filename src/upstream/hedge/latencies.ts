/** Buckets an octave: what is told is at most 9 % too much. */
const STEPS = 8;
/** From 1 ms to 131 s, in octaves. */
const OCTAVES = 17;
/** Answers before a percentile is told: of fewer than this the slowest twentieth is a matter of luck. */
const LEAST = 40;
/** So many answers weigh as much as all that came before them. */
const MEMORY = 512;

/**
 * How long answers take: a histogram in steps of a ninth, from which the slowest part is read off. Its memory is one array,
 * whatever comes; old answers weigh less with each new one, so that it follows a region that gets slower or faster.
 */
export class Latencies {
  readonly #share: number;
  readonly #counts = new Float64Array(STEPS * OCTAVES);
  #total = 0;

  /** @param percentile below which the wanted latency has so many percent of all, above 0 and below 100 */
  constructor(percentile: number) {
    this.#share = 1 - percentile / 100;
  }

  /** An answer took so long. */
  add(ms: number): void {
    this.#counts[bucketOf(ms)]!++;
    this.#total++;
    if (this.#total >= 2 * MEMORY) this.#halve();
  }

  /** What no more than the part beyond the percentile takes longer than, ms; undefined: too few are known. */
  get percentileMs(): number | undefined {
    if (this.#total < LEAST) return undefined;
    const slowest = this.#share * this.#total;
    let bucket = this.#counts.length - 1;
    for (let seen = this.#counts[bucket]!; seen <= slowest; seen += this.#counts[bucket]!) bucket--;
    return 2 ** ((bucket + 1) / STEPS);
  }

  #halve(): void {
    this.#total = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      this.#counts[bucket] = count / 2;
      this.#total += count / 2;
    }
  }
}

function bucketOf(ms: number): number {
  const bucket = Math.floor(Math.log2(Math.max(1, ms)) * STEPS);
  return Math.min(bucket, STEPS * OCTAVES - 1);
}
