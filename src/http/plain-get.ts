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
/** RFC 9110, sections 5.1 and 5.5, without obs-text and obs-fold; one class each, so that no blank is ever tried twice. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t -~]*$/;

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

/** A head with more fields is not plain: Node's path refuses it. */
export const MOST_FIELDS_OF_HEAD = 100;

/** A caller sends the same fields with every request, but for ids of traces: the last few heads are kept read. */
const MOST_HEADS = 512;
const read = new LRUCache<string, PlainGet['headers']>({ max: MOST_HEADS });

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
  if (known !== undefined) return known;
  const fields = readFields(text);
  // What is refused is not remembered.
  if (fields !== undefined) read.set(text, fields);
  return fields;
}

function readFields(text: string): PlainGet['headers'] | undefined {
  const headers: Record<string, string> = Object.create(null);
  let fields = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\r\n', at);
    const colon = text.indexOf(':', at);
    if (colon < 0 || colon > end || ++fields > MOST_FIELDS_OF_HEAD) return undefined;
    const name = text.slice(at, colon);
    const value = withoutBlanks(text, colon + 1, end);
    if (!NAME.test(name) || !VALUE.test(value) || !add(headers, name.toLowerCase(), value)) return undefined;
    at = end + 2;
  }
  return 'host' in headers ? headers : undefined;
}

/** False when the field makes the message more than a plain GET. */
function add(headers: Record<string, string>, name: string, value: string): boolean {
  const isKeepAlive = name === 'connection' && value.toLowerCase() === 'keep-alive';
  if (name in headers || (NOT_PLAIN.has(name) && !isKeepAlive)) return false;
  headers[name] = value;
  return true;
}

/** The text from `start` to `end` without blanks and tabs around it; each character is visited once. */
function withoutBlanks(text: string, start: number, end: number): string {
  let [first, last] = [start, end];
  while (first < last && isBlank(text.charCodeAt(first))) first++;
  while (last > first && isBlank(text.charCodeAt(last - 1))) last--;
  return text.slice(first, last);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;
