import { describe, expect, it } from 'vitest';
import { generateClientKey } from '../../../src/access/client-key.ts';
import { ClientRegistry } from '../../../src/access/clients.ts';
import { type CredentialHeaders, credentialOf } from '../../../src/access/credentials.ts';
import { type AccessMode, Identifier, refusalOf } from '../../../src/access/identify.ts';
import { hashClientKey } from '../../../src/access/key-hash.ts';
import type { ClientSettings } from '../../../src/access/settings.ts';
import { TokenVerifier } from '../../../src/access/token.ts';
import { randomTokenKey, TokenKeyRing } from '../../../src/access/token-keys.ts';
import { clientSettings } from '../../support/client-settings.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const KEYS: AccessMode = { mode: 'keys', passThrough: false };
const OPEN: AccessMode = { mode: 'open', passThrough: false };
const OWN: AccessMode = { mode: 'keys', passThrough: true };
const [a, b] = ['billing', 'ci'].map((name) => generateClientKey(name)) as [string, string];
const OWN_SECRET = 'a random secret that the operator made';
const SETTINGS = [
  clientSettings('billing', { keyHash: hashClientKey(a) }),
  clientSettings('ci', { keys: [{ hash: hashClientKey(b), notAfter: '2026-01-01T01:00Z' }] }),
  clientSettings('own', { keyHash: hashClientKey(OWN_SECRET) }),
];

function setUp() {
  const clock = new FakeClock(Date.parse('2026-01-01T00:00:00Z'));
  const tokens = new TokenVerifier(new TokenKeyRing([randomTokenKey()]));
  const given = new Set<string>();
  const revoked = {
    version: 0,
    has: (id: string) => given.has(id),
    add(id: string) {
      this.version++;
      given.add(id);
    },
  };
  const make = (settings: readonly ClientSettings[] = SETTINGS) =>
    new Identifier({ registry: new ClientRegistry(settings), tokens, revoked, clock });
  const registry = new ClientRegistry(SETTINGS);
  const tokenFor = (key: string) => {
    const { client, generation } = registry.findKey(key)!;
    return tokens.issue({ client: client.name, generation }, clock.now());
  };
  return { clock, tokens, revoked, make, tokenFor };
}

/** Asks on one connection, twice: what is remembered must say the same. */
function asker(identifier: Identifier) {
  const connection = {};
  return (headers: CredentialHeaders, access = KEYS, certified?: Parameters<Identifier['identify']>[3]) => {
    const first = identifier.identify(headers, access, connection, certified);
    expect(identifier.identify({ ...headers }, access, connection, certified)).toBe(first);
    return first;
  };
}

const show = (text: string): CredentialHeaders => ({ 'x-auth-token': text });
const refused = (reason: string) => expect.objectContaining({ kind: 'refused', reason });
const isClient = (name: string, keyName: string) =>
  expect.objectContaining({ kind: 'client', client: expect.objectContaining({ name }), keyName });

