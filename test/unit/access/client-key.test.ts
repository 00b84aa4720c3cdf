import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CLIENT_KEY_PATTERN,
  digestClientKey,
  generateClientKey,
  isClientName,
  parseClientKey,
} from '../../../src/access/client-key.ts';

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
const secret = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));

describe('a client key', () => {
  it('is never the same twice, and names its client', () => {
    const [one, other] = [generateClientKey('billing'), generateClientKey('billing')];
    expect(one).toMatch(/^sluice_key_billing_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
    expect(other).not.toBe(one);
    expect(parseClientKey(one)).toEqual({ kind: 'key', name: 'billing' });
  });

  it('is read in one way alone, whatever is in the name', () => {
    fc.assert(
      fc.property(name, secret, (client, bytes) => {
        expect(parseClientKey(generateClientKey(client, bytes))).toEqual({ kind: 'key', name: client });
      }),
    );
    const inner = generateClientKey('a');
    const nested = inner.slice('sluice_key_'.length, 'sluice_key_'.length + 40);
    expect(parseClientKey(generateClientKey(nested))).toEqual({ kind: 'key', name: nested });
  });

  it('holds all 256 bits: no two secrets make one key', () => {
    const bits = (fill: number) => Buffer.alloc(32, fill);
    const keys = [bits(0), bits(255), Buffer.concat([Buffer.alloc(31), Buffer.of(1)])].map((bytes) =>
      generateClientKey('a', bytes),
    );
    expect(new Set(keys).size).toBe(3);
    fc.assert(
      fc.property(secret, secret, (one, other) => {
        expect(generateClientKey('a', one) === generateClientKey('a', other)).toBe(one.equals(other));
      }),
    );
  });

  it('is refused for its checksum when any one character is changed, left out or doubled', () => {
    const key = generateClientKey('build-farm_2.x', Buffer.alloc(32, 7));
    for (let at = 'sluice_key_'.length; at < key.length; at++) {
      for (const wrong of ['0', 'a', 'Z', '_'].filter((character) => character !== key[at])) {
        expect(parseClientKey(key.slice(0, at) + wrong + key.slice(at + 1)).kind).toBe('mistyped');
      }
      expect(parseClientKey(key.slice(0, at) + key.slice(at + 1)).kind).toBe('mistyped');
      expect(parseClientKey(key.slice(0, at) + key[at]! + key.slice(at)).kind).toBe('mistyped');
    }
  });

  it('is refused when neighbours are swapped', () => {
    const key = generateClientKey('billing', Buffer.alloc(32, 9));
    for (let at = 'sluice_key_'.length; at < key.length - 1; at++) {
      const swapped = key.slice(0, at) + key[at + 1]! + key[at]! + key.slice(at + 2);
      if (swapped !== key) expect(parseClientKey(swapped).kind).toBe('mistyped');
    }
  });

  it.each(['', 'sluice', 'sluice_key', 'gAAAAABk', 'x'.repeat(100_000), 'Sluice_key_a'])(
    'is not taken for one: %#',
    (text) => {
      expect(parseClientKey(text)).toEqual({ kind: 'other' });
    },
  );

  it.each(['sluice_key_', `sluice_key_${'a'.repeat(100_000)}`, 'sluice_key_a_b_c', `sluice_key_a\n`])(
    'is mistyped, not looked up: %#',
    (text) => {
      expect(parseClientKey(text)).toEqual({ kind: 'mistyped' });
    },
  );

  it('is found in any text by one expression', () => {
    const keys = ['a', 'ci.runner', 'x_y-z'].map((client) => generateClientKey(client));
    const text = `export KEY="${keys[0]}"\n{"token":"${keys[1]}"}, see https://host/${keys[2]}?x`;
    expect(text.match(new RegExp(CLIENT_KEY_PATTERN, 'g'))).toEqual(keys);
  });

  it('stands in a header, a URL and a shell as it is', () => {
    const key = generateClientKey('a.b_c-d');
    expect(encodeURIComponent(key)).toBe(key);
    expect(key).toMatch(/^[\w.-]+$/);
  });

  it('is recognised by the SHA-256 that any tool computes', () => {
    const key = generateClientKey('a');
    expect(digestClientKey(key)).toBe(createHash('sha256').update(key).digest('hex'));
  });

  it.each(['', '-a', '.a', '_a', 'a b', 'a/b', 'ä', 'a'.repeat(65)])(
    'is made for no name like %j',
    (wrong) => {
      expect(isClientName(wrong)).toBe(false);
      expect(() => generateClientKey(wrong)).toThrow(/must match/);
    },
  );
});
