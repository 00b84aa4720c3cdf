import { collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';

/**
 * Every metric Sluice exports: the one list. The README's table is generated from it (see config/reference.ts), a test
 * holds the two together. Label values are bounded: operations are names of the operations table (or `other`), clients
 * are configured names (or `anonymous`).
 */
export const METRICS = {
  httpRequests: {
    type: 'counter',
    name: 'sluice_http_requests_total',
    help: 'Requests answered to callers',
    labels: ['account', 'region', 'operation', 'method', 'status', 'client'],
  },
  httpDuration: {
    type: 'histogram',
    name: 'sluice_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer',
    labels: ['region', 'operation', 'cache'],
  },
  cacheRequests: {
    type: 'counter',
    name: 'sluice_cache_requests_total',
    help: 'Verdicts of the cache (hit, stale, miss, pass, coalesced) and why',
    labels: ['region', 'resource', 'result', 'reason'],
  },
  cacheEntries: {
    type: 'gauge',
    name: 'sluice_cache_entries',
    help: 'Entries in the memory cache',
    labels: [],
  },
  cacheBytes: {
    type: 'gauge',
    name: 'sluice_cache_bytes',
    help: 'Bytes held by the memory cache',
    labels: [],
  },
  cacheEvictions: {
    type: 'counter',
    name: 'sluice_cache_evictions_total',
    help: 'Entries that left the memory cache to make room',
    labels: [],
  },
  cacheSaved: {
    type: 'counter',
    name: 'sluice_cache_upstream_requests_saved_total',
    help: 'Upstream requests that the cache made unnecessary',
    labels: ['region', 'resource'],
  },
  cacheInvalidations: {
    type: 'counter',
    name: 'sluice_cache_invalidations_total',
    help: 'Entries dropped because a write, a purge or another instance made them untrue',
    labels: ['region', 'resource', 'cause'],
  },
  cacheRevalidations: {
    type: 'counter',
    name: 'sluice_cache_revalidations_total',
    help: 'Background refreshes of stale entries, by outcome',
    labels: ['region', 'resource', 'outcome'],
  },
  redisErrors: {
    type: 'counter',
    name: 'sluice_redis_errors_total',
    help: 'Redis operations that failed, were too slow, were skipped during an outage, or brought rubbish',
    labels: ['operation', 'outcome'],
  },
  redisDuration: {
    type: 'histogram',
    name: 'sluice_redis_duration_seconds',
    help: 'Time Redis operations took',
    labels: ['operation'],
  },
  upstreamRequests: {
    type: 'counter',
    name: 'sluice_upstream_requests_total',
    help: 'Requests sent to regions; status `error` when no answer came',
    labels: ['account', 'region', 'operation', 'status'],
  },
  upstreamDuration: {
    type: 'histogram',
    name: 'sluice_upstream_request_duration_seconds',
    help: 'Time one attempt at a region took',
    labels: ['region', 'operation'],
  },
  upstreamRetries: {
    type: 'counter',
    name: 'sluice_upstream_retries_total',
    help: 'Requests sent to a region once more, by reason',
    labels: ['region', 'reason'],
  },
  upstreamOverLimit: {
    type: 'counter',
    name: 'sluice_upstream_overlimit_total',
    help: 'Rate-limit refusals by a region; stays 0 while nobody else uses the account',
    labels: ['account', 'region'],
  },
  limitWait: {
    type: 'histogram',
    name: 'sluice_limit_wait_seconds',
    help: 'Time requests waited for a slot of a rate limit',
    labels: ['account', 'region'],
  },
  limitQueueDepth: {
    type: 'gauge',
    name: 'sluice_limit_queue_depth',
    help: 'Requests that wait for a slot now',
    labels: ['account', 'region'],
  },
  limitRemaining: {
    type: 'gauge',
    name: 'sluice_limit_remaining',
    help: 'Requests a limit still allows in its current window',
    labels: ['account', 'region', 'verb', 'uri', 'unit'],
  },
  limitRejected: {
    type: 'counter',
    name: 'sluice_limit_rejected_total',
    help: 'Requests Sluice itself refused with overLimit, by reason',
    labels: ['account', 'region', 'client', 'reason'],
  },
  limitUsed: {
    type: 'counter',
    name: 'sluice_limit_used_total',
    help: 'Slots used, by client and limit',
    labels: ['account', 'region', 'client', 'limit'],
  },
  limitExhaustion: {
    type: 'gauge',
    name: 'sluice_limit_exhaustion_timestamp_seconds',
    help: 'When a DAY limit will be spent if use goes on as now, seconds since the epoch',
    labels: ['account', 'region', 'limit'],
  },
  tokenExpiry: {
    type: 'gauge',
    name: 'sluice_token_expiry_timestamp_seconds',
    help: 'When the current token of an account expires, seconds since the epoch',
    labels: ['account'],
  },
  tokenRequests: {
    type: 'counter',
    name: 'sluice_token_requests_total',
    help: 'Logins at the identity service',
    labels: ['account', 'result'],
  },
  translation: {
    type: 'histogram',
    name: 'sluice_translation_duration_seconds',
    help: 'Time a translation between XML and JSON took',
    labels: ['direction'],
  },
} as const satisfies Record<string, MetricDescription>;

/** One entry of the list. */
export interface MetricDescription {
  type: 'counter' | 'gauge' | 'histogram';
  name: string;
  help: string;
  labels: readonly string[];
}

type Built<D extends MetricDescription> = D['type'] extends 'counter'
  ? CounterFamily
  : D['type'] extends 'gauge'
    ? Gauge<D['labels'][number]>
    : HistogramFamily;

/** The metrics of one gateway, by their keys in `METRICS`. */
export type Metrics = { readonly [K in keyof typeof METRICS]: Built<(typeof METRICS)[K]> } & {
  readonly registry: Registry;
  /** Calls `collect` before each scrape, for gauges that are read, not kept; the last one under a name counts. */
  onScrape(name: string, collect: () => void): void;
  /** The whole of it as Prometheus text. */
  text(): Promise<string>;
};

/** Buckets in seconds: a cache hit is under a millisecond, a wait for a slot up to half a minute. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

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
  }

  /** Adds one to the child with these label values, in the order of the list. */
  inc(...values: string[]): void {
    this.#children.find(values).value++;
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
}

/** A histogram in seconds with the same cheap children as `CounterFamily`. */
export class HistogramFamily {
  readonly #children = new LabelTree<HistogramChild>(() => ({
    counts: new Array<number>(BUCKETS.length + 1).fill(0),
    sum: 0,
  }));

  constructor(description: MetricDescription, registry: Registry) {
    register(registry, description, () =>
      this.#children.entries().flatMap(([values, child]) => samplesOf(description, values, child)),
    );
  }

  /** Counts one duration, in seconds, for these label values in the order of the list. */
  observe(seconds: number, ...values: string[]): void {
    const child = this.#children.find(values);
    let bucket = 0;
    while (bucket < BUCKETS.length && seconds > BUCKETS[bucket]!) bucket++;
    child.counts[bucket]!++;
    child.sum += seconds;
  }
}

