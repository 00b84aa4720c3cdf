import { BUCKETS, type MetricDescription } from './families.ts';

/** Seconds, up to beyond the longest wait for a slot that can be configured, an hour. */
const WITH_WAITS = [...BUCKETS, 60, 120, 300, 600, 1_800, 3_600, 7_200];

/**
 * The labels of all `sluice_limit_*` families, in this order: where (account, region, service), whose requests are counted
 * together (scope: each has a queue of its own), which limit of those (verb, uri, unit), then who asked, for what, and why.
 */
const BUDGET = ['account', 'region', 'service', 'scope'] as const;
const LIMIT = [...BUDGET, 'verb', 'uri', 'unit'] as const;

/**
 * Every metric Sluice exports: the one list. The table in docs/metrics.md is generated from it (see config/reference.ts), a test
 * holds the two together. Label values are bounded: operations are names of the operations table (or `other`), clients
 * are configured names (or `anonymous`).
 */
export const METRICS = {
  buildInfo: {
    type: 'gauge',
    name: 'sluice_build_info',
    help: 'Always 1; its labels say what runs',
    labels: ['version', 'node'],
  },
  accountReady: {
    type: 'gauge',
    name: 'sluice_account_ready',
    help: 'Whether an account can be served: 1 while it holds a token and its catalog an endpoint',
    labels: ['account'],
  },
  regionUp: {
    type: 'gauge',
    name: 'sluice_region_up',
    help: 'Whether a region answers; one that nobody asks is asked for its versions',
    labels: ['account', 'region'],
  },
  identityUp: {
    type: 'gauge',
    name: 'sluice_identity_up',
    help: "Whether an account's identity service answers; one that nobody logs in at is asked for its versions. 0 before its first answer; `region` is empty where it is for all",
    labels: ['account', 'region'],
  },
  redisUp: {
    type: 'gauge',
    name: 'sluice_redis_up',
    help: 'Whether Redis serves this instance: the cache, the limits, tokens that were given back',
    labels: ['purpose'],
  },
  reloadSuccessful: {
    type: 'gauge',
    name: 'sluice_config_last_reload_successful',
    help: 'Whether the last reload of the configuration was put in force',
    labels: [],
  },
  reloadTimestamp: {
    type: 'gauge',
    name: 'sluice_config_last_reload_success_timestamp_seconds',
    help: 'When the configuration in force was put in force, seconds since the epoch',
    labels: [],
  },
  httpConnections: {
    type: 'gauge',
    name: 'sluice_http_connections',
    help: 'Connections of callers',
    labels: [],
  },
  httpInFlight: {
    type: 'gauge',
    name: 'sluice_http_requests_in_flight',
    help: 'Requests of callers whose answer is not out',
    labels: [],
  },
  httpRequests: {
    type: 'counter',
    name: 'sluice_http_requests_total',
    help: 'Requests answered to callers',
    labels: ['account', 'region', 'operation', 'method', 'status', 'client'],
  },
  httpResponseBytes: {
    type: 'counter',
    name: 'sluice_http_response_bytes_total',
    help: 'Bytes of the bodies that callers were answered with',
    labels: ['account', 'region', 'operation', 'client'],
  },
  httpDuration: {
    type: 'histogram',
    buckets: WITH_WAITS,
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
    help: 'Requests sent to regions; status `error` when no answer came, `superseded` when none was waited for: of a request and its hedge the other one was answered first',
    labels: ['account', 'region', 'operation', 'status'],
  },
  upstreamInFlight: {
    type: 'gauge',
    name: 'sluice_upstream_requests_in_flight',
    help: 'Attempts at a region that have no answer yet',
    labels: ['account', 'region'],
  },
  upstreamDuration: {
    type: 'histogram',
    buckets: WITH_WAITS,
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
  upstreamHedges: {
    type: 'counter',
    name: 'sluice_upstream_hedges_total',
    help: 'Reads whose answer took long, by what became of their hedge: `won`, `lost` (the first request was answered before it), `failed` (neither was answered), `no-room` (not sent: limits, budgets or the circuit had none)',
    labels: ['account', 'region', 'outcome'],
  },
  retryBudget: {
    type: 'gauge',
    name: 'sluice_upstream_retry_budget',
    help: 'How many requests to a region may be repeated now; 0: its failures go to callers as they are',
    labels: ['account', 'region'],
  },
  circuitState: {
    type: 'gauge',
    name: 'sluice_circuit_state',
    help: 'Whether a service of a region is asked: 0 closed (as usual), 1 half-open (one request tries it), 2 open (not at all)',
    labels: ['account', 'region', 'service'],
  },
  circuitOpened: {
    type: 'counter',
    name: 'sluice_circuit_opened_total',
    help: 'How often a service of a region was found not to answer',
    labels: ['account', 'region', 'service'],
  },
  upstreamOverLimit: {
    type: 'counter',
    name: 'sluice_upstream_overlimit_total',
    help: 'Rate-limit refusals by a region; stays 0 while nobody else uses the account',
    labels: ['account', 'region', 'service'],
  },
  idempotent: {
    type: 'counter',
    name: 'sluice_idempotency_requests_total',
    help: 'Requests with an Idempotency-Key, by what became of them: first (sent), replayed, recovered (found at the region), running, mismatch, unknown',
    labels: ['region', 'operation', 'outcome'],
  },
  limitShared: {
    type: 'counter',
    name: 'sluice_limit_shared_reads_total',
    help: 'Reads that waited for a slot and were answered by the same read of somebody else, which got one first',
    labels: ['account', 'region', 'service', 'operation'],
  },
  limitWait: {
    type: 'histogram',
    buckets: WITH_WAITS,
    name: 'sluice_limit_wait_seconds',
    help: 'Time requests waited for a slot of a rate limit, by client',
    labels: [...BUDGET, 'client'],
  },
  limitQueueDepth: {
    type: 'gauge',
    name: 'sluice_limit_queue_depth',
    help: 'Requests that wait for a slot now',
    labels: BUDGET,
  },
  limitWaiting: {
    type: 'gauge',
    name: 'sluice_limit_waiting_requests',
    help: 'Requests that wait for a slot now, by client',
    labels: [...BUDGET, 'client'],
  },
  limitQueueOldest: {
    type: 'gauge',
    name: 'sluice_limit_queue_oldest_seconds',
    help: 'How long the request has waited that waits longest now',
    labels: BUDGET,
  },
  limitValue: {
    type: 'gauge',
    name: 'sluice_limit_value',
    help: 'Requests a limit allows per unit',
    labels: LIMIT,
  },
  limitInfo: {
    type: 'gauge',
    name: 'sluice_limit_info',
    help: 'Always 1; its origin says who says that there is such a limit: published, configured, preset, header, learned, default',
    labels: [...LIMIT, 'origin'],
  },
  limitRemaining: {
    type: 'gauge',
    name: 'sluice_limit_remaining',
    help: 'Requests a limit still allows in its current window',
    labels: LIMIT,
  },
  limitRejected: {
    type: 'counter',
    name: 'sluice_limit_rejected_total',
    help: 'Requests Sluice itself refused with overLimit, by reason; scope `client`: over a limit of the client’s own',
    labels: [...BUDGET, 'client', 'reason'],
  },
  limitUsed: {
    type: 'counter',
    name: 'sluice_limit_used_total',
    help: 'Slots used, by limit and client',
    labels: [...LIMIT, 'client'],
  },
  limitExhaustion: {
    type: 'gauge',
    name: 'sluice_limit_exhaustion_timestamp_seconds',
    help: 'When a limit per HOUR or DAY will be spent if use goes on as now, seconds since the epoch; absent: it will not',
    labels: LIMIT,
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
