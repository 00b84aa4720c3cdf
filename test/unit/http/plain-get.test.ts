import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlainGetReader, readPlainGet } from '../../../src/http/plain-get.ts';
import { fieldLines, nodeReader, targets } from '../../support/node-reader.ts';

const get = (...lines: string[]) => Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
const PLAIN = ['GET /dfw/v2/1/flavors?limit=2 HTTP/1.1', 'Host: gw:8080'];

describe('a plain GET', () => {
  it('is read: its URL as it stands, names in lower case, values without blanks around them', () => {
    expect(
      readPlainGet(get(...PLAIN, 'Accept:application/json', 'X-Auth-Token: \t a b \t', 'X-Empty:')),
    ).toEqual({
      url: '/dfw/v2/1/flavors?limit=2',
      headers: { host: 'gw:8080', accept: 'application/json', 'x-auth-token': 'a b', 'x-empty': '' },
    });
  });

  it('may say keep-alive', () => {
    expect(readPlainGet(get(...PLAIN, 'Connection: Keep-Alive'))?.headers).toHaveProperty('connection');
  });

  it.each([
    ['another method', get('HEAD / HTTP/1.1', 'Host: a')],
    ['HTTP/1.0', get('GET / HTTP/1.0', 'Host: a')],
    ['no Host', get('GET / HTTP/1.1', 'Accept: */*')],
    ['the absolute form of a URL', get('GET http://gw/ HTTP/1.1', 'Host: a')],
    ['a blank in the URL', get('GET /a b HTTP/1.1', 'Host: a')],
    ['two blanks before the version', get('GET /a  HTTP/1.1', 'Host: a')],
    ['a URL that is not ASCII', get('GET /\u00e4 HTTP/1.1', 'Host: a')],
    ['a fragment', get('GET /a#b HTTP/1.1', 'Host: a')],
    ['a body', get(...PLAIN, 'Content-Length: 3')],
    ['a length of nothing', get(...PLAIN, 'Content-Length: 0')],
    ['a chunked body', get(...PLAIN, 'Transfer-Encoding: chunked')],
    ['an upgrade', get(...PLAIN, 'Connection: Upgrade', 'Upgrade: h2c')],
    ['the end of the connection', get(...PLAIN, 'Connection: close')],
    ['an expectation', get(...PLAIN, 'Expect: 100-continue')],
    ['a name twice', get(...PLAIN, 'Accept: a/b', 'accept: c/d')],
    ['a folded line', get(...PLAIN, 'Accept: a,', ' b')],
    ['a blank before the colon', get(...PLAIN, 'Accept : a')],
    ['a name that is none', get(...PLAIN, 'Acc(ept): a')],
    ['a value that is not ASCII', get(...PLAIN, 'X-Name: \u00e4')],
    ['a control character in a value', get(...PLAIN, 'X-Name: a\u0001b')],
    ['a bare line feed', Buffer.from('GET / HTTP/1.1\nHost: a\r\n\r\n')],
    ['half a head', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n')],
    ['a second request behind it', Buffer.concat([get(...PLAIN), get(...PLAIN)])],
    ['an empty line before it', Buffer.concat([Buffer.from('\r\n'), get(...PLAIN)])],
    ['a head of more than 4 kB', get(...PLAIN, `X-Long: ${'x'.repeat(4096)}`)],
    ['more than a hundred fields', get(...PLAIN, ...Array.from({ length: 100 }, (_, at) => `X-${at}: a`))],
    ['a field without a colon', get(...PLAIN, 'Accept')],
    ['a field without a name', get(...PLAIN, ': a')],
    ['an empty line in the middle', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\nAccept: a\r\n\r\n')],
    ['nothing', Buffer.alloc(0)],
  ])('is not one with %s', (_what, bytes) => {
    expect(readPlainGet(bytes)).toBeUndefined();
  });
});

describe('a head', () => {
  const headersOf = (bytes: Buffer) => new PlainGetReader().read(bytes)!.headers;

  it('is remembered for all connections, whatever URL it comes with, once it is kept', () => {
    const lines = ['Host: gw', 'X-Auth-Token: kept'];
    const first = get('GET /first HTTP/1.1', ...lines);
    const reader = new PlainGetReader();
    const read = reader.read(first)!;
    expect(headersOf(get('GET /second HTTP/1.1', ...lines))).not.toBe(read.headers);
    reader.keep(first, read);
    expect(headersOf(get('GET /second HTTP/1.1', ...lines))).toBe(read.headers);
    expect(headersOf(get('GET /second HTTP/1.1', ...lines, 'X-A: b'))).not.toBe(read.headers);
  });

  it('that is not kept is not remembered, and displaces none', () => {
    const [known, reader] = [get(...PLAIN, 'X-Auth-Token: right'), new PlainGetReader()];
    const read = reader.read(known)!;
    reader.keep(known, read);
    for (let at = 0; at < 2_000; at++) new PlainGetReader().read(get(...PLAIN, `X-Auth-Token: ${at}`));
    expect(headersOf(known)).toBe(read.headers);
  });
});

describe('a connection', () => {
  it('may say the same again, or something else, or something that is not plain', () => {
    const reader = new PlainGetReader();
    const [first, other] = [get(...PLAIN), get('GET /other HTTP/1.1', 'Host: gw:8080')];
    const read = reader.read(Buffer.from(first))!;
    expect(reader.read(Buffer.from(first))).not.toBe(read);
    reader.keep(first, read);
    expect(read.url).toBe('/dfw/v2/1/flavors?limit=2');
    expect(reader.read(Buffer.from(first))).toBe(read);
    expect(reader.read(get(...PLAIN, 'Content-Length: 1'))).toBeUndefined();
    expect(reader.read(other)?.url).toBe('/other');
    expect(reader.read(Buffer.from(first))).toEqual(read);
  });
});

describe('beside Node', () => {
  const asNodeReads = nodeReader();
  const line = fc.oneof(
    fieldLines('Connection: keep-alive', 'Content-Length: 0', 'Accept: */*', 'TE: trailers'),
    fc.stringMatching(/^[\t -~]{0,30}$/),
  );

  it('whatever is read here is one request there, with the same URL and fields', async () => {
    let read = 0;
    const heads = fc.tuple(targets, fc.array(line, { maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(heads, async ([target, lines]) => {
        const bytes = get(`GET ${target} HTTP/1.1`, 'Host: gw', ...lines);
        const plain = readPlainGet(bytes);
        if (plain === undefined) return;
        read++;
        expect(await asNodeReads(bytes)).toEqual([
          { url: plain.url, headers: { ...plain.headers }, body: '' },
        ]);
      }),
      { numRuns: 500, seed: 20_261_126 },
    );
    expect(read).toBeGreaterThan(50);
  });
});
