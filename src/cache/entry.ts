import type { Hrefs } from '../links/json-hrefs.ts';
import { heldBy, owned } from '../owned-text.ts';
import { MOST_AT_ONCE } from '../turns.ts';
import { packText, unpackText } from './packed-text.ts';
import type { Freshness } from './policy.ts';
import { createRendition, type Rendition, type RenditionOwner } from './rendition.ts';

/** An upstream's answer as the cache keeps it. */
export interface Stored {
  status: number;
  /** JSON text exactly as the upstream wrote it, links unrewritten. */
  body: string;
  /** Where the links stand in the body, when that is known. */
  hrefs?: Hrefs | undefined;
  /** The upstream's headers of `KEPT_HEADERS`, lower-case names. */
  headers: Record<string, string>;
  /** The upstream's id of this one request: for whoever asked, not kept. */
  requestId?: string | undefined;
}

/** What an entry answers. */
export interface EntryIdentity {
  readonly key: string;
  /** See `scopeOf`. */
  readonly scope: string;
  readonly tenant: string;
  /** The item's id; undefined for lists. */
  readonly subject: string | undefined;
  /** The normalised query it answers. */
  readonly query: string;
}

/** What a new entry is made of. */
export interface EntryFields extends EntryIdentity, Stored, Freshness {}

/** The few upstream headers worth keeping with an answer. */
export const KEPT_HEADERS: readonly string[] = [
  'retry-after',
  'openstack-api-version',
  'x-openstack-nova-api-version',
  // Of what is no 200: other services say no in documents of their own, and lead elsewhere.
  'content-type',
  'location',
];

const LONGEST_HEADER = 1024;

/** True for a header that may be kept: one of `KEPT_HEADERS` with a value as RFC 9110 section 5.5 wants it. */
export function isKeptHeader(name: string, value: unknown): value is string {
  return (
    KEPT_HEADERS.includes(name) &&
    typeof value === 'string' &&
    value.length <= LONGEST_HEADER &&
    /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
  );
}

/** What an entry costs beside its bytes: key, index, objects, as measured by bench/cache-memory.ts. */
const ENTRY_OVERHEAD_BYTES = 560;
const RENDITION_OVERHEAD_BYTES = 140;
const HEADER_OVERHEAD_BYTES = 48;

/** Renditions kept for one answer. More base URLs than this are invented by callers: the oldest rendition goes. */
const MOST_RENDITIONS = 8;

/** A shorter source is not worth packing. */
const SMALLEST_PACKED_LENGTH = 256;
/** To pack a longer one would keep everybody waiting. */
const LONGEST_PACKED_LENGTH = 1024 * 1024;

/** By how much longer its links may make a rendition than its source, as counted before there is one (bytes). */
const LINK_GROWTH_BYTES = 160;

const NO_HEADERS: Record<string, string> = {};

/**
 * One cached answer: the upstream's text, how long it is good for, and the bytes it was rendered to. Times are wall ms.
 *
 * Small answers are many, so this is built to hold little: the source is packed once it has been rendered, times are
 * kept as differences, texts that entries have in common exist once.
 */
export class Entry implements Stored, Freshness, RenditionOwner {
  readonly key: string;
  readonly scope: string;
  readonly tenant: string;
  readonly subject: string | undefined;
  readonly query: string;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly storedAt: number;
  /** What the store counts for it: see `size`. */
  countedBytes = 0;
  /** Told when the entry comes to hold more or fewer bytes; set by the store that counts them. */
  onResize: ((entry: Entry) => void) | undefined;
  #freshMs: number;
  #staleMs: number;
  readonly #errorMs: number;
  /** The upstream's text, or that text packed against the rendition that `#anchor` is. */
  #source: string;
  #anchor: Rendition | undefined;
  #hrefs: Hrefs | undefined;
  #lastVariant = '';
  #last: Rendition | undefined;
  #others: Map<string, Rendition> | undefined;
  #extraBytes = 0;
  #attachment: unknown;

  constructor(fields: EntryFields) {
    this.key = owned(fields.key);
    this.scope = shared(fields.scope);
    this.tenant = shared(fields.tenant);
    this.subject = fields.subject && owned(fields.subject);
    this.query = fields.query && owned(fields.query);
    this.status = fields.status;
    this.headers = isEmpty(fields.headers) ? NO_HEADERS : fields.headers;
    this.storedAt = fields.storedAt;
    this.#freshMs = fields.freshUntil - fields.storedAt;
    this.#staleMs = fields.staleUntil - fields.storedAt;
    this.#errorMs = fields.errorUntil - fields.storedAt;
    this.#source = fields.body;
    this.#hrefs = fields.hrefs;
  }

  get freshUntil(): number {
    return this.storedAt + this.#freshMs;
  }

  get staleUntil(): number {
    return this.storedAt + this.#staleMs;
  }

  get errorUntil(): number {
    return this.storedAt + this.#errorMs;
  }

