import { scryptSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestClientKey, generateClientKey } from '../../../src/access/client-key.ts';
import {
  hashClientKey,
  hashPassword,
  hashSecret,
  parseKeyHash,
  type ScryptHash,
  verifyPassword,
} from '../../../src/access/key-hash.ts';

const CHEAP = { n: 1024, r: 1, p: 1 };
const SALT = 'c2FsdHNhbHRzYWx0c2FsdA';
const HASH = 'aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g';

describe('the hash of a key', () => {
  it('of a client key is its SHA-256, of any other text a scrypt', async () => {
    const key = generateClientKey('billing');
    expect(await hashSecret(key)).toBe(`sha256:${digestClientKey(key)}`);
    expect(await hashSecret('correct horse')).toMatch(/^scrypt:32768:8:3:[\w-]{22}:[\w-]{43}$/);
  });

  it('is made of nothing that is empty, and of no mistyped key', async () => {
    await expect(hashSecret('')).rejects.toThrow(/empty/);
    await expect(hashSecret(generateClientKey('a').slice(0, -1))).rejects.toThrow(/mistyped/);
  });

  it('is read again as it was written, in either case of hex', async () => {
    const key = generateClientKey('billing');
    const digest = digestClientKey(key);
    expect(parseKeyHash(hashClientKey(key))).toEqual({ kind: 'sha256', digest });
    expect(parseKeyHash(`sha256:${digest.toUpperCase()}`)).toEqual({ kind: 'sha256', digest });
    expect(parseKeyHash(await hashPassword('x', CHEAP))).toMatchObject({ kind: 'scrypt', ...CHEAP });
  });

  it('of a password fits that password and no other', async () => {
    const hash = parseKeyHash(await hashPassword('tröt', CHEAP)) as ScryptHash;
    expect(await verifyPassword('tröt', hash)).toBe(true);
    expect(await verifyPassword('tro\u0308t', hash)).toBe(true);
    for (const wrong of ['', 'trot', 'tröt ', 'TRÖT']) expect(await verifyPassword(wrong, hash)).toBe(false);
  });

  it('of one password is never the same twice', async () => {
    expect(await hashPassword('x', CHEAP)).not.toBe(await hashPassword('x', CHEAP));
  });

  it('is what scrypt is everywhere', async () => {
    const salt = Buffer.from(SALT, 'base64url');
    const made = scryptSync('secret', salt, 32, { N: 1024, r: 1, p: 1 }).toString('base64url');
    const hash = parseKeyHash(`scrypt:1024:1:1:${SALT}:${made}`) as ScryptHash;
    expect(await verifyPassword('secret', hash)).toBe(true);
  });

  it.each([
    '',
    'sha256:',
    `sha256:${'a'.repeat(63)}`,
    `sha256:${'g'.repeat(64)}`,
    `SHA256:${'a'.repeat(64)}`,
    'a'.repeat(64),
    `md5:${'a'.repeat(32)}`,
    'scrypt:',
    `scrypt:32768:8:1:${SALT}`,
    `scrypt:32768:8:1:${SALT}:short`,
    `scrypt:32768:8:1:s:${HASH}`,
    `scrypt:-1:8:1:${SALT}:${HASH}`,
    `scrypt:32768:8:1:${SALT}:${HASH}:more`,
    '$2b$10$abcdefghijklmnopqrstuv',
  ])('of unknown form is named as such, and not repeated: %#', (text) => {
    expect(parseKeyHash(text)).toEqual({
      kind: 'problem',
      text: 'is no hash of a key, accepted: sha256: and 64 hex digits (`sluice new-key`), or scrypt:N:r:p:salt:hash (`sluice hash-key`)',
    });
  });

  it.each([
    [32_767, 8, 1],
    [512, 8, 1],
    [0, 8, 1],
    [1, 8, 1],
    [32_768, 0, 1],
    [32_768, 8, 0],
  ])('protects nothing with N=%i r=%i p=%i', (n, r, p) => {
    expect(parseKeyHash(`scrypt:${n}:${r}:${p}:${SALT}:${HASH}`)).toMatchObject({
      kind: 'problem',
      text: expect.stringContaining('protect nothing'),
    });
  });

  it.each([
    [1_048_576, 8, 1],
    [131_072, 16, 1],
    [65_536, 8, 8],
    [16_777_216, 1, 1],
  ])('may not take all memory or time: N=%i r=%i p=%i', (n, r, p) => {
    expect(parseKeyHash(`scrypt:${n}:${r}:${p}:${SALT}:${HASH}`)).toMatchObject({
      kind: 'problem',
      text: expect.stringContaining('cost too much'),
    });
  });

  it.each([
    [131_072, 8, 1],
    [65_536, 8, 2],
    [16_384, 8, 5],
    [1_024, 1, 999],
  ])('may have other parameters that are recommended: N=%i r=%i p=%i', (n, r, p) => {
    expect(parseKeyHash(`scrypt:${n}:${r}:${p}:${SALT}:${HASH}`)).toMatchObject({ kind: 'scrypt', n, r, p });
  });

  it('never throws, and is never taken from other text', () => {
    fc.assert(fc.property(fc.string(), (text) => void expect(parseKeyHash(text).kind).toBe('problem')));
  });
});
