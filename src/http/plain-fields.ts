/** The part of a plain request that is the same for every method: its URL and its fields, as Node would read them. */

/** RFC 9112, section 3.2.1: the characters a path and a query are made of, the first of them a slash. */
export const PLAIN_URL = /^\/[!$-;=?-Z_a-z~[\]|%]*$/;
/** RFC 9110, sections 5.1 and 5.5, without obs-text and obs-fold; one class each, so that no blank is ever tried twice. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t -~]*$/;

/** Fields that make a message more than a plain one, or the connection more than a kept-alive one. */
const NOT_PLAIN = new Set([
  'connection',
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

/** Lower-case names; no name occurs twice. */
export type PlainFields = Readonly<Record<string, string>>;

/**
 * The fields of a head, its `Content-Length` included if it has one; undefined when anything about them is unusual.
 *
 * @param text the field lines, each with its line end
 */
export function readPlainFields(text: string): PlainFields | undefined {
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

/** False when the field makes the message more than a plain one. */
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
