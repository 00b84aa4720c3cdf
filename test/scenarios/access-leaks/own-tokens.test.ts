import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask } from '../../support/ask.ts';
import { keysMode, testClient } from '../../support/clients.ts';
import { ACCOUNTS, type AccountName, NAMES } from '../../support/secret-accounts.ts';
import { json, unauthorized } from '../../support/stub-answers.ts';
import { STUB_CREDENTIALS } from '../../support/stub-identity.ts';
import { openStage, type Stage } from './stage.ts';

const PATHS = ['/flavors/detail', '/flavors/2', '/images/detail', '/servers', '/os-keypairs'] as const;

const known = testClient('known');
let stage: Stage;

beforeAll(async () => {
  stage = await openStage(keysMode([known], { passThrough: true }));
});

afterAll(() => stage.close());

/** A fresh token of an account's own Identity, which Sluice knows nothing of. */
async function tokenOf(name: AccountName): Promise<string> {
  const { username, apiKey } = STUB_CREDENTIALS;
  const { json: parse } = await ask(`${stage.clouds.upstreams[name].identityUrl}/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey } } }),
  });
  return parse<{ access: { token: { id: string } } }>().access.token.id;
}

type Who = AccountName | 'junk' | 'known';
type Step =
  | { kind: 'read'; who: Who; of: AccountName; path: (typeof PATHS)[number]; on: number; isList: boolean }
  | { kind: 'purge' }
  /** Every token of an account dies, as after a changed password. */
  | { kind: 'revoke'; of: AccountName };

const account = fc.constantFrom(...NAMES);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      who: fc.constantFrom<Who>('main', 'other', 'junk', 'known', 'known'),
      of: account,
      path: fc.constantFrom(...PATHS),
      on: fc.nat(2),
      isList: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'purge' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke' as const), of: account }) },
);

it('an upstream token is shown what is its own tenant’s alone, whatever is cached, and nothing once it was refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      const tokens: Record<Who, string> = {
        main: await tokenOf('main'),
        other: await tokenOf('other'),
        junk: 'a-token-of-nobody',
        known: known.key,
      };
      const dead = new Set<AccountName>();
      const refused = new Set<AccountName>();
      for (const one of steps) {
        if (one.kind === 'purge') {
          await ask(`${stage.gateway.adminUrl}/admin/cache/purge`, { method: 'POST' });
          continue;
        }
        if (one.kind === 'revoke') {
          stage.clouds.upstreams[one.of].identity.revokeAll();
          dead.add(one.of);
          continue;
        }
        const { who, of, path, on, isList } = one;
        const { tenant, secret } = ACCOUNTS[of];
        const isEverywhere = isList && path !== '/flavors/2' && path !== '/os-keypairs';
        const url = `${isEverywhere ? '/all' : '/dfw'}/v2/${tenant}${path}`;
        const { status, body } = await stage.connections[on]!.ask(url, { 'X-Auth-Token': tokens[who] });
        const what = `${who} ${url} ${status}`;
        if (who === 'known') expect([what, body.includes(secret)]).toEqual([what, true]);
        if (who === 'junk') expect([what, status]).toEqual([what, 401]);
        for (const name of NAMES)
          if (name !== of || who === 'junk')
            expect([what, body.includes(ACCOUNTS[name].secret)]).toEqual([what, false]);
        if (who === 'junk' || who === 'known') continue;
        if (who === of && !dead.has(of)) expect([what, status]).toEqual([what, 200]);
        if (who === of && refused.has(of)) expect([what, status]).toEqual([what, 401]);
        // Another account is nowhere to be found, and a dead token finds nothing at all.
        if (who !== of) expect([what, dead.has(who) || status === 404]).toEqual([what, true]);
        if (who !== of) expect([what, status === 404 || status === 401]).toEqual([what, true]);
        if (who === of && status === 401) refused.add(of);
      }
    }),
    { seed: 12, numRuns: 10, endOnFailure: true },
  );
}, 60_000);

it('a token that another service refuses is no longer good for what is cached', async () => {
  const dfw = stage.clouds.upstreams.main.region('DFW');
  const token = { 'X-Auth-Token': await tokenOf('main') };
  const connection = stage.connections[0]!;
  const flavors = '/dfw/v2/700100/flavors/detail';
  for (const path of ['/dfw/v2/700100/os-keypairs', '/dfw/services/image/images']) {
    await connection.ask(flavors, { 'X-Auth-Token': known.key });
    await connection.ask('/dfw/v2/700100/servers', token);
    const before = dfw.count('GET /flavors/detail');
    expect((await connection.ask(flavors, token)).status).toBe(200);
    expect(dfw.count('GET /flavors/detail')).toBe(before);

    dfw.on('GET /os-keypairs', unauthorized);
    stage.clouds.service.on('GET /v2/images', unauthorized);
    expect((await connection.ask(path, token)).status).toBe(401);
    await connection.ask(flavors, token);
    expect(dfw.count('GET /flavors/detail')).toBe(before + 1);
  }
});

it('what another service answers proves nothing of a tenant: its paths name none', async () => {
  const dfw = stage.clouds.upstreams.main.region('DFW');
  const connection = stage.connections[0]!;
  const token = { 'X-Auth-Token': await tokenOf('main') };
  stage.clouds.service.on('GET /v2/images', json({ images: [] }));
  await connection.ask('/dfw/v2/700100/images/detail', { 'X-Auth-Token': known.key });
  expect((await connection.ask('/dfw/services/image/images', token)).status).toBe(200);
  dfw.on('GET /images/detail', unauthorized);
  const { status, body } = await connection.ask('/dfw/v2/700100/images/detail', token);
  expect([status, body.includes(ACCOUNTS.main.secret)]).toEqual([401, false]);
  expect(dfw.requests('GET /images/detail').at(-1)?.headers['x-auth-token']).toBe(token['X-Auth-Token']);
});

it('a token of nobody reaches no region and no other service', async () => {
  const connection = stage.connections[0]!;
  const stranger = { 'X-Auth-Token': 'good-for-nobody-at-all' };
  const asked = () =>
    stage.clouds.upstreams.main.region('DFW').requests().length + stage.clouds.service.requests().length;
  const before = asked();
  for (const path of [
    '/dfw/v2/700100/images/detail',
    '/dfw/v2/1/servers',
    '/dfw/services/image/images',
    '/all/v2/700100/servers',
  ])
    expect([path, (await connection.ask(path, stranger)).status]).toEqual([path, 401]);
  expect(asked()).toBe(before);
});
