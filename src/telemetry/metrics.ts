import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { CounterFamily, HistogramFamily, type MetricDescription } from './families.ts';

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
    help: 'Redis operations that failed, by what was wrong (away, timeout, readonly, loading, misconf, full, refused …), were skipped during an outage, or brought rubbish',
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
  idempotent: {
    type: 'counter',
    name: 'sluice_idempotency_requests_total',
    help: 'Requests with an Idempotency-Key, by what became of them: first (sent), replayed, recovered (found at the region), running, mismatch, unknown',
    labels: ['region', 'operation', 'outcome'],
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
