import { describe, expect, it } from 'vitest';
import { generateClientKey } from '../../../src/access/client-key.ts';
import { ClientRegistry } from '../../../src/access/clients.ts';
import { hashClientKey, hashPassword } from '../../../src/access/key-hash.ts';
import { type LoginVerdict, logIn, logInNow, loginFault } from '../../../src/access/login.ts';
import { PasswordVerifier } from '../../../src/access/password.ts';
import { clientSettings } from '../../support/client-settings.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const [a, b] = ['billing', 'ci'].map((name) => generateClientKey(name)) as [string, string];

async function setUp() {
  const clock = new FakeClock(Date.parse('2026-01-01T00:00:00Z'));
  const registry = new ClientRegistry([
    clientSettings('billing', { keyHash: hashClientKey(a) }),
    clientSettings('ci', { keys: [{ hash: hashClientKey(b), notAfter: '2026-01-01T01:00Z' }] }),
    clientSettings('anna', { keyHash: await hashPassword('correct horse', { n: 1024, r: 1, p: 1 }) }),
  ]);
  const passwords = new PasswordVerifier(clock);
  const attempt = (name: string, secret: string) =>
    logIn({ name, secret, address: '10.0.0.1' }, { registry, passwords, clock });
  const atOnce = (name: string, secret: string) =>
    logInNow({ name, secret, address: '10.0.0.1' }, { registry, passwords, clock });
  return { clock, attempt, atOnce };
}

const refused = (reason: string) => expect.objectContaining({ kind: 'refused', reason });

describe('a login', () => {
  it('is good with a client’s name and its key or password', async () => {
    const { attempt } = await setUp();
    expect(await attempt('billing', a)).toMatchObject({ kind: 'client', key: { name: 'billing-0' } });
    expect(await attempt('anna', 'correct horse')).toMatchObject({ kind: 'client', key: { name: 'anna-0' } });
  });

  it('is refused with another’s key, another’s name, no key, and a wrong password', async () => {
    const { attempt } = await setUp();
    expect(await attempt('ci', a)).toEqual(refused('unknown-key'));
    expect(await attempt('nobody', a)).toEqual(refused('unknown-key'));
    expect(await attempt('billing', generateClientKey('billing'))).toEqual(refused('unknown-key'));
    expect(await attempt('billing', a.slice(0, -2))).toEqual(refused('mistyped-key'));
    expect(await attempt('anna', 'horse')).toEqual(refused('wrong-password'));
    expect(await attempt('billing', 'correct horse')).toEqual(refused('wrong-password'));
  });

  it('is refused once the key has ended', async () => {
    const { clock, attempt } = await setUp();
    expect((await attempt('ci', b)).kind).toBe('client');
    clock.tick(3_600_000);
    expect(await attempt('ci', b)).toEqual(refused('ended-key'));
  });

  it('is judged at once by a key, and by a password as soon as it need not be verified', async () => {
    const { attempt, atOnce } = await setUp();
    expect(atOnce('billing', a)).toMatchObject({ kind: 'client' });
    expect(atOnce('ci', a)).toEqual(refused('unknown-key'));
    expect(atOnce('billing', a.slice(0, -2))).toEqual(refused('mistyped-key'));
    expect(atOnce('anna', 'horse')).toBeUndefined();
    expect(atOnce('anna', 'correct horse')).toBeUndefined();
    await attempt('anna', 'horse');
    expect(atOnce('anna', 'horse')).toEqual(refused('wrong-password'));
    for (let failure = 0; failure < 5; failure++) atOnce('anna', 'horse');
    expect(atOnce('anna', 'correct horse')).toEqual({
      kind: 'refused',
      reason: 'too-many-failures',
      retryAfterSeconds: 1,
    });
  });

  it('is slowed after failures, never with a key', async () => {
    const { attempt } = await setUp();
    let verdict: LoginVerdict | undefined;
    for (let failure = 0; failure < 7; failure++) verdict = await attempt('anna', 'horse');
    expect(verdict).toEqual({ kind: 'refused', reason: 'too-many-failures', retryAfterSeconds: 1 });
    for (let failure = 0; failure < 50; failure++) await attempt('billing', generateClientKey('billing'));
    expect((await attempt('billing', a)).kind).toBe('client');
  });
});

describe('the fault for a login that failed', () => {
  it('says the same whichever half was wrong', () => {
    const texts = (['unknown-key', 'wrong-password'] as const).map(
      (reason) => loginFault({ kind: 'refused', reason }).message,
    );
    expect(texts).toEqual(Array(2).fill('The name or the secret is wrong.'));
    expect(loginFault({ kind: 'refused', reason: 'wrong-password' })).toMatchObject({ code: 401 });
  });

  it('is 429 with Retry-After for one that is slowed', () => {
    const fault = loginFault({ kind: 'refused', reason: 'too-many-failures', retryAfterSeconds: 8 });
    expect(fault).toMatchObject({ fault: 'overLimit', code: 429, headers: { 'retry-after': '8' } });
  });
});
