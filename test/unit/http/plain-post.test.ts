import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPlainPost } from '../../../src/http/plain-post.ts';
import { fieldLines, nodeReader, targets } from '../../support/node-reader.ts';

const LINE = 'POST /v2.0/tokens HTTP/1.1';

/** A request with a body, its length as it is unless a line says otherwise. */
function post(
  body: string,
  lines: readonly string[] = [LINE, 'Host: gw'],
  length = `${Buffer.byteLength(body)}`,
) {
  const head = [...lines, `Content-Length: ${length}`].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), Buffer.from(body)]);
}

describe('a plain POST', () => {
  it('is read: its URL as it stands, names in lower case, its body as bytes', () => {
    const read = readPlainPost(
      post('{"ä":1}\r\n\r\n', [LINE, 'Host: gw:8080', 'X-A: \t a b \t', 'Connection: Keep-Alive']),
    );
    expect(read).toMatchObject({
      url: '/v2.0/tokens',
      headers: { host: 'gw:8080', 'x-a': 'a b', connection: 'Keep-Alive', 'content-length': '12' },
    });
    expect(String(read!.body)).toBe('{"ä":1}\r\n\r\n');
  });

  it('may be 4 kB and no longer', () => {
    expect(readPlainPost(post('x'.repeat(4_096)))?.body).toHaveLength(4_096);
    expect(readPlainPost(post('x'.repeat(4_097)))).toBeUndefined();
  });

  it.each([
    ['another method', post('{}', ['PUT / HTTP/1.1', 'Host: a'])],
    ['a method in small letters', post('{}', ['Post / HTTP/1.1', 'Host: a'])],
    ['HTTP/1.0', post('{}', ['POST / HTTP/1.0', 'Host: a'])],
    ['no Host', post('{}', [LINE])],
    ['the absolute form of a URL', post('{}', ['POST http://gw/ HTTP/1.1', 'Host: a'])],
    ['a blank in the URL', post('{}', ['POST /a b HTTP/1.1', 'Host: a'])],
    ['no body', post('')],
    ['no length', Buffer.from(`${LINE}\r\nHost: a\r\n\r\n{}`)],
    ['a length that is too short', post('{}', undefined, '1')],
    ['a length that is too long', post('{}', undefined, '3')],
    ['zeros before its length', post('{}', undefined, '02')],
    ['a sign before its length', post('{}', undefined, '+2')],
    ['a length with a fraction', post('{}', undefined, '2.0')],
    ['a length in hex', post('{}', undefined, '0x2')],
    ['two lengths in one', post('{}', undefined, '2, 2')],
    ['two lengths', post('{}', [LINE, 'Host: a', 'Content-Length: 2'])],
    ['a chunked body', post('{}', [LINE, 'Host: a', 'Transfer-Encoding: chunked'])],
    ['a body that is coded in no way', post('{}', [LINE, 'Host: a', 'Transfer-Encoding: identity'])],
    ['an expectation', post('{}', [LINE, 'Host: a', 'Expect: 100-continue'])],
    ['an upgrade', post('{}', [LINE, 'Host: a', 'Connection: Upgrade', 'Upgrade: h2c'])],
    ['the end of the connection', post('{}', [LINE, 'Host: a', 'Connection: close'])],
    ['a name twice', post('{}', [LINE, 'Host: a', 'Accept: a/b', 'accept: c/d'])],
    ['a folded line', post('{}', [LINE, 'Host: a', 'Accept: a,', ' b'])],
    ['a blank before the colon', post('{}', [LINE, 'Host: a', 'Accept : a'])],
    ['a value that is not ASCII', post('{}', [LINE, 'Host: a', 'X-Name: \u00e4'])],
    ['a carriage return in a value', post('{}', [LINE, 'Host: a', 'X-Name: a\rb'])],
    ['a bare line feed', Buffer.from('POST / HTTP/1.1\nHost: a\nContent-Length: 2\n\n{}')],
    ['half a head', Buffer.from(`${LINE}\r\nHost: a\r\nContent-Length: 2\r\n`)],
    ['half a body', post('{}').subarray(0, -1)],
    ['a second request behind it', Buffer.concat([post('{}'), post('{}')])],
    ['an empty line before it', Buffer.concat([Buffer.from('\r\n'), post('{}')])],
    ['a head of more than 4 kB', post('{}', [LINE, 'Host: a', `X-Long: ${'x'.repeat(4_096)}`])],
    [
      'more than a hundred fields',
      post('{}', [LINE, 'Host: a', ...Array.from({ length: 99 }, (_, at) => `X-${at}: a`)]),
    ],
    ['a field without a colon', post('{}', [LINE, 'Host: a', 'Accept'])],
    ['nothing', Buffer.alloc(0)],
  ])('is not one with %s', (_what, bytes) => {
    expect(readPlainPost(bytes)).toBeUndefined();
  });
});

describe('beside Node', () => {
  const asNodeReads = nodeReader();
  const line = fieldLines(
    'Connection: keep-alive',
    'Accept: */*',
    'Transfer-Encoding: chunked',
    'TE: trailers',
  );
  const length = fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.nat({ max: 40 }).map(String) },
    { weight: 1, arbitrary: fc.constantFrom('', ' 5', '0005', '1e1', '5,5', '-5') },
  );
  const body = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom('GET / HTTP/1.1\r\nHost: a\r\n\r\n', '0\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n'),
  );

  it('whatever is read here is one request there, with the same URL, fields and body', async () => {
    let read = 0;
    const requests = fc.tuple(targets, fc.array(line, { maxLength: 3 }), length, body);
    await fc.assert(
      fc.asyncProperty(requests, async ([target, lines, announced, text]) => {
        const bytes = post(text, [`POST ${target} HTTP/1.1`, 'Host: gw', ...lines], announced);
        const plain = readPlainPost(bytes);
        if (plain === undefined) return;
        read++;
        expect(await asNodeReads(bytes)).toEqual([
          { url: plain.url, headers: { ...plain.headers }, body: plain.body.toString('latin1') },
        ]);
      }),
      { numRuns: 500, seed: 20_261_130 },
    );
    expect(read).toBeGreaterThan(50);
  });
});
