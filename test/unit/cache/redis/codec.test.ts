import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EntryFields, KEPT_HEADERS } from '../../../../src/cache/entry.ts';
import { decodeEntry, encodeEntry } from '../../../../src/cache/redis/codec.ts';
import { LONGEST_ENTRY } from '../../../../src/cache/redis/scripts.ts';
import { createSeal } from '../../../../src/redis/seal.ts';

const NOW = 1_700_000_000_000;
const seal = createSeal(['a key of thirty-two characters or more']);

const text = fc.string({ unit: 'grapheme' });
const value = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,40}$/);
const length = fc.integer({ min: 0, max: 100_000_000 });
const entry: fc.Arbitrary<EntryFields> = fc
  .record({
    tenant: text,
    subject: text,
    query: text,
    status: fc.constantFrom(200, 404),
    headers: fc.dictionary(fc.constantFrom(...KEPT_HEADERS), value),
    body: fc.jsonValue().map((json) => JSON.stringify([json, { links: [{ href: 'http://a.test/b' }] }])),
    padding: fc.constantFrom(0, 2000),
    age: fc.integer({ min: 0, max: 1_000_000_000 }),
    lengths: fc.tuple(length, length, length),
  })
  .map(({ body, padding, age, lengths: [fresh, stale, error], ...fields }) => ({
    ...fields,
    key: 'key',
    scope: 'scope',
    body: body + ' '.repeat(padding),
    storedAt: NOW - age,
    freshUntil: NOW - age + fresh,
    staleUntil: NOW - age + fresh + stale,
    errorUntil: NOW - age + fresh + error,
  }));
const [sample] = fc.sample(entry, { seed: 7, numRuns: 1 }) as [EntryFields];
const plain: EntryFields = { ...sample, status: 200, body: '{"flavor": {"id": "2"}}' };

const decode = (bytes: Buffer, changes: Partial<EntryFields> = {}, by = seal, now = NOW) => {
  const { key, scope, tenant, subject, query } = { ...sample, ...changes };
  return decodeEntry(bytes, { key, scope, tenant, subject, query }, by, now);
};
const encode = (changes: Partial<EntryFields> = {}, by = seal) =>
  encodeEntry({ ...plain, ...changes }, '1700000000000000', by)!;

describe('an entry in Redis', () => {
  it('reads back exactly, short or packed, with its links', () => {
    fc.assert(
      fc.property(entry, (fields) => {
        const read = decode(encodeEntry(fields, '1700000000000000', seal)!, fields);
        expect(read).toEqual({ ...fields, headers: { ...fields.headers }, hrefs: expect.any(Array) });
        const [start, end] = read!.hrefs!.slice(-2);
        expect(read!.body.slice(start, end)).toBe('http://a.test/b');
      }),
    );
  });

  it('is much shorter than its text when that is long', () => {
    const body = JSON.stringify(Array.from({ length: 200 }, (_, at) => ({ id: `flavor ${at}`, ram: 512 })));
    expect(encode({ body }).length).toBeLessThan(body.length / 3);
  });

  it('with any byte changed, cut or added is rubbish', () => {
    const bytes = encode();
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, by) => {
          const spoilt = Buffer.from(bytes);
          spoilt[at] = spoilt[at]! ^ by;
          expect(decode(spoilt)).toBeNull();
        },
      ),
      { numRuns: 1000 },
    );
    for (let length = 0; length < bytes.length; length++)
      expect(decode(bytes.subarray(0, length))).toBeNull();
    expect(decode(Buffer.concat([bytes, Buffer.from('x')]))).toBeNull();
  });

  it('of another version, or none at all, is rubbish', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        expect(decode(Buffer.from(bytes))).toBeNull();
      }),
    );
    const bytes = encode();
    bytes[0] = '1'.charCodeAt(0);
    expect(decode(bytes)).toBeNull();
  });

  it('under the key or in the scope of another is rubbish', () => {
    expect(decode(encode(), { key: 'other' })).toBeNull();
    expect(decode(encode(), { scope: 'other' })).toBeNull();
    expect(decode(encode())).not.toBeNull();
  });

  it('of somebody with another key, or with none, is rubbish, and so is one with a key to who has none', () => {
    const others = [createSeal(['another key of as many characters']), createSeal([])];
    for (const other of others) {
      expect(decode(encode({}, other))).toBeNull();
      expect(decode(encode(), {}, other)).toBeNull();
    }
  });
});

/** What somebody who can write to Redis may try where no key is set: everything is well sealed, and none of it goes out. */
describe('a well-sealed entry is rubbish all the same', () => {
  it.each([
    ['with a status that is never kept', { status: 999 }],
    ['with an informational status', { status: 101 }],
    ['with a fault', { status: 500 }],
    ['with a list that is not there', { status: 404 }, { subject: undefined }],
    ['that splits the head', { headers: { 'retry-after': '1\r\nSet-Cookie: a=b' } }],
    ['with a character of more than a byte in its head', { headers: { 'retry-after': 'ā' } }],
    ['with a header that is never kept', { headers: { 'set-cookie': 'a=b' } }],
    ['with a header that frames', { headers: { 'content-length': '5' } }],
    ['with a name that is none', { headers: { 'retry after': '1' } }],
    ['with a header of 10 KB', { headers: { 'retry-after': '1'.repeat(10_000) } }],
    ['with HTML', { body: '<script>alert(1)</script>' }],
    ['with no body', { body: '' }],
    ['with half a document', { body: '{"flavor": {"id": "2"' }],
    ['with two documents', { body: '{} {}' }],
    ['from tomorrow', { storedAt: NOW + 86_400_000, freshUntil: NOW + 86_500_000 }],
    ['that was never fresh', { storedAt: NOW, freshUntil: NOW - 1 }],
    ['that is stale before it is not fresh', { freshUntil: NOW + 10, staleUntil: NOW + 5 }],
    ['from before time began', { storedAt: -1 }],
    ['from beyond numbers', { staleUntil: 1e300, errorUntil: 1e300 }],
  ] as [string, Partial<EntryFields>, Partial<EntryFields>?][])('%s', (_, changes, identity = {}) => {
    for (const by of [seal, createSeal([])])
      expect(decode(encode({ ...changes, ...identity }, by), identity, by)).toBeNull();
  });

  it('with text that is no UTF-8', () => {
    const open = createSeal([]);
    const facts = '2 1700000000000000 200 1 2 3 4 p';
    const payload = Buffer.concat([Buffer.from('{}\n{"a": "'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    const line = `${facts} ${open.of('cache entry', 'key', 'scope', facts, payload)}\n`;
    expect(decode(Buffer.concat([Buffer.from(line), payload]), {}, open)).toBeNull();
  });

  it('that unpacks to gigabytes', () => {
    const open = createSeal([]);
    const facts = '2 1700000000000000 200 1 2 3 4 z';
    const payload = deflateRawSync(
      Buffer.concat([Buffer.from('{}\n'), Buffer.alloc(64 * 1024 * 1024, 0x20)]),
    );
    const line = `${facts} ${open.of('cache entry', 'key', 'scope', facts, payload)}\n`;
    expect(decode(Buffer.concat([Buffer.from(line), payload]), {}, open)).toBeNull();
  });

  it('that is longer than any of ours', () => {
    expect(decode(Buffer.concat([encode(), Buffer.alloc(LONGEST_ENTRY)]))).toBeNull();
  });
});

it('an answer that is too long to be shared is not', () => {
  const body = `{"a": "${'x'.repeat(5 * 1024 * 1024)}"}`;
  expect(encodeEntry({ ...plain, body }, '1', seal)).toBeNull();
});
