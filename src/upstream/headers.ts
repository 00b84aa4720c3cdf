import type { IncomingHttpHeaders } from 'node:http';

/**
 * Which headers cross Sluice. Tokens and forwarding headers of a caller never go up (a caller's X-Forwarded-* would
 * spoil the links the upstream builds and the shared cache); hop-by-hop headers (RFC 9110, section 7.6.1) go nowhere.
 */

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

const NOT_UP = new Set([
  ...HOP_BY_HOP,
  'host',
  'content-length',
  'content-type',
  'expect',
  'accept',
  'accept-encoding',
  'authorization',
  'cookie',
  'x-auth-token',
  'x-storage-token',
  'x-subject-token',
  'x-service-token',
  'forwarded',
  'via',
  'x-region',
  'x-http-method-override',
  'if-none-match',
  'if-match',
  'if-modified-since',
  'if-unmodified-since',
  'cache-control',
  'pragma',
  'prefer',
  'idempotency-key',
  'user-agent',
]);

const NOT_DOWN = new Set([
  ...HOP_BY_HOP,
  'content-length',
  'content-type',
  'content-encoding',
  'date',
  'server',
  'set-cookie',
  'www-authenticate',
  'x-auth-token',
  'x-subject-token',
  'x-compute-request-id',
  'location',
  'etag',
  'cache-control',
  'expires',
  'last-modified',
  'age',
  'via',
  'vary',
  'retry-after',
]);

/** Request headers that change what the upstream answers; part of the cache key (`variantOf`). */
export const MICROVERSION_HEADERS = ['openstack-api-version', 'x-openstack-nova-api-version'] as const;

/**
 * The part of the cache key that comes from microversion headers; empty for nearly every request.
 */
export function variantOf(headers: IncomingHttpHeaders): string {
  const version = headers['openstack-api-version'];
  const nova = headers['x-openstack-nova-api-version'];
  if (version === undefined && nova === undefined) return '';
  return `${version ?? ''}|${nova ?? ''}`;
}

/**
 * Headers for a request Sluice makes on a caller's behalf.
 *
 * @param caller the caller's headers, lower-case names
 * @param shared the answer may be served to others: then only what is part of the cache key goes up
 */
export function requestHeaders(
  caller: IncomingHttpHeaders,
  token: string,
  hasBody: boolean,
  shared: boolean,
): Record<string, string> {
  const headers: Record<string, string> = {
    'x-auth-token': token,
    accept: 'application/json',
    'user-agent': 'sluice',
  };
  if (hasBody) headers['content-type'] = 'application/json';
  if (shared) {
    for (const name of MICROVERSION_HEADERS) {
      const value = caller[name];
      if (typeof value === 'string') headers[name] = value;
    }
    return headers;
  }
  const dropped = nominated(caller.connection);
  for (const name in caller) {
    if (goesUp(name) && !dropped?.has(name)) headers[name] = text(caller[name]);
  }
  return headers;
}

/** Headers that a caller's `Connection` declares to be for this hop only; undefined for nearly every request. */
function nominated(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}

/** Whether a caller's header goes to the upstream as it is. */
export function goesUp(name: string): boolean {
  return !NOT_UP.has(name) && !name.startsWith('x-forwarded-') && !name.startsWith('x-sluice-');
}

/** Whether an upstream's header goes to the caller as it is. */
export function comesDown(name: string): boolean {
  return !NOT_DOWN.has(name);
}

const text = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(', ') : (value ?? '');

/** What a caller of a passed-through path may say to the upstream itself: conditions, formats and ranges are its own business. */
const PASSTHROUGH_UP = new Set([
  'accept',
  'accept-encoding',
  'content-type',
  'if-none-match',
  'if-match',
  'if-modified-since',
  'if-unmodified-since',
  'cache-control',
  'pragma',
  'prefer',
  'user-agent',
]);

/** Secrets and connection matters of the upstream that no caller sees, on passed-through paths too. */
const PASSTHROUGH_NOT_DOWN = new Set([
  ...HOP_BY_HOP,
  'www-authenticate',
  'x-auth-token',
  'x-subject-token',
  'set-cookie',
  'via',
]);

/**
 * Headers for a request that streams through.
 *
 * @param length bytes of the body; undefined: there is none
 */
export function passthroughRequestHeaders(
  caller: IncomingHttpHeaders,
  token: string,
  length: number | undefined,
): Record<string, string> {
  const headers: Record<string, string> = {};
  const dropped = nominated(caller.connection);
  for (const name in caller) {
    if ((goesUp(name) || PASSTHROUGH_UP.has(name)) && !dropped?.has(name)) headers[name] = text(caller[name]);
  }
  if (length !== undefined) headers['content-length'] = String(length);
  headers['x-auth-token'] = token;
  return headers;
}

/** Headers of an answer that streams through. */
export function passthroughResponseHeaders(
  upstream: IncomingHttpHeaders,
  call: { requestId: string; region: string; waitedMs: number },
  location: (url: string) => string,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(upstream)) {
    if (value !== undefined && !PASSTHROUGH_NOT_DOWN.has(name)) headers[name] = value;
  }
  if (typeof upstream.location === 'string') headers['location'] = location(upstream.location);
  headers['x-compute-request-id'] = text(upstream['x-compute-request-id']) || call.requestId;
  headers['via'] = '1.1 sluice';
  headers['x-sluice-region'] = call.region;
  if (call.waitedMs >= 1) headers['x-sluice-wait-ms'] = String(Math.round(call.waitedMs));
  return headers;
}
