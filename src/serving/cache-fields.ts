import { STATUS_CODES } from 'node:http';
import type { Encoding, Representation } from '../cache/cache.ts';
import type { Entry } from '../cache/entry.ts';
import { ageSeconds, cacheControl, cacheStatus, X_CACHE } from '../cache/http.ts';
import { commonHead } from '../http/common-head.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import { contentTypeOf } from '../translation/format.ts';
import type { CacheResult, Verdict } from './cache-result.ts';
import type { Services } from './services.ts';

/** What the head of an answer from the cache depends on. */
export interface Ready {
  readonly call: RequestFacts;
  readonly found: CacheResult;
  readonly representation: Representation;
  readonly encoding: Encoding | null;
  /** Wall ms. */
  readonly now: number;
  /** The caller has it already: a 304, which carries less. */
  readonly unchanged: boolean;
}

/** Head fields of an answer, for Node and for the wire; each form is made on first use. */
export class Head {
  readonly moment: Moment;
  readonly #status: 200 | 304;
  /** What this answer says beside its moment, names and values in turn. */
  readonly #own: readonly string[];
  #lines: readonly string[] | undefined;
  #text: string | undefined;

  constructor(status: 200 | 304, moment: Moment, own: readonly string[]) {
    this.#status = status;
    this.moment = moment;
    this.#own = own;
  }

  /** Names and values in turn. */
  get lines(): readonly string[] {
    this.#lines ??= [...this.moment.lines, ...this.#own];
    return this.#lines;
  }

  /** The status line and the fields, each with its line end: what Node would write, `Date` included. */
  get text(): string {
    this.#text ??= `HTTP/1.1 ${this.#status} ${STATUS_CODES[this.#status]}\r\n${this.moment.text}${textOf(this.#own)}`;
    return this.#text;
  }
}

/**
 * What answers of one age say alike: ages count in seconds, so all hits of a second share it, those on items that were
 * computed from one list, too.
 */
interface Moment {
  readonly second: number;
  readonly storedAt: number;
  readonly freshUntil: number;
  readonly reason: string;
  readonly region: string;
  readonly lines: readonly string[];
  /** The same as text, with `Date`. */
  readonly text: string;
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
let lastMoment: Moment | undefined;

/** The head of an answer from the cache; all hits of one second on one representation share it. */
export function headOf(ready: Ready, services: Services): Head {
  const { call, found, representation, unchanged } = ready;
  const status = unchanged ? 304 : 200;
  if (found.verdict.verdict !== 'hit') return new Head(status, makeMoment(ready), ownFields(ready, services));
  const made = unchanged ? unchangedHeads : heads;
  const known = made.get(representation);
  const second = Math.floor(ready.now / 1000);
  if (known && isMoment(known.moment, second, call, found)) return known;
  if (!lastMoment || !isMoment(lastMoment, second, call, found)) lastMoment = makeMoment(ready);
  const head = new Head(status, lastMoment, ownFields(ready, services));
  made.set(representation, head);
  return head;
}

function isMoment(
  moment: Moment,
  second: number,
  call: RequestFacts,
  { entry, verdict }: CacheResult,
): boolean {
  return (
    moment.second === second &&
    moment.storedAt === entry.storedAt &&
    moment.freshUntil === entry.freshUntil &&
    moment.reason === verdict.reason &&
    moment.region === call.region
  );
}

function makeMoment({ call, found: { entry, verdict }, now }: Ready): Moment {
  const { storedAt, freshUntil } = entry;
  const { reason } = verdict;
  const lines = [...commonHead(call), ...cacheFields(verdict, { storedAt, freshUntil }, now)];
  const text = `Date: ${new Date().toUTCString()}\r\n${textOf(lines)}`;
  return { second: Math.floor(now / 1000), storedAt, freshUntil, reason, region: call.region, lines, text };
}

function ownFields(
  { call, found, representation, encoding, unchanged }: Ready,
  services: Services,
): string[] {
  const { etag, body } = representation;
  const own = ['ETag', etag, ...fieldsOf(call, found, services)];
  if (unchanged) return own;
  if (encoding !== null) own.push('Content-Encoding', encoding);
  own.push('Content-Type', contentTypeOf(call.format), 'Content-Length', String(body.length));
  return own;
}

/** What the upstream said that is worth passing on, and the limits that were charged; names and values in turn. */
export function fieldsOf(
  call: RequestFacts,
  { entry, verdict, charges }: CacheResult,
  services: Services,
): string[] {
  if (verdict.requestId !== undefined) call.requestId = verdict.requestId;
  const fields: string[] = [];
  for (const name in entry.headers) fields.push(name, entry.headers[name]!);
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

function textOf(lines: readonly string[]): string {
  let text = '';
  for (let at = 0; at < lines.length; at += 2) text += `${lines[at]}: ${lines[at + 1]}\r\n`;
  return text;
}
