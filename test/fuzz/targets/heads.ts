import fc from 'fast-check';
import { readPlainGet } from '../../../src/http/plain-get.ts';
import { readPlainPost } from '../../../src/http/plain-post.ts';
import type { FuzzTarget } from '../target.ts';
import { bent, repeated } from '../text.ts';

const PIECES = [
  ...[
    'GET ',
    'POST ',
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
    'Content-Length: 7',
    '{"a":1}',
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
  fc
    .tuple(fc.array(line, { maxLength: 4 }), bent(PIECES))
    .map(([lines, body]) =>
      ['POST / HTTP/1.1', `Content-Length: ${body.length}`, 'Host: gw', ...lines, '', body].join('\r\n'),
    ),
);

/** The fast path's readers: a plain request or nothing, and what they read holds nothing that could break a message. */
export const heads: FuzzTarget<string> = {
  name: 'request heads, read by the fast path',
  arbitrary: head,
  check(text) {
    const bytes = Buffer.from(text, 'latin1');
    const [get, post] = [readPlainGet(bytes), readPlainPost(bytes)];
    const read = get ?? post;
    if (read === undefined) return;
    const parts = [read.url, ...Object.entries(read.headers).flat()];
    if (parts.some((part) => /[^\t\x20-\x7e]/.test(part)))
      throw new Error('it let a control character through');
    const method = get === undefined ? 'POST' : 'GET';
    if (!text.startsWith(`${method} ${read.url} HTTP/1.1\r\n`)) throw new Error('it read another URL');
    if (post && !bytes.toString('latin1').endsWith(`\r\n\r\n${post.body.toString('latin1')}`))
      throw new Error('it read another body');
    if (post && post.headers['content-length'] !== `${post.body.length}`)
      throw new Error('it read another length');
  },
};
