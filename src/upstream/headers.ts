import type { IncomingHttpHeaders } from 'node:http';
import { contextOf } from '../telemetry/tracing.ts';
import { PRODUCT } from '../version.ts';
import { MICROVERSION_HEADERS, microversionHeaders, microversionOf } from './microversion.ts';
import { tellableRetryAfter } from './retry-after.ts';
import { userAgent } from './user-agent.ts';

/**
 * Which headers cross Sluice. Up goes what is known to be meant for a service and to do no harm, and nothing else: behind
 * Sluice's own token a header that a server trusts (who is asking, with which roles, for which URL, by which method) would
 * speak with Sluice's authority, and there is no end to such names. Down comes everything but secrets and what is between
 * Sluice and the upstream; hop-by-hop headers (RFC 9110, section 7.6.1) go nowhere.
 */

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** What ties one request's lines in several logs together: nothing that a server acts upon. */
const TRACE_CONTEXT = [
  'traceparent',
  'tracestate',
  'baggage',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'uber-trace-id',
  'x-cloud-trace-context',
  'x-amzn-trace-id',
  'x-datadog-trace-id',
  'x-datadog-parent-id',
  'x-datadog-sampling-priority',
  'x-request-id',
  'x-correlation-id',
  'x-openstack-request-id',
  'x-trans-id-extra',
  // osprofiler's.
  'x-trace-info',
  'x-trace-hmac',
];

/** What a caller may say to an operation of the guide; formats and conditions are between it and Sluice. */
const UP = new Set<string>([...TRACE_CONTEXT, 'accept-language']);

/** What a caller may say besides where the body and its conditions are its own business. */
const PASSTHROUGH_UP = new Set([
  ...UP,
  ...MICROVERSION_HEADERS,
  'accept',
  'accept-charset',
  'accept-encoding',
  'cache-control',
  'pragma',
  'prefer',
  'range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  // What a body is.
  'content-type',
  'content-encoding',
  'content-disposition',
  'content-language',
  'content-md5',
  'content-digest',
  'digest',
  'content-range',
  'etag',
  // A browser asks for leave.
  'origin',
  'access-control-request-method',
  'access-control-request-headers',
  // Object storage: what is copied, linked, kept, versioned or given out.
  'destination',
  'destination-account',
  'x-copy-from',
  'x-copy-from-account',
  'x-fresh-metadata',
  'x-newest',
  'x-delete-at',
  'x-delete-after',
  'x-if-delete-at',
  'x-detect-content-type',
  'x-static-large-object',
  'x-symlink-target',
  'x-symlink-target-account',
  'x-symlink-target-etag',
  'x-versions-location',
  'x-versions-enabled',
  'x-history-location',
  'x-storage-policy',
  'x-web-mode',
  'x-log-retention',
  'x-cdn-enabled',
  'x-ttl',
  // Queues tell their clients apart by it.
  'client-id',
]);

/** Beginnings of names that belong to objects, containers, accounts and images: their metadata and settings. */
const PASSTHROUGH_UP_PREFIXES = [
  'x-object-',
  'x-container-',
  'x-account-',
  'x-remove-object-',
  'x-remove-container-',
  'x-remove-account-',
  'x-image-',
  'x-openstack-image-',
  'x-glance-',
];
/** Each service names its microversions so, Bare Metal and Shared File Systems for instance. */
const MICROVERSION = /^x-openstack-[a-z]{1,32}-api-version$/;

/**
 * What no caller sees: secrets, how the upstream wants to be asked for them, what it is made of, promises about its own
 * host and connections, which would be taken for Sluice's, and orders to a proxy in front of Sluice.
 */
const NEVER_DOWN = [
  ...HOP_BY_HOP,
  'www-authenticate',
  'authentication-info',
  'set-cookie',
  'set-cookie2',
  'x-auth-token',
  'x-subject-token',
  'x-storage-token',
  'x-service-token',
  'server',
  'x-powered-by',
  'via',
  'alt-svc',
  'strict-transport-security',
  'public-key-pins',
  ...['clear-site-data', 'nel', 'report-to', 'reporting-endpoints', 'service-worker-allowed'],
  ...['x-accel-redirect', 'x-sendfile'],
];

/** What Sluice says itself of the answer to an operation. */
const NOT_DOWN = new Set([
  ...NEVER_DOWN,
  'content-length',
  'content-type',
  'content-encoding',
  'date',
  'x-compute-request-id',
  'location',
  'etag',
  'cache-control',
  'expires',
  'last-modified',
  'age',
  'vary',
  'retry-after',
]);

