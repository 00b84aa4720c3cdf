import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, brotliCompressSync, gzip, gzipSync, constants as zlib } from 'node:zlib';
import { flat } from '../owned-text.ts';
import { MOST_AT_ONCE } from '../turns.ts';

/** Codings an answer can be sent in beside its plain bytes. */
export type Encoding = 'gzip' | 'br';

/** An answer ready to be sent, with its strong validator. */
export interface Representation {
  /** Text that is ASCII, so that its length is that of its bytes, or bytes. */
  readonly body: string | Buffer;
  /** Strong ETag, quotes included; differs per coding, as RFC 9110 section 8.8.3.3 wants. */
  readonly etag: string;
}

/** An answer rendered for one format and public base URL, and its codings, made when first asked for. */
export interface Rendition extends Representation {
  /** True when the body is long enough for a coding to pay. */
  readonly isCompressible: boolean;
  encoded(encoding: Encoding): Representation;
  /** Whether a coding is at hand, or made in no time. */
  isAtHand(encoding: Encoding): boolean;
  /** Makes a coding beside the event loop where that is worth it; undefined: `encoded` has it at once. */
  encode(encoding: Encoding): Promise<void> | undefined;
  /** The bytes it holds, codings included. */
  readonly heldBytes: number;
}

/** Below this a coding saves less than its header and its work cost (bytes). */
export const SMALLEST_COMPRESSED_BYTES = 1024;

/** Quality 5 costs about what gzip's default does and packs JSON better; 11 would stall the event loop. */
const BROTLI_QUALITY = 5;

/** Who is told when a coding was made and more bytes are held; an object, because a closure for each costs memory. */
export interface RenditionOwner {
  resized(): void;
}

/**
 * A short text is kept as a string: it takes far less room than a Buffer, and goes out in one piece with its head. Beyond
 * this many bytes a write would copy it once more.
 */
const LONGEST_TEXT_BYTES = 12_288;

export function createRendition(rendered: string | Buffer, owner: RenditionOwner): Rendition {
  if (typeof rendered !== 'string') return new TextRendition(rendered, owner);
  const text = rendered;
  const bytes = Buffer.byteLength(text);
  return new TextRendition(
    bytes === text.length && bytes <= LONGEST_TEXT_BYTES ? flat(text) : bytesOf(text, bytes),
    owner,
  );
}

/** A buffer of its own: one cut from Node's shared pool would keep 8 KiB alive for a few bytes. */
function bytesOf(text: string, length: number): Buffer {
  const body = Buffer.allocUnsafeSlow(length);
  body.write(text);
  return body;
}

class TextRendition implements Rendition {
  readonly body: string | Buffer;
  readonly etag: string;
  #gzip: Representation | undefined;
  #br: Representation | undefined;
  /** Codings in the making. */
  #encoding: Map<Encoding, Promise<void>> | undefined;
  readonly #owner: RenditionOwner;

  constructor(body: string | Buffer, owner: RenditionOwner) {
    this.body = body;
    this.etag = flat(`"${hash('sha1', body, 'base64url')}"`);
    this.#owner = owner;
  }

  get isCompressible(): boolean {
    return this.body.length > SMALLEST_COMPRESSED_BYTES;
  }

  get heldBytes(): number {
    return this.body.length + (this.#gzip?.body.length ?? 0) + (this.#br?.body.length ?? 0);
  }

  encoded(encoding: Encoding): Representation {
    const made = encoding === 'gzip' ? this.#gzip : this.#br;
    return made ?? this.#encode(encoding);
  }

  isAtHand(encoding: Encoding): boolean {
    return this.body.length <= MOST_AT_ONCE || (encoding === 'gzip' ? this.#gzip : this.#br) !== undefined;
  }

  encode(encoding: Encoding): Promise<void> | undefined {
    if (this.isAtHand(encoding)) return undefined;
    this.#encoding ??= new Map();
    const running = this.#encoding.get(encoding) ?? this.#encodeAside(encoding);
    this.#encoding.set(encoding, running);
    return running;
  }

  async #encodeAside(encoding: Encoding): Promise<void> {
    const { body } = this;
    const bytes = await (encoding === 'gzip' ? gzipAside(body) : brotliAside(body, brotliOptions(body)));
    this.#encoding?.delete(encoding);
    this.#keep(encoding, bytes);
  }

  #encode(encoding: Encoding): Representation {
    const { body } = this;
    return this.#keep(encoding, encoding === 'gzip' ? gzipSync(body) : brotli(body));
  }

  #keep(encoding: Encoding, bytes: Buffer): Representation {
    const body = compact(bytes);
    const representation = { body, etag: `${this.etag.slice(0, -1)}-${encoding}"` };
    if (encoding === 'gzip') this.#gzip = representation;
    else this.#br = representation;
    this.#owner.resized();
    return representation;
  }
}

function brotli(body: string | Buffer): Buffer {
  return brotliCompressSync(body, brotliOptions(body));
}

const brotliOptions = ({ length }: string | Buffer) => ({
  params: { [zlib.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [zlib.BROTLI_PARAM_SIZE_HINT]: length },
});

const gzipAside = promisify<string | Buffer, Buffer>(gzip);
const brotliAside = promisify<string | Buffer, ReturnType<typeof brotliOptions>, Buffer>(brotliCompress);

/** zlib hands out a view of a larger block; kept for hours, only the bytes in use should stay. */
function compact(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
