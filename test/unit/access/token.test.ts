import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Bearer,
  issueToken,
  keyOfToken,
  LONGEST_USERNAME,
  TokenVerifier,
  verifyToken,
} from '../../../src/access/token.ts';
import {
  createTokenKeyRing,
  deriveTokenKey,
  randomTokenKey,
  TokenKeyRing,
} from '../../../src/access/token-keys.ts';

const NOW = Date.parse('2026-01-01T00:00:00.250Z');
const HOUR_MS = 3_600_000;
const PREFIX = 'sluice_token_';
const [older, newer] = [randomTokenKey(), randomTokenKey()];
const ring = new TokenKeyRing([newer, older]);
const BEARER: Bearer = {
  client: 'billing',
  generation: 'abcdefghijklmnop',
  account: 'main',
  tenantId: '424242',
  username: 'billing',
  method: 'password',
};

/** Both ways in, which must always say the same. */
function verdicts(id: string, nowMs: number, keys = ring) {
  const verifier = new TokenVerifier(keys);
  const [first, again] = [verifier.verify(id, nowMs), verifier.verify(id, nowMs)];
  expect(again).toEqual(first);
  expect(verifyToken(keys, id, nowMs)).toEqual(first);
  return first;
}

describe('a Sluice token', () => {
  it('says whose it is and for what, to every instance that has the key', () => {
    const { id, claims } = issueToken(ring, BEARER, NOW);
    expect(claims).toMatchObject(BEARER);
    expect(verdicts(id, NOW, new TokenKeyRing([newer]))).toEqual({ kind: 'valid', claims });
  });

  it('keeps any words whole, and is never the same twice', () => {
    const word = fc.string({ maxLength: 64, unit: 'binary' });
    fc.assert(
      fc.property(word, word, word, (client, username, tenantId) => {
        const { id } = issueToken(ring, { client, username, tenantId }, NOW);
        expect(id).toMatch(/^sluice_token_[\w-]+$/);
        expect(issueToken(ring, { client, username, tenantId }, NOW).id).not.toBe(id);
        expect(verdicts(id, NOW)).toMatchObject({ kind: 'valid', claims: { client, username, tenantId } });
      }),
    );
  });

  it('has room for the longest user name there is', () => {
    for (const character of ['x', '\u{1F40C}'.slice(0, 1), '\u0000', 'é', '漢']) {
      const { id } = issueToken(ring, { ...BEARER, username: character.repeat(LONGEST_USERNAME) }, NOW);
      expect(verdicts(id, NOW).kind).toBe('valid');
    }
  });

  it('lives a day by default and an hour at the least', () => {
    expect(issueToken(ring, BEARER, NOW).claims.expiresAtMs).toBeGreaterThanOrEqual(NOW + 24 * HOUR_MS);
    const ends = issueToken(ring, BEARER, NOW, 24 * HOUR_MS, NOW + 90_500).claims;
    expect(ends.expiresAtMs).toBe(Math.floor((NOW + 90_500) / 1_000) * 1_000);
    const short = issueToken(ring, BEARER, NOW, 5).claims;
    expect(short.expiresAtMs).toBeGreaterThanOrEqual(NOW + HOUR_MS);
    expect(short.expiresAtMs).toBeLessThan(NOW + HOUR_MS + 3_000);
  });

  it('is expired from its last moment on, however often it was good before', () => {
    const { id, claims } = issueToken(ring, BEARER, NOW, HOUR_MS);
    const verifier = new TokenVerifier(ring);
    expect(verifier.verify(id, claims.expiresAtMs - 1).kind).toBe('valid');
    expect(verifier.verify(id, claims.expiresAtMs)).toEqual({ kind: 'expired', claims });
    expect(verdicts(id, claims.expiresAtMs).kind).toBe('expired');
  });

  it('is forged when anything in it is changed', () => {
    const { id } = issueToken(ring, BEARER, NOW);
    const verifier = new TokenVerifier(ring);
    expect(verifier.verify(id, NOW).kind).toBe('valid');
    for (let at = PREFIX.length; at < id.length; at++) {
      for (const character of ['A', 'z', '-'].filter((one) => one !== id[at])) {
        const changed = id.slice(0, at) + character + id.slice(at + 1);
        expect(['forged', 'foreign']).toContain(verifier.verify(changed, NOW).kind);
        expect(['forged', 'foreign']).toContain(verifyToken(ring, changed, NOW).kind);
      }
    }
    for (const changed of [id.slice(0, -1), `${id}A`, `${id}=`, `${id} `, id.slice(0, 60), PREFIX])
      expect(verdicts(changed, NOW).kind).toBe('forged');
  });

  it('has one spelling', () => {
    const { id } = issueToken(ring, { ...BEARER, username: 'xx' }, NOW);
    const spare = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const bytes = (text: string) => Buffer.from(text.slice(PREFIX.length), 'base64url');
    const twins = [...spare]
      .map((last) => id.slice(0, -1) + last)
      .filter((twin) => twin !== id && bytes(twin).equals(bytes(id)));
    for (const twin of twins) expect(verdicts(twin, NOW).kind).toBe('forged');
  });

  it('is foreign when nobody here has signed it, and when it is something else', () => {
    const elsewhere = new TokenKeyRing([randomTokenKey()]);
    expect(verdicts(issueToken(elsewhere, BEARER, NOW).id, NOW)).toEqual({ kind: 'foreign' });
    for (const id of ['', 'gAAAAABk', 'sluice_key_a_b_c', 'x'.repeat(100_000), PREFIX + 'A'.repeat(100_000)])
      expect(verdicts(id, NOW)).toEqual({ kind: 'foreign' });
  });

  it('is good while its key is in the ring, and gone with it', () => {
    const { id } = issueToken(new TokenKeyRing([older]), BEARER, NOW);
    expect(verdicts(id, NOW).kind).toBe('valid');
    expect(verdicts(id, NOW, new TokenKeyRing([randomTokenKey(), newer, older])).kind).toBe('valid');
    expect(verdicts(id, NOW, new TokenKeyRing([newer]))).toEqual({ kind: 'foreign' });
  });

  it('is signed with the newest key', () => {
    const { id } = issueToken(ring, BEARER, NOW);
    expect(verdicts(id, NOW, new TokenKeyRing([newer])).kind).toBe('valid');
    expect(verdicts(id, NOW, new TokenKeyRing([older])).kind).toBe('foreign');
  });

  it('never makes the verifier throw', () => {
    fc.assert(
      fc.property(fc.base64String(), (text) => {
        expect(['forged', 'foreign']).toContain(verdicts(PREFIX + text, NOW).kind);
      }),
    );
  });
});