  /** Something newer is known: from now on it may only stand in for an outage. */
  markStale(now: number): void {
    this.#freshMs = Math.min(this.#freshMs, now - this.storedAt);
    this.#staleMs = Math.min(this.#staleMs, now - this.storedAt);
  }

  /** The upstream's text. */
  get body(): string {
    return this.#anchor ? unpackText(this.#source, this.#anchor.body) : this.#source;
  }

  /** Where the links stand in `body`; undefined when that is not known (any more). */
  get hrefs(): Hrefs | undefined {
    return this.#hrefs;
  }

  /**
   * The answer rendered for a variant (format and public base URL); `render` runs once per variant.
   */
  rendition(variant: string, render: () => string | Buffer): Rendition {
    const last = this.#last;
    if (last !== undefined && this.#lastVariant === variant) return last;
    const known = this.#others?.get(variant);
    if (last !== undefined) this.#keep(this.#lastVariant, last);
    this.#others?.delete(variant);
    this.#lastVariant = shared(variant);
    this.#last = known ?? this.#render(render());
    if (known === undefined) this.resized();
    return this.#last;
  }

  /** Whether there is a rendition for a variant. */
  hasRendition(variant: string): boolean {
    if (this.#last === undefined) return false;
    return this.#lastVariant === variant || this.#others?.has(variant) === true;
  }

  /** The answer is so long that what is made of it is to be made in turns of the event loop, or beside it. */
  get isLong(): boolean {
    return (this.#last?.body.length ?? this.#source.length) > MOST_AT_ONCE;
  }

  /** Bytes held, as counted against `cache.maxBytes`; room for the first rendition is counted before there is one. */
  get size(): number {
    let bytes = ENTRY_OVERHEAD_BYTES + this.#namedBytes() + this.#extraBytes;
    bytes += this.#anchor ? this.#source.length : heldBy(this.#source);
    if (this.#last === undefined)
      return bytes + this.#source.length + RENDITION_OVERHEAD_BYTES + LINK_GROWTH_BYTES;
    bytes += renditionBytes(this.#lastVariant, this.#last);
    if (this.#others === undefined) return bytes;
    for (const [variant, rendition] of this.#others) bytes += renditionBytes(variant, rendition);
    return bytes;
  }

  /** What callers and upstreams have a say in, beside the text. */
  #namedBytes(): number {
    let bytes = heldBy(this.key);
    if (this.subject !== undefined) bytes += heldBy(this.subject);
    if (this.query !== '') bytes += heldBy(this.query);
    if (this.headers === NO_HEADERS) return bytes;
    for (const name in this.headers)
      bytes += name.length + this.headers[name]!.length + HEADER_OVERHEAD_BYTES;
    return bytes;
  }

  /**
   * Something computed from the body that is worth keeping beside it (the index of a list).
   *
   * @param compute returns it and the bytes it holds
   */
  attach<T>(compute: (body: string) => { value: T; bytes: number }): T {
    if (this.#attachment !== undefined) return this.#attachment as T;
    const { value, bytes } = compute(this.body);
    this.#attachment = value;
    this.#extraBytes += bytes;
    this.resized();
    return value;
  }

  resized(): void {
    this.onResize?.(this);
  }

  #render(rendered: string | Buffer): Rendition {
    const rendition = createRendition(rendered, this);
    this.#hrefs = undefined;
    const isPackable = this.#anchor === undefined;
    const { length } = this.#source;
    if (isPackable && length >= SMALLEST_PACKED_LENGTH && length <= LONGEST_PACKED_LENGTH) {
      this.#source = packText(this.#source, rendition.body);
      this.#anchor = rendition;
    }
    return rendition;
  }

  #keep(variant: string, rendition: Rendition): void {
    this.#others ??= new Map();
    this.#others.set(variant, rendition);
    if (this.#others.size < MOST_RENDITIONS) return;
    for (const [oldest, kept] of this.#others) {
      if (kept === this.#anchor) continue;
      this.#others.delete(oldest);
      return;
    }
  }
}

/** Texts that many entries have in common, each kept once: every request makes its own copy of them. */
const commonTexts = new Map<string, string>();
const MOST_COMMON_TEXTS = 1024;
/** What is longer than names of accounts and addresses of gateways are is not common (characters). */
const LONGEST_COMMON_TEXT = 256;

function shared(text: string): string {
  if (text.length > LONGEST_COMMON_TEXT) return owned(text);
  const known = commonTexts.get(text);
  if (known !== undefined) return known;
  if (commonTexts.size >= MOST_COMMON_TEXTS) commonTexts.clear();
  const own = owned(text);
  commonTexts.set(own, own);
  return own;
}

function renditionBytes(variant: string, rendition: Rendition): number {
  const variantBytes = variant.length > LONGEST_COMMON_TEXT ? heldBy(variant) : 0;
  return variantBytes + rendition.heldBytes + RENDITION_OVERHEAD_BYTES;
}

function isEmpty(headers: Record<string, string>): boolean {
  for (const _name in headers) return false;
  return true;
}
