import type { Metric, Registry } from 'prom-client';

/**
 * Counters and histograms of our own on a prom-client registry: their children are found without building a key.
 */

/** One entry of the list. */
export interface MetricDescription {
  type: 'counter' | 'gauge' | 'histogram';
  name: string;
  help: string;
  labels: readonly string[];
  /** Of a histogram, in seconds; `BUCKETS` when left out. */
  buckets?: readonly number[];
}

/** Buckets in seconds: a cache hit is under a millisecond, an answer of a region is here within half a minute. */
export const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** A counter of one label combination; adding to it is one addition. */
export interface CounterChild {
  value: number;
}

/**
 * A counter whose children are found by walking their label values, without building a key or hashing labels: a labelled
 * increment of prom-client costs half a microsecond, which a cache hit would spend several times over.
 */
export class CounterFamily {
  readonly #children = new LabelTree<CounterChild>(() => ({ value: 0 }));

  constructor(description: MetricDescription, registry: Registry) {
    register(registry, description, () =>
      this.#children
        .entries()
        .map(([values, { value }]) => ({ value, labels: labelsOf(description, values) })),
    );
    if (description.labels.length === 0) this.touch();
  }

  /** Adds one to the child with these label values, in the order of the list. */
  inc(...values: string[]): void {
    this.#children.find(values).value++;
  }

  /** Makes the child with these label values, which then stands at 0 until something happens. */
  touch(...values: string[]): void {
    this.#children.find(values);
  }

  /** Adds `amount` >= 0. */
  add(amount: number, ...values: string[]): void {
    this.#children.find(values).value += amount;
  }
}

/** A histogram of one label combination. */
interface HistogramChild {
  /** Observations per bucket, not cumulated; the last one is beyond every bound. */
  readonly counts: number[];
  sum: number;
  /** The last observation of each bucket that belongs to a trace. */
  exemplars: (Exemplar | undefined)[] | undefined;
}

/** An observation of which a trace tells more. */
export interface Exemplar {
  readonly traceId: string;
  readonly value: number;
  /** Wall time in seconds. */
  readonly at: number;
}

/** A histogram in seconds with the same cheap children as `CounterFamily`. */
export class HistogramFamily {
  readonly #bounds: readonly number[];
  readonly #children = new LabelTree<HistogramChild>(() => ({
    counts: new Array<number>(this.#bounds.length + 1).fill(0),
    sum: 0,
    exemplars: undefined,
  }));

  constructor(description: MetricDescription, registry: Registry) {
    this.#bounds = description.buckets ?? BUCKETS;
    register(registry, description, () =>
      this.#children.entries().flatMap(([values, child]) => samplesOf(description, values, child)),
    );
  }

  /** Counts one duration, in seconds, for these label values in the order of the list. */
  observe(seconds: number, ...values: string[]): void {
    this.#observe(this.#children.find(values), seconds);
  }

  /** The same for what belongs to a trace, whose id is shown with the bucket. */
  observeTraced(exemplar: Exemplar, ...values: string[]): void {
    const child = this.#children.find(values);
    child.exemplars ??= new Array<Exemplar | undefined>(this.#bounds.length + 1).fill(undefined);
    child.exemplars[this.#observe(child, exemplar.value)] = exemplar;
  }

  #observe(child: HistogramChild, seconds: number): number {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++;
    child.counts[bucket]!++;
    child.sum += seconds;
    return bucket;
  }
}

/** Children by label values: a map per label, so that a look-up hashes only words that are hashed already. */
export class LabelTree<T> {
  readonly #root = new Map<string, unknown>();
  readonly #create: () => T;

  constructor(create: () => T) {
    this.#create = create;
  }

  find(values: readonly string[]): T {
    let node = this.#root;
    const last = values.length - 1;
    for (let index = 0; index < last; index++) {
      let next = node.get(values[index]!) as Map<string, unknown> | undefined;
      if (next === undefined) {
        next = new Map();
        node.set(values[index]!, next);
      }
      node = next;
    }
    const leaf = values[last] ?? '';
    let child = node.get(leaf) as T | undefined;
    if (child === undefined) {
      child = this.#create();
      node.set(leaf, child);
    }
    return child;
  }

  entries(): [values: string[], child: T][] {
    const found: [string[], T][] = [];
    const walk = (node: Map<string, unknown>, path: string[]) => {
      for (const [value, next] of node) {
        if (next instanceof Map) walk(next as Map<string, unknown>, [...path, value]);
        else found.push([[...path, value], next as T]);
      }
    };
    walk(this.#root, []);
    return found;
  }
}

/** A sample as prom-client's registry takes it. */
export interface Sample {
  metricName?: string;
  value: number;
  labels: Record<string, string | number>;
  exemplar?: Exemplar | undefined;
}

/** Puts a family of our own on a prom-client registry, which asks it for its samples at each scrape. */
export function register(
  registry: Registry,
  { name, help, type }: MetricDescription,
  samples: () => Sample[],
): void {
  const metric = {
    name,
    get: async () => ({ name, help, type, values: samples(), aggregator: 'sum' }),
    reset() {},
  };
  registry.registerMetric(metric as unknown as Metric);
}

/** Label values in the order of the list, by their names. */
export function labelsOf({ labels }: MetricDescription, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(labels.map((label, index) => [label, values[index] ?? '']));
}

function samplesOf(
  description: MetricDescription,
  values: readonly string[],
  { counts, sum, exemplars }: HistogramChild,
): Sample[] {
  const labels = labelsOf(description, values);
  const samples: Sample[] = [];
  let total = 0;
  for (const [index, count] of counts.entries()) {
    total += count;
    const le = (description.buckets ?? BUCKETS)[index] ?? '+Inf';
    const exemplar = exemplars?.[index];
    const name = `${description.name}_bucket`;
    samples.push({ metricName: name, value: total, labels: { ...labels, le }, exemplar });
  }
  samples.push({ metricName: `${description.name}_sum`, value: sum, labels });
  samples.push({ metricName: `${description.name}_count`, value: total, labels });
  return samples;
}
