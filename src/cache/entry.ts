import type { Hrefs } from '../links/json-hrefs.ts';
import { packText, unpackText } from './packed-text.ts';
import type { Freshness } from './policy.ts';
import { createRendition, flat, type Rendition, type RenditionOwner } from './rendition.ts';

/** An upstream's answer as the cache keeps it. */
export interface Stored {
  status: number;
  /** JSON text exactly as the upstream wrote it, links unrewritten. */
  body: string;
  /** Where the links stand in the body, when that is known. */
  hrefs?: Hrefs | undefined;
  /** The few upstream headers worth keeping, lower-case names. */
  headers: Record<string, string>;
  /** The upstream's id of this one request: for whoever asked, not kept. */
  requestId?: string | undefined;
}

/** What a new entry is made of. */
export interface EntryFields extends Stored, Freshness {
  readonly key: string;
  /** See `scopeOf`. */
  readonly scope: string;
  readonly tenant: string;
  /** The item's id; undefined for lists. */
  readonly subject: string | undefined;
  /** The normalised query it answers. */
  readonly query: string;
  /** The name the body's one member bears, where `body` is only that member's text: an item cut out of a list. */
  readonly wrapper?: string | undefined;
}

/** What an entry costs beside its bytes: key, index, objects, as measured by bench/cache-memory.ts. */
const ENTRY_OVERHEAD_BYTES = 560;
const RENDITION_OVERHEAD_BYTES = 140;

/** Renditions kept for one answer. More base URLs than this are invented by callers: the oldest rendition goes. */
const MOST_RENDITIONS = 8;

/** A shorter source is not worth packing. */
const SMALLEST_PACKED_LENGTH = 256;

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
  #wrapper: string | undefined;
  #hrefs: Hrefs | undefined;
  #lastVariant = '';
  #last: Rendition | undefined;
  #others: Map<string, Rendition> | undefined;
  #extraBytes = 0;
  #attachment: unknown;

  constructor(fields: EntryFields) {
    this.key = isShortAscii(fields.key) ? flat(fields.key) : fields.key;
    this.scope = shared(fields.scope);
    this.tenant = shared(fields.tenant);
    this.subject = fields.subject;
    this.query = fields.query;
    this.status = fields.status;
    this.headers = isEmpty(fields.headers) ? NO_HEADERS : fields.headers;
    this.storedAt = fields.storedAt;
    this.#freshMs = fields.freshUntil - fields.storedAt;
    this.#staleMs = fields.staleUntil - fields.storedAt;
    this.#errorMs = fields.errorUntil - fields.storedAt;
    this.#source = fields.body;
    this.#wrapper = fields.wrapper;
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

  /** Something newer is known: from now on it may only stand in for an outage. Its list may be dropped, so it takes a copy of its text. */
  markStale(now: number): void {
    this.#freshMs = Math.min(this.#freshMs, now - this.storedAt);
    this.#staleMs = Math.min(this.#staleMs, now - this.storedAt);
    if (this.#wrapper === undefined) return;
    this.#source = Buffer.from(this.body).toString();
    this.#wrapper = undefined;
    this.#hrefs = undefined;
    this.resized();
  }

  /** The upstream's text. */
  get body(): string {
    if (this.#wrapper !== undefined) return `${openingOf(this.#wrapper)}${this.#source}}`;
    return this.#anchor ? unpackText(this.#source, this.#anchor.body) : this.#source;
  }

  /** Where the links stand in `body`; undefined when that is not known (any more). */
  get hrefs(): Hrefs | undefined {
    if (this.#wrapper === undefined) return this.#hrefs;
    const shift = openingOf(this.#wrapper).length;
    return this.#hrefs?.map((at) => at + shift);
  }

  /**
   * The answer rendered for a variant (format and public base URL); `render` runs once per variant.
   */
  rendition(variant: string, render: () => string): Rendition {
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

  /** Bytes held, as counted against `cache.maxBytes`; room for the first rendition is counted before there is one. */
  get size(): number {
    let bytes = ENTRY_OVERHEAD_BYTES + this.key.length + this.#extraBytes;
    // A text that is a part of its list's is counted there.
    if (this.#wrapper === undefined) bytes += this.#anchor ? this.#source.length : heldBy(this.#source);
    if (this.#last === undefined)
      return bytes + this.#source.length + RENDITION_OVERHEAD_BYTES + LINK_GROWTH_BYTES;
    bytes += this.#last.heldBytes + RENDITION_OVERHEAD_BYTES;
    if (this.#others === undefined) return bytes;
    for (const rendition of this.#others.values()) bytes += rendition.heldBytes + RENDITION_OVERHEAD_BYTES;
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

  #render(text: string): Rendition {
    const rendition = createRendition(text, this);
    if (this.#wrapper !== undefined) return rendition;
    this.#hrefs = undefined;
    const isPackable = this.#anchor === undefined;
    if (isPackable && this.#source.length >= SMALLEST_PACKED_LENGTH) {
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

const openingOf = (wrapper: string): string => `{"${wrapper}": `;

/** Texts that many entries have in common, each kept once: every request makes its own copy of them. */
const commonTexts = new Map<string, string>();
const MOST_COMMON_TEXTS = 1024;

function shared(text: string): string {
  const known = commonTexts.get(text);
  if (known !== undefined) return known;
  if (commonTexts.size >= MOST_COMMON_TEXTS) commonTexts.clear();
  commonTexts.set(text, text);
  return text;
}

const isShortAscii = (text: string): boolean => text.length < 1024 && Buffer.byteLength(text) === text.length;

function isEmpty(headers: Record<string, string>): boolean {
  for (const _name in headers) return false;
  return true;
}

/** V8 keeps a string in one byte a character while all of them are Latin-1, else in two. */
function heldBy(text: string): number {
  return Buffer.byteLength(text) === text.length ? text.length : 2 * text.length;
}
