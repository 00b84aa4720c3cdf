import { LRUCache } from 'lru-cache';
import { PLAIN_URL, type PlainFields, readPlainFields } from './plain-fields.ts';

/**
 * Reads the plainest of all HTTP requests without Node's parser: one whole `GET` without a body, its head in the bytes
 * at hand and nothing behind it. Anything else, however slightly unusual, is undefined here and read by Node; what is
 * read here means exactly what Node would have read.
 */

/** A plain GET. */
export interface PlainGet {
  /** Path and query as in the request line. */
  readonly url: string;
  readonly headers: PlainFields;
}

/** A head longer than this is not plain, bytes. */
const LONGEST_HEAD = 4096;

const LINE_END = '\r\n';
const END = '\r\n\r\n';
const METHOD = 'GET ';
const VERSION = ' HTTP/1.1\r\n';

/** A caller sends the same fields with every request, but for ids of traces: the last few heads are kept read. */
const MOST_HEADS = 512;
const read = new LRUCache<string, PlainFields>({ max: MOST_HEADS });

/** Reads the requests of one connection, whose caller often says the same again, byte for byte. */
export class PlainGetReader {
  #bytes: Buffer | undefined;
  #get: PlainGet | undefined;

  /** See `readPlainGet`. */
  read(bytes: Buffer): PlainGet | undefined {
    return this.#bytes?.equals(bytes) ? this.#get : readPlainGet(bytes);
  }

  /** Remembers what these bytes were read as. Not to be called for a request that is refused: strangers would fill the memory. */
  keep(bytes: Buffer, get: PlainGet): void {
    if (get === this.#get) return;
    this.#bytes = bytes;
    this.#get = get;
    const text = bytes.toString('latin1', bytes.indexOf(LINE_END) + 2, bytes.length - 2);
    if (!read.has(text)) read.set(text, get.headers);
  }
}

/** The request, or undefined when the bytes are not exactly one plain GET. */
export function readPlainGet(bytes: Buffer): PlainGet | undefined {
  const { length } = bytes;
  if (length > LONGEST_HEAD || length < 24 || bytes[0] !== 0x47 || bytes[length - 1] !== 0x0a)
    return undefined;
  const text = bytes.toString('latin1');
  const lineEnd = text.indexOf('\r\n') + 2;
  if (!text.startsWith(METHOD) || text.indexOf(END) !== length - END.length) return undefined;
  const urlEnd = lineEnd - VERSION.length;
  if (urlEnd <= METHOD.length || !text.startsWith(VERSION, urlEnd)) return undefined;
  const url = text.slice(METHOD.length, urlEnd);
  const headers = fieldsOf(text.slice(lineEnd, length - 2));
  return headers && PLAIN_URL.test(url) ? { url, headers } : undefined;
}

/** @param text the field lines, each with its line end */
function fieldsOf(text: string): PlainFields | undefined {
  const known = read.get(text);
  if (known !== undefined) return known;
  const fields = readPlainFields(text);
  // A length of nothing is one.
  return fields === undefined || 'content-length' in fields ? undefined : fields;
}
