import { describe, expect, test } from 'vitest';
import { DEMO_USER, type SimulatorInput, simulatorSettings } from '../../../src/simulator/config.ts';
import { createLoginLimit } from '../../../src/simulator/identity/identity.ts';
import { readLogin } from '../../../src/simulator/identity/login.ts';
import { readLoginV3 } from '../../../src/simulator/identity/login-v3.ts';
import { Tokens } from '../../../src/simulator/identity/tokens.ts';
import { createUsers } from '../../../src/simulator/identity/users.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function tokensOf(input: SimulatorInput['tokens'] = {}) {
  const clock = new FakeClock();
  const settings = simulatorSettings({ tokens: input });
  const users = createUsers(settings.users, ['DFW']);
  const user = users.named(DEMO_USER.username)!;
  const tokens = new Tokens(settings.tokens, clock);
  return {
    clock,
    users,
    user,
    tokens,
    issue: () => tokens.issue({ user, methods: ['password'], project: user.tenant }),
  };
}

describe('tokens', () => {
  test('die when they expire, and when they are revoked', () => {
    const { clock, tokens, issue } = tokensOf({ lifetimeSeconds: 10 });
    const first = issue();
    clock.tick(9_999);
    expect(tokens.find(first.id)).toBe(first);
    const second = issue();
    clock.tick(1);
    expect(tokens.find(first.id)).toBeUndefined();
    expect([tokens.revoke(second.id), tokens.revoke(second.id)]).toEqual([true, false]);
    expect(tokens.find(second.id)).toBeUndefined();
  });

  test('a second login gives a new one, or the same until it expires', () => {
    const fresh = tokensOf({ reuse: 'new' });
    expect(fresh.issue().id).not.toBe(fresh.issue().id);
    const same = tokensOf({ reuse: 'same', lifetimeSeconds: 10 });
    const first = same.issue();
    expect(same.issue()).toBe(first);
    same.clock.tick(10_000);
    expect(same.issue().id).not.toBe(first.id);
  });

  test('a fresh one reaches the regions after the replication delay only', () => {
    const { clock, tokens, issue } = tokensOf({ replicationDelayMs: 500 });
    const { id } = issue();
    expect(tokens.find(id)).toBeDefined();
    expect(tokens.findInRegion(id, 'DFW')).toBeUndefined();
    clock.tick(500);
    expect(tokens.findInRegion(id, 'DFW')).toBeDefined();
  });

  test('a region that caches tokens takes a revoked one it has seen for a while, one it has not seen never', () => {
    const { clock, tokens, issue } = tokensOf({ regionCacheSeconds: 300 });
    const { id } = issue();
    tokens.findInRegion(id, 'DFW');
    tokens.revoke(id);
    expect(tokens.findInRegion(id, 'DFW')).toBeDefined();
    expect(tokens.findInRegion(id, 'ORD')).toBeUndefined();
    clock.tick(300_000);
    expect(tokens.findInRegion(id, 'DFW')).toBeUndefined();
  });

  test('survive a restart, but not a user who is gone', () => {
    const before = tokensOf();
    const { id } = before.issue();
    const after = tokensOf();
    after.tokens.restore(before.tokens.snapshot(), after.users);
    expect(after.tokens.find(id)?.user).toBe(after.user);
    const stranger = new Tokens(simulatorSettings().tokens, before.clock);
    stranger.restore(before.tokens.snapshot(), createUsers([], ['DFW']));
    expect(stranger.find(id)).toBeUndefined();
  });
});

describe('a v2.0 login', () => {
  test('is read in its three forms, tenant or not', () => {
    const apiKeyCredentials = { username: 'ann', apiKey: 'k' };
    expect(
      readLogin({ auth: { 'RAX-KSKEY:apiKeyCredentials': apiKeyCredentials, tenantName: 't' } }),
    ).toEqual({
      proof: { kind: 'apiKey', ...apiKeyCredentials },
      tenantId: undefined,
      tenantName: 't',
    });
    const passwordCredentials = { username: 'ann', password: 'p' };
    expect(readLogin({ auth: { passwordCredentials, tenantId: '1' } })).toMatchObject({
      proof: { kind: 'password', ...passwordCredentials },
      tenantId: '1',
    });
    expect(readLogin({ auth: { token: { id: 'abc' } } })).toMatchObject({
      proof: { kind: 'token', id: 'abc' },
    });
  });

  test.each([
    undefined,
    [],
    { auth: 'x' },
    { auth: {} },
    { auth: { passwordCredentials: { username: 'ann' } } },
    { auth: { 'RAX-KSKEY:apiKeyCredentials': { username: 1, apiKey: 'k' } } },
  ])('of the form %j is a badRequest', (body) => {
    expect(() => readLogin(body)).toThrow(expect.objectContaining({ fault: 'badRequest' }));
  });
});

describe('a v3 login', () => {
  const auth = (method: string, credentials: object, scope?: object) => ({
    auth: { identity: { methods: [method], [method]: credentials }, ...(scope ? { scope } : {}) },
  });

  test('is read with password, application credential or token, and its scope', () => {
    const user = { name: 'ann', domain: { id: 'default' }, password: 'p' };
    expect(readLoginV3(auth('password', { user }, { project: { id: '1' } }) as never)).toMatchObject({
      proof: { kind: 'password', username: 'ann', password: 'p' },
      scope: { id: '1' },
    });
    expect(readLoginV3(auth('password', { user: { id: '9', password: 'p' } }) as never)).toMatchObject({
      proof: { kind: 'passwordOfId', userId: '9' },
      scope: 'default',
    });
    expect(readLoginV3(auth('application_credential', { id: 'c', secret: 's' }) as never).proof).toEqual({
      kind: 'applicationCredential',
      id: 'c',
      secret: 's',
    });
    expect(readLoginV3(auth('token', { id: 't' }, { unscoped: {} }) as never)).toMatchObject({
      scope: 'unscoped',
    });
  });

  test('of another form is a badRequest', () => {
    expect(() => readLoginV3(undefined)).toThrow(/auth/);
    expect(() => readLoginV3(auth('totp', {}) as never)).toThrow(/methods/);
  });
});

test('logins of one user are limited, right or wrong, and of others not with them', () => {
  const clock = new FakeClock();
  const logins = createLoginLimit(
    simulatorSettings({ identityRateLimit: { value: 2, unit: 'MINUTE' } }),
    clock,
  );
  logins.charge('ann');
  logins.charge('ann');
  expect(() => logins.charge('ann')).toThrow(expect.objectContaining({ fault: 'overLimit' }));
  logins.charge('bob');
  clock.tick(60_000);
  logins.charge('ann');
});