describe('who calls where keys are asked for', () => {
  it('is whose key it is, in either header', () => {
    const ask = asker(setUp().make());
    expect(ask(show(a))).toEqual(isClient('billing', 'billing-0'));
    expect(ask({ authorization: `Bearer ${b}` })).toEqual(isClient('ci', 'ci-0'));
    expect(ask(show(a))).toEqual(isClient('billing', 'billing-0'));
  });

  it('may be recognised by a secret that the operator made', () => {
    expect(asker(setUp().make())(show(OWN_SECRET))).toEqual(isClient('own', 'own-0'));
  });

  it.each([
    [{}, 'no-credential'],
    [show(generateClientKey('billing')), 'unknown-key'],
    [show(a.slice(0, -1)), 'mistyped-key'],
    [show(`${a}x`), 'mistyped-key'],
    [show('gAAAAABk'), 'foreign-token'],
    [show('sluice_token_x'), 'forged-token'],
    [{ 'x-auth-token': a, authorization: `Bearer ${b}` }, 'two-credentials'],
    [{ authorization: 'Basic YTpi' }, 'no-credential'],
  ])('is nobody with %j: %s', (headers, reason) => {
    expect(asker(setUp().make())(headers)).toEqual(refused(reason));
  });

  it('is nobody from the moment on in which the key ends, on a connection that goes on', () => {
    const { clock, make } = setUp();
    const ask = asker(make());
    clock.tick(3_600_000 - 1);
    expect(ask(show(b))).toEqual(isClient('ci', 'ci-0'));
    clock.tick(1);
    expect(ask(show(b))).toEqual(refused('ended-key'));
  });

  it('is the bearer of a token of Sluice’s own until that expires', () => {
    const { clock, make, tokenFor } = setUp();
    const ask = asker(make());
    const { id, claims } = tokenFor(a);
    expect(ask(show(id))).toEqual(isClient('billing', 'billing-0'));
    expect(ask(show(id))).toMatchObject({ claims, endsAtMs: claims.expiresAtMs });
    clock.tick(25 * 3_600_000);
    expect(ask(show(id))).toEqual(refused('expired-token'));
  });

  it('is nobody with a token of a key that has ended, was replaced, or whose client is gone', () => {
    const { clock, make, tokenFor } = setUp();
    const { id } = tokenFor(b);
    const [billing, ci, own] = SETTINGS as [ClientSettings, ClientSettings, ClientSettings];
    expect(asker(make([billing, own]))(show(id))).toEqual(refused('removed-client'));
    expect(asker(make([billing, { ...ci, keys: [], keyHash: hashClientKey(a) }]))(show(id))).toEqual(
      refused('removed-client'),
    );
    const ask = asker(make());
    expect(ask(show(id))).toEqual(isClient('ci', 'ci-0'));
    clock.tick(3_600_000);
    expect(ask(show(id))).toEqual(refused('ended-key'));
  });

  it('is nobody with a token that was given back, on the connection that has just used it too', () => {
    const { revoked, make, tokenFor } = setUp();
    const identifier = make();
    const ask = asker(identifier);
    const { id } = tokenFor(a);
    expect(ask(show(id))).toEqual(isClient('billing', 'billing-0'));
    revoked.add(id);
    expect(ask(show(id))).toEqual(refused('revoked-token'));
  });

  it('is nobody with a token of an open listener', () => {
    const { tokens, clock, make } = setUp();
    const { id } = tokens.issue({ username: 'anybody', tenantId: '1' }, clock.now());
    expect(asker(make())(show(id))).toEqual(refused('removed-client'));
  });

  it('is what its certificate says where it shows nothing else', () => {
    const { make } = setUp();
    const client = new ClientRegistry(SETTINGS).byName('ci');
    const ask = asker(make());
    expect(ask({}, KEYS, () => client)).toEqual(isClient('ci', 'certificate'));
    expect(ask(show(a), KEYS, () => client)).toEqual(isClient('billing', 'billing-0'));
    expect(ask(show('nonsense'), KEYS, () => client)).toEqual(refused('foreign-token'));
    expect(asker(make())({}, KEYS, () => undefined)).toEqual(refused('no-credential'));
  });

  it('may bring an upstream token where those are passed through, and nothing that is Sluice’s own', () => {
    const { make, tokens, clock } = setUp();
    const ask = asker(make());
    expect(ask(show('gAAAAABk'), OWN)).toMatchObject({ kind: 'upstream', token: 'gAAAAABk' });
    expect(ask(show(a), OWN)).toEqual(isClient('billing', 'billing-0'));
    expect(ask(show(generateClientKey('x')), OWN)).toEqual(refused('unknown-key'));
    expect(ask(show('sluice_token_x'), OWN)).toEqual(refused('forged-token'));
    expect(ask({}, OWN)).toEqual(refused('no-credential'));
    const { id } = tokens.issue({ client: 'gone', generation: 'x' }, clock.now());
    expect(ask(show(id), OWN)).toEqual(refused('removed-client'));
  });

  it('does not mix connections, nor what one connection shows by turns', () => {
    const identifier = setUp().make();
    const connections = Array.from({ length: 50 }, () => ({}));
    for (let turn = 0; turn < 500; turn++) {
      const [key, name] = turn % 3 === 0 ? [a, 'billing'] : [b, 'ci'];
      const connection = connections[(turn * 7) % connections.length]!;
      const headers = turn % 2 === 0 ? show(key) : { authorization: `Bearer ${key}` };
      expect(identifier.identify(headers, KEYS, connection)).toEqual(isClient(name, `${name}-0`));
      expect(identifier.identify({}, KEYS, connection)).toEqual(refused('no-credential'));
    }
  });

  it('is told from a text that stands elsewhere', () => {
    const identifier = setUp().make();
    expect(identifier.identifyText(credentialOf(a), KEYS)).toEqual(isClient('billing', 'billing-0'));
    expect(identifier.identifyText(credentialOf('x'), KEYS)).toEqual(refused('foreign-token'));
  });
});

describe('who calls where nobody is asked', () => {
  it('is anybody, whatever is shown', () => {
    const ask = asker(setUp().make());
    for (const headers of [
      {},
      show(a),
      show('nonsense'),
      show('sluice_token_x'),
      { 'x-auth-token': a, authorization: `Bearer ${b}` },
    ])
      expect(ask(headers, OPEN)).toMatchObject({ kind: 'guest', claims: undefined });
  });

  it('means the account of a token of Sluice’s own, while that is good', () => {
    const { clock, tokens, revoked, make } = setUp();
    const identifier = make();
    const ask = asker(identifier);
    const { id, claims } = tokens.issue({ tenantId: '42' }, clock.now());
    expect(ask(show(id), OPEN)).toMatchObject({ kind: 'guest', claims });
    revoked.add(id);
    expect(ask(show(id), OPEN)).toMatchObject({ kind: 'guest', claims: undefined });
    const other = tokens.issue({ tenantId: '42' }, clock.now());
    expect(ask(show(other.id), OPEN)).toMatchObject({ claims: other.claims });
    // Nobody is asked for one here: an expired one must not come to mean another account.
    clock.tick(25 * 3_600_000);
    expect(ask(show(other.id), OPEN)).toMatchObject({ kind: 'guest', claims: other.claims });
  });

  it('may still bring an upstream token where those are passed through', () => {
    const ask = asker(setUp().make());
    const access: AccessMode = { mode: 'open', passThrough: true };
    expect(ask(show('gAAAAABk'), access)).toMatchObject({ kind: 'upstream' });
    expect(ask({}, access)).toMatchObject({ kind: 'guest' });
    expect(ask({ 'x-auth-token': 'x', authorization: 'Bearer y' }, access)).toEqual(
      refused('two-credentials'),
    );
  });
});

describe('the fault for a caller who is nobody', () => {
  it('is 401 with a challenge, and tells only what helps whoever has the key', () => {
    const fault = refusalOf('no-credential');
    expect(fault).toMatchObject({ fault: 'unauthorized', code: 401 });
    expect(fault.headers).toEqual({ 'www-authenticate': 'Bearer realm="sluice"' });
    const told = (
      ['unknown-key', 'foreign-token', 'forged-token', 'removed-client', 'revoked-token'] as const
    ).map((reason) => refusalOf(reason).message);
    expect(new Set(told).size).toBe(1);
  });

  it('is 400 for one who shows two different things', () => {
    expect(refusalOf('two-credentials')).toMatchObject({ fault: 'badRequest', code: 400 });
  });
});
