import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { issueToken, LONGEST_USERNAME, verifyToken } from '../../../src/facade/sluice-token.ts';
import { createTokenKeys, randomTokenKey } from '../../../src/facade/token-keys.ts';

const NOW = Date.parse('2026-01-01T00:00:00.250Z');
const HOUR_MS = 3_600_000;
const keysOf = (...texts: string[]) => createTokenKeys(texts, randomTokenKey());
const key = keysOf('a key of these tests, long enough');
const bearer = { tenantId: '424242', username: 'billing' };

describe('a Sluice token', () => {
  it('says for whom it was issued, to every instance that has the key', () => {
    const { id, claims } = issueToken(key, bearer, NOW);
    const elsewhere = keysOf('a key of these tests, long enough');
    expect(verifyToken(elsewhere, id, NOW)).toEqual({ kind: 'valid', claims });
    expect(claims).toMatchObject(bearer);
  });

  it('fits into a path and a header as it is, and is never the same twice', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 64, unit: 'binary' }), (username) => {
        const { id } = issueToken(key, { tenantId: '1', username }, NOW);
        expect(id).toMatch(/^sluice_[\w-]+$/);
        expect(issueToken(key, { tenantId: '1', username }, NOW).id).not.toBe(id);
      }),
    );
  });

  it('has room for the longest user name there is', () => {
    for (const character of ['x', '\u{1F40C}'.slice(0, 1), '\u0000', 'é', '漢']) {
      const { id } = issueToken(key, { ...bearer, username: character.repeat(LONGEST_USERNAME) }, NOW);
      expect(verifyToken(key, id, NOW).kind).toBe('valid');
    }
  });

  it('lives a day by default and an hour at the least', () => {
    expect(issueToken(key, bearer, NOW).claims.expiresAtMs).toBeGreaterThanOrEqual(NOW + 24 * HOUR_MS);
    const short = issueToken(key, bearer, NOW, 5).claims;
    expect(short.expiresAtMs).toBeGreaterThanOrEqual(NOW + HOUR_MS);
    expect(short.expiresAtMs).toBeLessThan(NOW + HOUR_MS + 3_000);
  });

  it('is expired from its last moment on', () => {
    const { id, claims } = issueToken(key, bearer, NOW, HOUR_MS);
    expect(verifyToken(key, id, claims.expiresAtMs - 1).kind).toBe('valid');
    expect(verifyToken(key, id, claims.expiresAtMs)).toEqual({ kind: 'expired', claims });
  });

  it('is forged when anything in it is changed or another key signed it', () => {
    const { id } = issueToken(key, bearer, NOW);
    expect(verifyToken(keysOf('another'), id, NOW).kind).toBe('forged');
    fc.assert(
      fc.property(
        fc.integer({ min: 7, max: id.length - 1 }),
        fc.constantFrom('A', 'b', '9', '_'),
        (at, char) => {
          fc.pre(id[at] !== char);
          const changed = id.slice(0, at) + char + id.slice(at + 1);
          expect(verifyToken(key, changed, NOW).kind).toBe('forged');
        },
      ),
    );
    expect(verifyToken(key, `${id}=`, NOW).kind).toBe('forged');
    expect(verifyToken(key, id.slice(0, -1), NOW).kind).toBe('forged');
  });

  it('is told from anything else, whatever that is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(verifyToken(key, text, NOW).kind).toBe('foreign');
        expect(verifyToken(key, `sluice_${text}`, NOW).kind).toBe('forged');
      }),
    );
    expect(verifyToken(key, `sluice_${'A'.repeat(5_000)}`, NOW).kind).toBe('foreign');
  });

  it('is signed with the newest key of a ring and verified with all of them', () => {
    const before = issueToken(keysOf('old'), bearer, NOW).id;
    const after = issueToken(keysOf('new', 'old'), bearer, NOW).id;
    expect(verifyToken(keysOf('new', 'old'), before, NOW).kind).toBe('valid');
    expect(verifyToken(keysOf('new'), after, NOW).kind).toBe('valid');
    expect(verifyToken(keysOf('old'), after, NOW).kind).toBe('forged');
    expect(verifyToken(keysOf('new'), before, NOW).kind).toBe('forged');
  });

  it('is signed with a key of its own where none is configured', () => {
    const { id } = issueToken(keysOf(), bearer, NOW);
    expect(verifyToken(keysOf(), id, NOW).kind).toBe('forged');
  });
});
