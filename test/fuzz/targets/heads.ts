import fc from 'fast-check';
import { readPlainGet } from '../../../src/http/plain-get.ts';
import type { FuzzTarget } from '../target.ts';
import { bent, repeated } from '../text.ts';

const PIECES = [
  ...[
    'GET ',
    '/',
    '/dfw/v2/1/flavors',
    '?limit=1',
    ' HTTP/1.1',
    '\r\n',
    '\r\n\r\n',
    'Host: gw',
    'HEAD ',
    ' HTTP/1.0',
  ],
  ...[
    'Accept: application/json',
    'X-A:',
    ': ',
    ' ',
    '\t',
    'Content-Length: 0',
    'Connection: keep-alive',
    '\n',
    'Host:',
  ],
];

const line = fc.oneof(
  bent(PIECES),
  fc
    .tuple(fc.constantFrom('X-A', 'Accept', 'a'.repeat(500)), repeated(fc.constantFrom(' ', '\t', 'a ', 'é')))
    .map(([name, value]) => `${name}:${value}`),
);
const head = fc.oneof(
  bent(PIECES),
  fc
    .array(line, { maxLength: 4 })
    .map((lines) => ['GET / HTTP/1.1', 'Host: gw', ...lines, '', ''].join('\r\n')),
);

/** The fast path's reader of heads: a plain GET or nothing, and what it reads holds nothing that could break a message. */
export const heads: FuzzTarget<string> = {
  name: 'request heads, read by the fast path',
  arbitrary: head,
  check(text) {
    const get = readPlainGet(Buffer.from(text, 'latin1'));
    if (get === undefined) return;
    const parts = [get.url, ...Object.entries(get.headers).flat()];
    if (parts.some((part) => /[^\t\x20-\x7e]/.test(part)))
      throw new Error('it let a control character through');
    if (!text.startsWith(`GET ${get.url} HTTP/1.1\r\n`)) throw new Error('it read another URL');
  },
};