/** What a request is beside its caller's headers. */
export interface RequestKind {
  readonly hasBody: boolean;
  /** The answer may be served to others: then only what is part of the cache key goes up. */
  readonly shared: boolean;
  /** It is for Compute, whose microversion goes up in one form; no other service is told of it. */
  readonly isCompute: boolean;
}

/**
 * Headers for a request Sluice makes on a caller's behalf.
 *
 * @param caller the caller's headers, lower-case names
 * @param client the configured client that calls
 */
export function requestHeaders(
  caller: IncomingHttpHeaders,
  token: string,
  { hasBody, shared, isCompute }: RequestKind,
  client?: string,
): Record<string, string> {
  const headers: Record<string, string> = {
    'x-auth-token': token,
    accept: 'application/json',
    'user-agent': shared ? PRODUCT : userAgent(caller['user-agent'], client),
  };
  if (hasBody) headers['content-type'] = 'application/json';
  if (isCompute) addMicroversion(headers, caller);
  // It ties logs together and decides nothing: whoever asked first is who the region's log leads back to.
  if (shared) return caller.traceparent === undefined ? headers : Object.assign(headers, contextOf(caller));
  const dropped = nominated(caller.connection);
  for (const name in caller) {
    if (UP.has(name) && !dropped?.has(name)) headers[name] = text(caller[name]);
  }
  return headers;
}

function addMicroversion(headers: Record<string, string>, caller: IncomingHttpHeaders): void {
  const version = microversionOf(caller);
  if (version !== '') Object.assign(headers, microversionHeaders(version));
}

/** Headers that a `Connection` declares to be for this hop only; undefined for nearly every message. */
function nominated(connection: string | string[] | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  return new Set(
    String(connection)
      .split(',')
      .map((name) => name.trim().toLowerCase()),
  );
}

/** Headers of an answer without those that its `Connection` declares to be for this hop only. */
export function withoutNominated(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  for (const name of nominated(headers.connection) ?? []) delete headers[name];
  return headers;
}

/** Whether a caller's header goes up where the request goes through. */
function goesThrough(name: string): boolean {
  if (PASSTHROUGH_UP.has(name)) return true;
  if (!name.startsWith('x-')) return false;
  if (MICROVERSION.test(name)) return true;
  // Object storage keeps its own marks under such names.
  return PASSTHROUGH_UP_PREFIXES.some((prefix) => name.startsWith(prefix)) && !name.includes('sysmeta');
}

/** Whether an upstream's header goes to the caller as it is. */
export function comesDown(name: string): boolean {
  return !NOT_DOWN.has(name);
}

const text = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(', ') : (value ?? '');

const PASSTHROUGH_NOT_DOWN = new Set(NEVER_DOWN);

/**
 * Headers for a request that streams through.
 *
 * @param length bytes of the body; undefined: there is none, or nobody knows
 * @param isCompute see `RequestKind`; another service gets what the caller says of its version as it is
 * @param client the configured client that calls
 */
export function passthroughRequestHeaders(
  caller: IncomingHttpHeaders,
  token: string,
  length: number | undefined,
  isCompute: boolean,
  client?: string,
): Record<string, string> {
  const headers: Record<string, string> = {};
  const dropped = nominated(caller.connection);
  for (const name in caller) {
    if (goesThrough(name) && !dropped?.has(name)) headers[name] = text(caller[name]);
  }
  if (isCompute) {
    for (const name of MICROVERSION_HEADERS) delete headers[name];
    addMicroversion(headers, caller);
  }
  if (length !== undefined) headers['content-length'] = String(length);
  headers['x-auth-token'] = token;
  headers['user-agent'] = userAgent(caller['user-agent'], client);
  return headers;
}

/** Headers of an answer that streams through. */
export function passthroughResponseHeaders(
  upstream: IncomingHttpHeaders,
  call: { requestId: string; region: string; waitedMs: number },
  location: (url: string) => string,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const name in upstream) {
    const value = upstream[name];
    if (value !== undefined && !PASSTHROUGH_NOT_DOWN.has(name)) headers[name] = value;
  }
  for (const name of ['location', 'content-location']) {
    const url = upstream[name];
    if (typeof url === 'string') headers[name] = location(url);
  }
  const retryAfter = tellableRetryAfter(upstream['retry-after'], upstream.date);
  if (retryAfter === undefined) delete headers['retry-after'];
  else headers['retry-after'] = retryAfter;
  headers['x-compute-request-id'] = text(upstream['x-compute-request-id']) || call.requestId;
  headers['via'] = '1.1 sluice';
  headers['x-sluice-region'] = call.region;
  if (call.waitedMs >= 1) headers['x-sluice-wait-ms'] = String(Math.round(call.waitedMs));
  return headers;
}
