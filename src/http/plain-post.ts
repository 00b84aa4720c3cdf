import { PLAIN_URL, type PlainFields, readPlainFields } from './plain-fields.ts';

/**
 * Reads a whole small `POST` without Node's parser, as plain-get.ts reads a GET: its head and all of its body are the bytes at
 * hand, and nothing is behind them. Anything else, however slightly unusual, is undefined here and read by Node.
 */

/** A plain POST. */
export interface PlainPost {
  /** Path and query as in the request line. */
  readonly url: string;
  readonly headers: PlainFields;
  /** As long as its `Content-Length` says, and never empty. */
  readonly body: Buffer;
}

/** A head or a body longer than this is not plain, bytes. */
const LONGEST = 4096;

const END = '\r\n\r\n';
const METHOD = 'POST ';
const FIRST = METHOD.charCodeAt(0);
const VERSION = ' HTTP/1.1\r\n';

/** RFC 9110, section 8.6, without zeros in front. */
const LENGTH = /^[1-9]\d{0,3}$/;

/** The request, or undefined when the bytes are not exactly one plain POST. */
export function readPlainPost(bytes: Buffer): PlainPost | undefined {
  const { length } = bytes;
  if (length > 2 * LONGEST || bytes[0] !== FIRST) return undefined;
  const headEnd = bytes.indexOf(END, 0, 'latin1') + END.length;
  if (headEnd < END.length || headEnd > LONGEST || length - headEnd > LONGEST) return undefined;
  const text = bytes.toString('latin1', 0, headEnd);
  const lineEnd = text.indexOf('\r\n') + 2;
  const urlEnd = lineEnd - VERSION.length;
  if (urlEnd <= METHOD.length || !text.startsWith(METHOD) || !text.startsWith(VERSION, urlEnd))
    return undefined;
  const url = text.slice(METHOD.length, urlEnd);
  if (!PLAIN_URL.test(url)) return undefined;
  const headers = readPlainFields(text.slice(lineEnd, headEnd - 2));
  const announced = headers?.['content-length'];
  if (headers === undefined || announced === undefined || !LENGTH.test(announced)) return undefined;
  return Number(announced) === length - headEnd ? { url, headers, body: bytes.subarray(headEnd) } : undefined;
}
