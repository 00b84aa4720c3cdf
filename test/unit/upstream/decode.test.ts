import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodedText } from '../../../src/upstream/decode.ts';
import { ExchangeError } from '../../../src/upstream/exchange.ts';

const plain = '{"name":"größe"}';
const answer = (body: Buffer, coding?: string) => ({
  status: 200,
  headers: coding === undefined ? {} : { 'content-encoding': coding },
  body,
});

describe('the text of an answer', () => {
  it.each<[string | undefined, Buffer]>([
    [undefined, Buffer.from(plain)],
    ['identity', Buffer.from(plain)],
    ['gzip', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['br', brotliCompressSync(plain)],
  ])('coded as %s is read', (coding, body) => {
    expect(decodedText(answer(body, coding))).toBe(plain);
  });

  it('that is empty is empty in any coding', () => {
    expect(decodedText(answer(Buffer.alloc(0), 'gzip'))).toBe('');
  });

  it.each([['compress'], ['gzip']])('that is no %s breaks the exchange', (coding) => {
    const read = () => decodedText(answer(Buffer.from(plain), coding));
    expect(read).toThrow(ExchangeError);
    expect(read).toThrow(expect.objectContaining({ kind: 'broken', sent: true }));
  });

  it('that unfolds to more than memory should hold breaks the exchange', () => {
    const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024));
    expect(() => decodedText(answer(bomb, 'gzip'))).toThrow(ExchangeError);
  });
});
