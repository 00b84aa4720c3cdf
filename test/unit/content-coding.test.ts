import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodingError, decodeContent, withoutByteOrderMark } from '../../src/content-coding.ts';

const plain = '{"name":"größe"}';
const MOST = 1024 * 1024;
const read = async (body: Buffer, coding?: string | string[]) =>
  (await decodeContent(body, coding, MOST)).toString();

describe('the bytes of a body', () => {
  it.each<[string | string[] | undefined, Buffer]>([
    [undefined, Buffer.from(plain)],
    ['', Buffer.from(plain)],
    ['identity', Buffer.from(plain)],
    ['gzip', gzipSync(plain)],
    ['GZIP', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['X-GZip', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['deflate', deflateRawSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['gzip, gzip', gzipSync(gzipSync(plain))],
    ['br,gzip', gzipSync(brotliCompressSync(plain))],
    ['identity, gzip', gzipSync(plain)],
    [' gzip ,, ', gzipSync(plain)],
    [['br', 'gzip'], gzipSync(brotliCompressSync(plain))],
  ])('coded as %j are read', async (coding, body) => {
    expect(await read(body, coding)).toBe(plain);
  });

  it('that is empty is empty in any coding', async () => {
    expect(await read(Buffer.alloc(0), 'gzip')).toBe('');
    expect(await read(Buffer.alloc(0), 'never-heard-of')).toBe('');
  });

  it.each([
    ['compress', Buffer.from(plain)],
    ['gzip', Buffer.from(plain)],
    ['gzip', gzipSync(plain).subarray(0, 12)],
    ['gzip, gzip', gzipSync(plain)],
    ['gzip;q=1', gzipSync(plain)],
    ['gzip, gzip, gzip, gzip, gzip', gzipSync(plain)],
    ['__proto__', Buffer.from(plain)],
  ])('that is no %s is an error', async (coding, body) => {
    await expect(read(body, coding)).rejects.toThrow(CodingError);
  });

  it('that unfolds to more than may be held is an error, at the first pass or the second', async () => {
    const bomb = gzipSync(Buffer.alloc(MOST + 1));
    await expect(read(bomb, 'gzip')).rejects.toThrow(CodingError);
    await expect(read(gzipSync(bomb), 'gzip, gzip')).rejects.toThrow(CodingError);
    await expect(read(gzipSync(Buffer.alloc(MOST)), 'gzip')).resolves.toHaveLength(MOST);
  });

  it('come back from whatever list of codings was applied', async () => {
    const coders = { gzip: gzipSync, 'x-gzip': gzipSync, deflate: deflateSync, br: brotliCompressSync };
    const names = fc.array(fc.constantFrom(...(Object.keys(coders) as (keyof typeof coders)[])), {
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), names, async (bytes, list) => {
        const body = list.reduce((coded, name) => coders[name](coded), Buffer.from(bytes));
        expect(await decodeContent(body, list.join(', '), MOST)).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 50 },
    );
  });
});

describe('a byte-order mark', () => {
  it('is no part of a text', () => {
    expect(withoutByteOrderMark(Buffer.from('\ufeff{}')).toString()).toBe('{}');
    expect(withoutByteOrderMark(Buffer.from('{}\ufeff')).toString()).toBe('{}\ufeff');
    expect(withoutByteOrderMark(Buffer.alloc(0))).toHaveLength(0);
  });
});
