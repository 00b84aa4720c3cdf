import { STATUS_CODES } from 'node:http';
import type { Encoding, Representation } from '../cache/cache.ts';
import type { Entry } from '../cache/entry.ts';
import {
  ageSeconds,
  cacheControl,
  cacheStatus,
  chooseEncoding,
  isNotModified,
  X_CACHE,
} from '../cache/http.ts';
import type { Charge } from '../limits/ask.ts';
import { contentTypeOf } from '../translation/format.ts';
import type { KnownRead } from './known-read.ts';
import { renderAnswer } from './render.ts';
import { commonHead } from './reply.ts';
import type { RequestFacts } from './request-facts.ts';
import type { Services } from './services.ts';

/** How an answer came about, as its headers, its log line and the metrics call it. */
export interface Verdict {
  verdict: 'hit' | 'stale' | 'miss' | 'coalesced' | 'pass';
  reason: string;
  stored: boolean;
  forwardStatus: number | undefined;
  /** The upstream's id of this caller's own request, when it led to one. */
  requestId?: string | undefined;
}

/** An answer found or fetched, and what it took. */
export interface Found {
  readonly entry: Entry;
  readonly verdict: Verdict;
  /** The limits it was charged to, when this caller's own request went to the region. */
  readonly charges: readonly Charge[];
}

/** An answer with its head ready, but for what differs from request to request: the request id, `Connection`. */
export interface Prepared {
  readonly status: 200 | 304;
  readonly head: Head;
  /** ASCII text, or bytes. */
  readonly body: string | Buffer | undefined;
}

/** Head fields of an answer, and the same as they are written to the wire. */
export interface Head {
  /** Names and values in turn. */
  readonly lines: readonly string[];
  /** The status line and these fields, each with its line end; made on first use. */
  text: string | undefined;
}

/** The answer that goes out for a 200 from the cache: validators, ages, codings; a 304 when the caller has it already. */
export function prepareFound(read: KnownRead, found: Found, services: Services): Prepared {
  const { call } = read;
  const { entry } = found;
  const rendition = entry.rendition(variantOfAnswer(read), () => renderFound(read, entry, services));
  const encoding = chooseEncoding(call.header('accept-encoding'), rendition.body.length);
  const chosen = encoding === null ? rendition : rendition.encoded(encoding);
  const unchanged = isNotModified(call.header('if-none-match'), chosen.etag, rendition.etag);
  const ready = { call, found, representation: chosen, encoding, now: services.clock.now(), unchanged };
  return {
    status: unchanged ? 304 : 200,
    head: headOf(ready, services),
    body: unchanged ? undefined : chosen.body,
  };
}

/** Counts what the cache said of a request. */
export function countFound(
  { call, operation, place }: KnownRead,
  { verdict }: Found,
  services: Services,
): void {
  call.cache = verdict.verdict;
  services.countVerdict(place.endpoint.region, operation.resource, verdict.verdict, verdict.reason);
}

/** Head fields of an answer from the cache that is no 200: a 404 that was remembered, an outage. */
export function headOfFailure(call: RequestFacts, found: Found, services: Services): string[] {
  const { verdict, entry } = found;
  const status = statusText(verdict, entry, services.clock.now());
  const lines = ['X-Cache', X_CACHE[verdict.verdict], 'Cache-Status', status];
  describe(lines, call, found, services);
  return lines;
}

const renderFound = (
  { call, place, operation, adapt }: KnownRead,
  entry: Entry,
  services: Services,
): string => renderAnswer(call, place, operation, adapt?.(entry.body) ?? entry.body, services);

const variantOfAnswer = ({ call, rendition }: KnownRead): string =>
  rendition === undefined
    ? `${call.format} ${call.publicBase}`
    : `${call.format} ${rendition} ${call.publicBase}`;

interface Ready {
  call: RequestFacts;
  found: Found;
  representation: Representation;
  encoding: Encoding | null;
  /** Wall ms. */
  now: number;
  unchanged: boolean;
}

/** The head of a hit as it was in one second: ages count in seconds, so all hits of that second share it. */
interface KnownHead extends Head {
  second: number;
  storedAt: number;
  freshUntil: number;
  reason: string;
}

/** Heads take more room than small answers: beyond this many they are forgotten, for they are soon made again. */
const MOST_HEADS = 1024;

class Heads {
  #known = new WeakMap<Representation, KnownHead>();
  #count = 0;

  get(representation: Representation): KnownHead | undefined {
    return this.#known.get(representation);
  }

  set(representation: Representation, head: KnownHead): void {
    if (++this.#count > MOST_HEADS) {
      this.#known = new WeakMap();
      this.#count = 1;
    }
    this.#known.set(representation, head);
  }
}

const heads = new Heads();
/** The same of 304s, which carry less. */
const unchangedHeads = new Heads();

function headOf(ready: Ready, services: Services): Head {
  const { found, representation, now, unchanged } = ready;
  const { entry, verdict } = found;
  if (verdict.verdict !== 'hit') return { lines: makeHead(ready, services), text: undefined };
  const made = unchanged ? unchangedHeads : heads;
  const known = made.get(representation);
  const second = Math.floor(now / 1000);
  const { storedAt, freshUntil } = entry;
  const { reason } = verdict;
  if (
    known?.second === second &&
    known.storedAt === storedAt &&
    known.freshUntil === freshUntil &&
    known.reason === reason
  )
    return known;
  const head = { lines: makeHead(ready, services), text: undefined, second, storedAt, freshUntil, reason };
  made.set(representation, head);
  return head;
}

function makeHead(
  { call, found, representation, encoding, now, unchanged }: Ready,
  services: Services,
): string[] {
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

/**
 * A prepared answer's status line and fields as text, made once for all that share the head: what Node would write,
 * `Date` included.
 */
export function headText({ status, head }: Prepared): string {
  if (head.text !== undefined) return head.text;
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
  for (let at = 0; at < head.lines.length; at += 2) text += `${head.lines[at]}: ${head.lines[at + 1]}\r\n`;
  head.text = `${text}Date: ${new Date().toUTCString()}\r\n`;
  return head.text;
}

function describe(
  headers: string[],
  call: RequestFacts,
  { entry, verdict, charges }: Found,
  services: Services,
): void {
  if (verdict.requestId !== undefined) call.requestId = verdict.requestId;
  for (const name in entry.headers) headers.push(name, entry.headers[name]!);
  if (charges.length > 0)
    for (const [name, value] of services.limits.headers(charges)) headers.push(name, value);
}

function statusText(verdict: Verdict, entry: Entry, now: number): string {
  const { storedAt, freshUntil } = entry;
  return cacheStatus({ ...verdict, freshUntil: freshUntil > storedAt ? freshUntil : undefined }, now);
}
