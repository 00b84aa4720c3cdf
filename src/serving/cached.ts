import type { CacheAsk, Encoding, Fetched, Lookup, Representation, Stored } from '../cache/cache.ts';
import type { Entry } from '../cache/entry.ts';
import {
  ageSeconds,
  cacheControl,
  cacheStatus,
  chooseEncoding,
  isNotModified,
  X_CACHE,
} from '../cache/http.ts';
import { Fault } from '../faults/faults.ts';
import type { Charge } from '../limits/ask.ts';
import { contentTypeOf } from '../translation/format.ts';
import { variantOf } from '../upstream/headers.ts';
import { leaveOf } from '../upstream/leave.ts';
import type { Call } from './call.ts';
import { askRegion, type KnownRequest, upstreamQuery } from './compute.ts';
import type { RegionAnswer } from './region.ts';
import { renderAnswer } from './render.ts';
import { commonHead } from './reply.ts';
import type { Services } from './services.ts';

/** How an answer came about, as its headers, its log line and the metrics call it. */
interface Verdict {
  verdict: 'hit' | 'stale' | 'miss' | 'coalesced' | 'pass';
  reason: string;
  stored: boolean;
  forwardStatus: number | undefined;
}

/** An answer found or fetched, and what it took. */
export interface Found {
  readonly entry: Entry;
  readonly verdict: Verdict;
  /** The limits it was charged to, when this caller's own request went to the region. */
  readonly charges: readonly Charge[];
}

/**
 * Answers a read that may be cached. A hit, and a stale answer with its refresh behind it, go out at once; for a miss
 * one flight per key is made.
 */
export function serveCached(request: KnownRequest, services: Services): void | Promise<void> {
  const found = findAnswer(request, services);
  if (!(found instanceof Promise)) return sendFound(request, found, services);
  return found.then((fetched) => sendFound(request, fetched, services));
}

/** The answer at once when memory has one that will do, else a promise of it. */
export function findAnswer(request: KnownRequest, services: Services): Found | Promise<Found> {
  const lookup = services.cache.lookup(askOf(request));
  switch (lookup.verdict) {
    case 'hit':
    case 'stale': {
      const { verdict, reason, entry } = lookup;
      if (verdict === 'stale')
        services.cache.revalidate(lookup, (signal) => loadInBackground(request, lookup, signal, services));
      return { entry, verdict: { verdict, reason, stored: true, forwardStatus: undefined }, charges: [] };
    }
    default:
      return fetchAnswer(request, lookup, services);
  }
}

/** How often a caller boards another flight after one that was refused for its leader's impatience. */
const MOST_FLIGHTS = 3;

async function fetchAnswer(request: KnownRequest, lookup: Lookup, services: Services): Promise<Found> {
  for (let flight = 1; ; flight++) {
    let charges: readonly Charge[] = [];
    let isLeader = false;
    const load = async (signal: AbortSignal) => {
      isLeader = true;
      const answered = await askRegion(request, undefined, services, leaveOf(signal));
      charges = answered.charges;
      return storedFrom(answered);
    };
    try {
      const fetched: Fetched = await services.cache.fetch(lookup, load, request.call.signal);
      return { entry: fetched.entry, verdict: fetched, charges };
    } catch (error) {
      // The leader may wait less for a slot than this caller may: its refusal is not this caller's.
      const isImpatience = error instanceof Fault && error.fault === 'overLimit' && !isLeader;
      if (!isImpatience || flight === MOST_FLIGHTS) throw error;
    }
  }
}

/** A refresh nobody waits for: lowest priority, and not on behalf of the caller that happened to meet the stale entry. */
export async function loadInBackground(
  { operation, place, target, call }: Pick<KnownRequest, 'operation' | 'place' | 'target'> & { call?: Call },
  lookup: Lookup,
  signal: AbortSignal,
  services: Services,
): Promise<Stored> {
  const answered = await services.regions.ask({
    operation,
    method: 'GET',
    place,
    path: target.path,
    query: lookup.query,
    headers: call?.headers ?? {},
    body: undefined,
    shared: true,
    client: BACKGROUND,
    priority: 'background',
    maxWaitMs: services.settings.limits.maxWaitMs,
    leave: leaveOf(signal),
  });
  return storedFrom(answered);
}

/** Whose requests Sluice's own are, in the queue and in metrics. */
const BACKGROUND = 'sluice';

function askOf({ call, target, operation, params, place, query = call.query }: KnownRequest): CacheAsk {
  return {
    account: place.account.name,
    tenant: place.endpoint.tenantId,
    region: place.endpoint.region,
    operation,
    params,
    path: target.path,
    query: query === '' ? '' : upstreamQuery(query),
    variant: variantOf(call.headers),
    cacheControl: call.header('cache-control'),
  };
}

