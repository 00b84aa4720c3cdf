import type { Encoding, Representation } from '../cache/cache.ts';
import type { Entry } from '../cache/entry.ts';
import { ageSeconds, cacheControl, cacheStatus, X_CACHE } from '../cache/http.ts';
import { commonHead } from '../http/common-head.ts';
import { Head, type SharedFields, textOf } from '../http/head.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import { contentTypeOf } from '../translation/format.ts';
import type { CacheResult, Verdict } from './cache-result.ts';
import type { Services } from './services.ts';

/** What the head of an answer from the cache depends on. */
export interface HeadInputs {
  readonly call: RequestFacts;
  readonly found: CacheResult;
  readonly representation: Representation;
  readonly encoding: Encoding | null;
  /** Wall ms. */
  readonly now: number;
  /** The caller has it already: a 304, which carries less. */
  readonly unchanged: boolean;
}

/** Heads take more room than small answers: beyond this many they are forgotten, for they are soon made again. */
const MOST_HEADS = 1024;

class Heads {
  #known = new WeakMap<Representation, Head>();
  #count = 0;

  get(representation: Representation): Head | undefined {
    return this.#known.get(representation);
  }

  set(representation: Representation, head: Head): void {
    if (++this.#count > MOST_HEADS) {
      this.#known = new WeakMap();
      this.#count = 1;
    }
    this.#known.set(representation, head);
  }
}

const heads = new Heads();
const unchangedHeads = new Heads();
let lastShared: SharedFields | undefined;

/** The head of an answer from the cache; all hits of one second on one representation share it. */
export function headOf(inputs: HeadInputs, services: Services): Head {
  const { call, found, representation, unchanged } = inputs;
  const status = unchanged ? 304 : 200;
  if (found.verdict.verdict !== 'hit')
    return new Head(status, makeShared(inputs), ownFields(inputs, services));
  const made = unchanged ? unchangedHeads : heads;
  const known = made.get(representation);
  const second = Math.floor(inputs.now / 1000);
  if (known && isShared(known.shared, second, call, found)) return known;
  if (!lastShared || !isShared(lastShared, second, call, found)) lastShared = makeShared(inputs);
  const head = new Head(status, lastShared, ownFields(inputs, services));
  made.set(representation, head);
  return head;
}

function isShared(
  shared: SharedFields,
  second: number,
  call: RequestFacts,
  { entry, verdict }: CacheResult,
): boolean {
  return (
    shared.second === second &&
    shared.storedAt === entry.storedAt &&
    shared.freshUntil === entry.freshUntil &&
    shared.reason === verdict.reason &&
    shared.region === call.region
  );
}

function makeShared({ call, found: { entry, verdict }, now }: HeadInputs): SharedFields {
  const { storedAt, freshUntil } = entry;
  const { reason } = verdict;
  const lines = [...commonHead(call), ...cacheFields(verdict, { storedAt, freshUntil }, now)];
  const text = `Date: ${new Date().toUTCString()}\r\n${textOf(lines)}`;
  return { second: Math.floor(now / 1000), storedAt, freshUntil, reason, region: call.region, lines, text };
}

function ownFields(
  { call, found, representation, encoding, unchanged }: HeadInputs,
  services: Services,
): string[] {
  const { etag, body } = representation;
  const own = ['ETag', etag, ...fieldsOf(call, found, services)];
  if (unchanged) return own;
  if (encoding !== null) own.push('Content-Encoding', encoding);
  own.push('Content-Type', contentTypeOf(call.format), 'Content-Length', String(body.length));
  return own;
}

/** Kept of a document that is no 200, for whoever writes it out. */
const OF_DOCUMENT = new Set(['content-type', 'location']);

/** What the upstream said that is worth passing on, and the limits that were charged; names and values in turn. */
export function fieldsOf(
  call: RequestFacts,
  { entry, verdict, charges }: CacheResult,
  services: Services,
): string[] {
  if (verdict.requestId !== undefined) call.requestId = verdict.requestId;
  const fields: string[] = [];
  for (const name in entry.headers) if (!OF_DOCUMENT.has(name)) fields.push(name, entry.headers[name]!);
  if (charges.length > 0)
    for (const [name, value] of services.limits.headers(charges)) fields.push(name, value);
  return fields;
}

/** How the cache answered, and how old and how fresh the answer is; names and values in turn. */
export function cacheFields(verdict: Verdict, times: Times, now: number): string[] {
  return [
    'X-Cache',
    X_CACHE[verdict.verdict],
    'Cache-Status',
    statusText(verdict, times, now),
    'Age',
    String(ageSeconds(times.storedAt, now)),
    'Cache-Control',
    cacheControl(times.freshUntil, now),
  ];
}

type Times = Pick<Entry, 'storedAt' | 'freshUntil'>;

/** `Cache-Status` of an answer. */
export function statusText(verdict: Verdict, { storedAt, freshUntil }: Times, now: number): string {
  return cacheStatus({ ...verdict, freshUntil: freshUntil > storedAt ? freshUntil : undefined }, now);
}