describe('a key of tokens', () => {
  it('is the same for the same secret on every instance, and another for another', () => {
    const [one, same, other] = ['a secret of the tests', 'a secret of the tests', 'another'].map(
      deriveTokenKey,
    );
    const { id } = issueToken(new TokenKeyRing([one!]), BEARER, NOW);
    expect(verdicts(id, NOW, new TokenKeyRing([same!])).kind).toBe('valid');
    expect(verdicts(id, NOW, new TokenKeyRing([other!])).kind).toBe('foreign');
  });

  it('is there in any case: a ring of no texts is the key of the process', () => {
    expect(createTokenKeyRing([], older).newest).toBe(older);
    const texts = createTokenKeyRing(['x'.repeat(32), 'y'.repeat(32)], older);
    expect(texts.all).toHaveLength(2);
    expect(texts.newest.id).toEqual(deriveTokenKey('x'.repeat(32)).id);
    expect(() => new TokenKeyRing([])).toThrow(/at least one/);
  });

  it('is named by its token, genuine or nearly so', () => {
    const { id } = issueToken(ring, BEARER, NOW);
    expect(keyOfToken(ring, id)).toBe(newer);
    expect(keyOfToken(new TokenKeyRing([older]), id)).toBeUndefined();
    for (const other of ['', 'sluice_token_', 'x'.repeat(100_000)])
      expect(keyOfToken(ring, other)).toBeUndefined();
  });
});
