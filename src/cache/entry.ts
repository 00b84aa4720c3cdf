import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Freshness } from './policy.ts';
import { compact, createRendition, type Rendition, type RenditionOwner } from './rendition.ts';

/** An upstream's answer as the cache keeps it. */
export interface Stored {
  status: number;
  /** JSON text exactly as the upstream wrote it, links unrewritten. */
  body: string;
  /** The few upstream headers worth keeping, lower-case names. */
  headers: Record<string, string>;
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
}

/** What an entry costs beside its bytes: key, index, objects, as measured by bench/cache-memory.ts. */
const ENTRY_OVERHEAD_BYTES = 640;
const RENDITION_OVERHEAD_BYTES = 420;

/** More base URLs than this for one answer are not friends: the oldest rendition goes. */
const MOST_RENDITIONS = 8;

/** A source this long is packed once it has been rendered: it is needed again only for another format. */
const SMALLEST_PACKED_LENGTH = 1024;

/**
 * One cached answer: the upstream's text, how long it is good for, and the bytes it was rendered to. Times are wall ms.
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
  freshUntil: number;
  staleUntil: number;
  readonly errorUntil: number;
  /** Told when the entry comes to hold more or fewer bytes; set by the store that counts them. */
  onResize: ((entry: Entry) => void) | undefined;
  #source: string | Buffer;
  #lastVariant = '';
  #last: Rendition | undefined;
  #others: Map<string, Rendition> | undefined;
  #extraBytes = 0;
  #attachment: unknown;

  constructor(fields: EntryFields) {
    this.key = fields.key;
    this.scope = shared(fields.scope);
    this.tenant = fields.tenant;
    this.subject = fields.subject;
    this.query = fields.query;
    this.status = fields.status;
    this.headers = fields.headers;
    this.storedAt = fields.storedAt;
    this.freshUntil = fields.freshUntil;
    this.staleUntil = fields.staleUntil;
    this.errorUntil = fields.errorUntil;
    this.#source = fields.body;
  }

  /** The upstream's text. */
  get body(): string {
    return typeof this.#source === 'string' ? this.#source : inflateRawSync(this.#source).toString();
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

  /** Bytes held, as counted against `cache.maxBytes`. */
  get size(): number {
    let bytes = ENTRY_OVERHEAD_BYTES + this.key.length + heldBy(this.#source) + this.#extraBytes;
    if (this.#last) bytes += this.#last.heldBytes + RENDITION_OVERHEAD_BYTES;
    for (const rendition of this.#others?.values() ?? [])
      bytes += rendition.heldBytes + RENDITION_OVERHEAD_BYTES;
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
    if (typeof this.#source === 'string' && this.#source.length >= SMALLEST_PACKED_LENGTH)
      this.#source = compact(deflateRawSync(this.#source, { level: 1 }));
    return createRendition(text, this);
  }

  #keep(variant: string, rendition: Rendition): void {
    this.#others ??= new Map();
    this.#others.set(variant, rendition);
    if (this.#others.size < MOST_RENDITIONS) return;
    for (const oldest of this.#others.keys()) {
      this.#others.delete(oldest);
      return;
    }
  }
}

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

/** V8 keeps a string in one byte a character while all of them are Latin-1, else in two. */
function heldBy(source: string | Buffer): number {
  if (typeof source !== 'string') return source.length;
  return isLatin1(source) ? source.length : 2 * source.length;
}

function isLatin1(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0xff) return false;
  return true;
}
