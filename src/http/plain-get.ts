import { LRUCache } from 'lru-cache';

/**
 * Reads the plainest of all HTTP requests without Node's parser: one whole `GET` without a body, its head in the bytes
 * at hand and nothing behind it. Anything else, however slightly unusual, is undefined here and read by Node; what is
 * read here means exactly what Node would have read.
 */

/** A plain GET. */
export interface PlainGet {
  /** Path and query as in the request line. */
  readonly url: string;
  /** Lower-case names; no name occurs twice. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A head longer than this is not plain, bytes. */
const LONGEST_HEAD = 4096;

const END = '\r\n\r\n';
const METHOD = 'GET ';
const VERSION = ' HTTP/1.1\r\n';

/** RFC 9112, section 3.2.1: the characters a path and a query are made of, the first of them a slash. */
const URL = /^\/[!$-;=?-Z_a-z~[\]|%]*$/;
/** RFC 9110, sections 5.1 and 5.5, without obs-text and obs-fold. */
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([!-~](?:[ \t!-~]*[!-~])?)?[ \t]*$/;

/** Fields that make a message more than a plain GET, or the connection more than a kept-alive one. */
const NOT_PLAIN = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A caller sends the same fields with every request, but for ids of traces: the last few heads are kept read. */
const MOST_FIELDS = 512;
const read = new LRUCache<string, Readonly<Record<string, string>> | false>({ max: MOST_FIELDS });

/** Reads the requests of one connection, whose caller often says the same again, byte for byte. */
export class PlainGetReader {
  #bytes: Buffer | undefined;
  #get: PlainGet | undefined;

  /** See `readPlainGet`. */
  read(bytes: Buffer): PlainGet | undefined {
    if (this.#bytes?.equals(bytes)) return this.#get;
    const get = readPlainGet(bytes);
    if (get === undefined) return undefined;
    this.#bytes = bytes;
    this.#get = get;
    return get;
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
  return headers && URL.test(url) ? { url, headers } : undefined;
}

/** @param text the field lines, each with its line end */
function fieldsOf(text: string): PlainGet['headers'] | undefined {
  const known = read.get(text);
  if (known !== undefined) return known || undefined;
  const fields = readFields(text);
  read.set(text, fields ?? false);
  return fields;
}

function readFields(text: string): PlainGet['headers'] | undefined {
  const headers: Record<string, string> = Object.create(null);
  for (const line of text.split('\r\n').slice(0, -1)) {
    const found = FIELD.exec(line);
    if (!found) return undefined;
    const name = found[1]!.toLowerCase();
    const value = found[2] ?? '';
    const isKeepAlive = name === 'connection' && value.toLowerCase() === 'keep-alive';
    if (name in headers || (NOT_PLAIN.has(name) && !isKeepAlive)) return undefined;
    headers[name] = value;
  }
  return 'host' in headers ? headers : undefined;
}
