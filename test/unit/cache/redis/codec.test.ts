import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EntryFields } from '../../../../src/cache/entry.ts';
import { decodeEntry, encodeEntry } from '../../../../src/cache/redis/codec.ts';

const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
const text = fc.string({ unit: 'grapheme' });
const entry: fc.Arbitrary<EntryFields> = fc.record({
  key: fc.constant('key'),
  scope: fc.constant('scope'),
  tenant: text,
  subject: fc.option(text, { nil: undefined }),
  query: text,
  status: fc.constantFrom(200, 404),
  headers: fc.dictionary(text, text),
  body: fc.oneof(
    text,
    fc.jsonValue().map((value) => JSON.stringify([value, 'x'.repeat(2000)])),
  ),
  storedAt: time,
  freshUntil: time,
  staleUntil: time,
  errorUntil: time,
});

describe('an entry in Redis', () => {
  it('reads back exactly, short or packed', () => {
    fc.assert(
      fc.property(entry, (fields) => {
        expect(decodeEntry(encodeEntry(fields, '1700000000000000'), 'key', 'scope')).toEqual({
          ...fields,
          headers: { ...fields.headers },
        });
      }),
    );
  });

  it('is much shorter than its text when that is long', () => {
    const [fields] = fc.sample(entry, 1);
    const body = JSON.stringify(Array.from({ length: 200 }, (_, at) => ({ id: `flavor ${at}`, ram: 512 })));
    expect(encodeEntry({ ...fields!, body }, '1').length).toBeLessThan(body.length / 3);
  });

  it('with any byte changed, cut or added is rubbish', () => {
    const [fields] = fc.sample(entry, { seed: 7, numRuns: 1 });
    const bytes = encodeEntry({ ...fields!, body: '{"flavor": {"id": "2"}}' }, '1700000000000000');
    const header = bytes.indexOf(0x0a);
    fc.assert(
      fc.property(
        fc.integer({ min: header + 1, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, by) => {
          const spoilt = Buffer.from(bytes);
          spoilt[at] = spoilt[at]! ^ by;
          expect(decodeEntry(spoilt, 'key', 'scope')).toBeNull();
        },
      ),
    );
    expect(decodeEntry(bytes.subarray(0, -1), 'key', 'scope')).toBeNull();
    expect(decodeEntry(Buffer.concat([bytes, Buffer.from('x')]), 'key', 'scope')).toBeNull();
  });

  it('of another version, or none at all, is rubbish', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeEntry(Buffer.from(bytes), 'key', 'scope')).toBeNull();
      }),
    );
    const [fields] = fc.sample(entry, 1);
    const bytes = encodeEntry(fields!, '1');
    bytes[0] = '2'.charCodeAt(0);
    expect(decodeEntry(bytes, 'key', 'scope')).toBeNull();
  });

  it('under the key of another is rubbish', () => {
    const [fields] = fc.sample(entry, 1);
    expect(decodeEntry(encodeEntry(fields!, '1'), 'other key', 'scope')).toBeNull();
  });
});