/** Upstream headers worth keeping with a cached answer. */
const KEPT = [
  'x-compute-request-id',
  'retry-after',
  'openstack-api-version',
  'x-openstack-nova-api-version',
  'vary',
];

function storedFrom(answered: RegionAnswer): Stored {
  const headers: Record<string, string> = {};
  for (const name of KEPT) {
    const value = answered.headers[name];
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { status: answered.status, body: answered.text, headers };
}

/** Writes a found answer out: validators, ages, codings; a 304 when the caller has it already. */
export function sendFound(request: KnownRequest, found: Found, services: Services): void {
  const { call, operation, place } = request;
  const { entry, verdict } = found;
  const now = services.clock.now();
  call.cache = verdict.verdict;
  services.countVerdict(place.endpoint.region, operation.resource, verdict.verdict, verdict.reason);
  if (entry.status !== 200) {
    const headers = ['X-Cache', X_CACHE[verdict.verdict], 'Cache-Status', statusText(verdict, entry, now)];
    describe(headers, call, found, services);
    const body = entry.body === '' ? undefined : renderAnswer(call, place, operation, entry.body, services);
    services.reply(call, { status: entry.status, body, format: call.format, headers });
    return;
  }
  const rendition = entry.rendition(variantOfAnswer(request), () =>
    renderAnswer(call, place, operation, request.adapt?.(entry.body) ?? entry.body, services),
  );
  const encoding = chooseEncoding(call.header('accept-encoding'), rendition.body.length);
  const chosen = encoding === null ? rendition : rendition.encoded(encoding);
  const unchanged = isNotModified(call.header('if-none-match'), chosen.etag, rendition.etag);
  const ready = { request, found, representation: chosen, encoding, now, unchanged };
  services.replyPrepared(
    call,
    unchanged ? 304 : 200,
    headOf(ready, services),
    unchanged ? undefined : chosen.body,
  );
}

const variantOfAnswer = ({ call, rendition }: KnownRequest): string =>
  rendition === undefined
    ? `${call.format} ${call.publicBase}`
    : `${call.format} ${rendition} ${call.publicBase}`;

interface Ready {
  request: KnownRequest;
  found: Found;
  representation: Representation;
  encoding: Encoding | null;
  /** Wall ms. */
  now: number;
  unchanged: boolean;
}

/** The head of a hit as it was in one second: ages count in seconds, so all hits of that second share it. */
interface Head {
  second: number;
  storedAt: number;
  freshUntil: number;
  reason: string;
  lines: readonly string[];
}

const heads = new WeakMap<Representation, Head>();
/** The same of 304s, which carry less. */
const unchangedHeads = new WeakMap<Representation, Head>();

function headOf(ready: Ready, services: Services): readonly string[] {
  const { found, representation, now, unchanged } = ready;
  const { entry, verdict } = found;
  if (verdict.verdict !== 'hit') return makeHead(ready, services);
  const made = unchanged ? unchangedHeads : heads;
  const known = made.get(representation);
  const second = Math.floor(now / 1000);
  const { storedAt, freshUntil } = entry;
  if (
    known?.second === second &&
    known.storedAt === storedAt &&
    known.freshUntil === freshUntil &&
    known.reason === verdict.reason
  )
    return known.lines;
  const lines = makeHead(ready, services);
  made.set(representation, { second, storedAt, freshUntil, reason: verdict.reason, lines });
  return lines;
}

function makeHead(
  { request, found, representation, encoding, now, unchanged }: Ready,
  services: Services,
): string[] {
  const { call } = request;
  const { entry, verdict } = found;
  const lines = [
    ...commonHead(call),
    'X-Cache',
    X_CACHE[verdict.verdict],
    'Cache-Status',
    statusText(verdict, entry, now),
    'Age',
    String(ageSeconds(entry.storedAt, now)),
    'Cache-Control',
    cacheControl(entry.freshUntil, now),
    'ETag',
    representation.etag,
  ];
  describe(lines, call, found, services);
  if (unchanged) return lines;
  if (encoding !== null) lines.push('Content-Encoding', encoding);
  lines.push(
    'Content-Type',
    contentTypeOf(call.format),
    'Content-Length',
    String(representation.body.length),
  );
  return lines;
}

function describe(
  headers: string[],
  call: Call,
  { entry, verdict, charges }: Found,
  services: Services,
): void {
  for (const name in entry.headers) {
    if (name === 'x-compute-request-id') {
      if (verdict.verdict === 'miss' || verdict.verdict === 'pass') call.requestId = entry.headers[name]!;
    } else if (name !== 'vary') headers.push(name, entry.headers[name]!);
  }
  if (charges.length > 0)
    for (const [name, value] of services.limits.headers(charges)) headers.push(name, value);
}

function statusText(verdict: Verdict, entry: Entry, now: number): string {
  const { storedAt, freshUntil } = entry;
  return cacheStatus({ ...verdict, freshUntil: freshUntil > storedAt ? freshUntil : undefined }, now);
}
