import { describe, expect, it } from 'vitest';
import { TokenProofs } from '../../../src/access/proof.ts';

const TTL = { ttlMs: 300_000 };
const MAIN = { account: 'main', tenantId: '42', ...TTL };

describe('an upstream token of a caller’s own', () => {
  it('is proven for its tenant and no other, for a while', () => {
    const proofs = new TokenProofs();
    expect(proofs.isProven('t', 'main', '42', 0)).toBe(false);
    proofs.prove('t', MAIN, 0);
    expect(proofs.isProven('t', 'main', '42', 299_999)).toBe(true);
    expect(proofs.isProven('t', 'main', '42', 300_000)).toBe(false);
    expect(proofs.isProven('t', 'main', '43', 0)).toBe(false);
    expect(proofs.isProven('t', 'lab', '42', 0)).toBe(false);
    expect(proofs.isProven('T', 'main', '42', 0)).toBe(false);
    expect(proofs.isProven('', 'main', '42', 0)).toBe(false);
  });

  it('is proven no longer than it is good', () => {
    const proofs = new TokenProofs();
    proofs.prove('t', { ...MAIN, expiresAtMs: 1_000 }, 0);
    expect(proofs.isProven('t', 'main', '42', 999)).toBe(true);
    expect(proofs.isProven('t', 'main', '42', 1_000)).toBe(false);
    proofs.prove('late', { ...MAIN, expiresAtMs: 1_000 }, 1_000);
    expect(proofs.find('late', 1_000)).toBeUndefined();
  });

  it('is unproven by the first refusal, until it is proven again', () => {
    const proofs = new TokenProofs();
    proofs.prove('t', MAIN, 0);
    proofs.prove('other', MAIN, 0);
    proofs.forget('t');
    expect(proofs.isProven('t', 'main', '42', 0)).toBe(false);
    expect(proofs.isProven('other', 'main', '42', 0)).toBe(true);
    proofs.prove('t', MAIN, 1);
    expect(proofs.isProven('t', 'main', '42', 1)).toBe(true);
  });

  it('keeps the user that its login told, as long as it is for that tenant', () => {
    const proofs = new TokenProofs();
    proofs.prove('t', { ...MAIN, userId: 'anna' }, 0);
    proofs.prove('t', MAIN, 1_000);
    expect(proofs.find('t', 1_000)).toEqual({
      account: 'main',
      tenantId: '42',
      userId: 'anna',
      endsAtMs: 301_000,
    });
    proofs.prove('t', { ...MAIN, tenantId: '43' }, 2_000);
    expect(proofs.find('t', 2_000)).toMatchObject({ tenantId: '43', userId: undefined });
    expect(proofs.isProven('t', 'main', '42', 2_000)).toBe(false);
  });

  it('is remembered in bounded memory, the latest first', () => {
    const proofs = new TokenProofs();
    for (let token = 0; token < 50_000; token++) proofs.prove(`token-${token}`, MAIN, 0);
    expect(proofs.bytes).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(proofs.isProven('token-49999', 'main', '42', 0)).toBe(true);
    expect(proofs.isProven('token-0', 'main', '42', 0)).toBe(false);
  });
});