/** Children by label values: a map per label, so that a look-up hashes only words that are hashed already. */
class LabelTree<T> {
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

interface Sample {
  metricName?: string;
  value: number;
  labels: Record<string, string | number>;
}

/** Puts a family of our own on a prom-client registry, which asks it for its samples at each scrape. */
function register(
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

function labelsOf({ labels }: MetricDescription, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(labels.map((label, index) => [label, values[index] ?? '']));
}

function samplesOf(
  description: MetricDescription,
  values: readonly string[],
  { counts, sum }: HistogramChild,
): Sample[] {
  const labels = labelsOf(description, values);
  const samples: Sample[] = [];
  let total = 0;
  for (const [index, count] of counts.entries()) {
    total += count;
    const le = BUCKETS[index] ?? '+Inf';
    samples.push({ metricName: `${description.name}_bucket`, value: total, labels: { ...labels, le } });
  }
  samples.push({ metricName: `${description.name}_sum`, value: sum, labels });
  samples.push({ metricName: `${description.name}_count`, value: total, labels });
  return samples;
}

/** Builds every metric of the list on a registry of its own, with the process's own metrics beside them. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const collectors = new Map<string, () => void>();
  const built: Record<string, unknown> = {
    registry,
    onScrape: (name: string, collect: () => void) => collectors.set(name, collect),
    text() {
      for (const collect of collectors.values()) collect();
      return registry.metrics();
    },
  };
  for (const [key, description] of Object.entries(METRICS)) built[key] = build(description, registry);
  return built as unknown as Metrics;
}

function build(description: MetricDescription, registry: Registry): unknown {
  const { name, help } = description;
  const common = { name, help, labelNames: [...description.labels], registers: [registry] };
  if (description.type === 'counter') return new CounterFamily(description, registry);
  if (description.type === 'gauge') return new Gauge(common);
  return new HistogramFamily(description, registry);
}
