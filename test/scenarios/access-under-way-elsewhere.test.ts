import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { type RedisServer, redisAvailable, startRedis } from '../support/redis-server.ts';
import { json } from '../support/stub-answers.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const P = '/dfw/v2/700100';
const stayer = testClient('stayer');
const leaver = testClient('leaver');

let redis: RedisServer;
let upstream: StubUpstream;
let dfw: StubRegion;
/** Requests are under way at the first, tokens are given back at the second. */
let here: TestGateway;
let elsewhere: TestGateway;

const start = (): Promise<TestGateway> =>
  startGateway({
    identityUrl: upstream.identityUrl,
    settings: {
      limits: { enabled: false },
      redis: { url: redis.url },
      ...keysMode([stayer, leaver], { tokenKeys: ['a key of these tests, 32 characters'] }),
    },
  });

async function login(): Promise<string> {
  const auth = { passwordCredentials: { username: leaver.name, password: leaver.key } };
  const headers = { 'content-type': 'application/json' };
  const answer = await ask(`${here.url}/v2.0/tokens`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ auth }),
  });
  return answer.json<{ access: { token: { id: string } } }>().access.token.id;
}

/** The ways to give a token back, whoever does. */
const WAYS: [way: string, giveBack: (token: string) => Promise<number>][] = [
  [
    'v2.0',
    async (token) => {
      const url = `${elsewhere.url}/v2.0/tokens/${token}`;
      return (await ask(url, { method: 'DELETE', headers: stayer.headers })).status;
    },
  ],
  [
    'v3',
    async (token) => {
      const headers = { 'x-auth-token': token, 'x-subject-token': token };
      return (await ask(`${elsewhere.url}/v3/auth/tokens`, { method: 'DELETE', headers })).status;
    },
  ],
];

/** Waits until this instance has heard of it, by asking what the token is. */
async function heard(token: string): Promise<void> {
  const headers = { ...stayer.headers, 'x-subject-token': token };
  const isKnown = async () => (await ask(`${here.url}/v3/auth/tokens`, { headers })).status;
  await expect.poll(isKnown, { interval: 20, timeout: 60_000 }).toBe(404);
}

describe.skipIf(!redisAvailable())('a token that is given back at another instance', () => {
  beforeEach(async () => {
    redis = await startRedis();
    upstream = await startStubUpstream();
    dfw = upstream.region('DFW');
    dfw.on('GET /os-keypairs', json({ keypairs: [] }));
    [here, elsewhere] = [await start(), await start()];
  });

  afterEach(async () => {
    for (const gateway of [here, elsewhere]) await gateway.close();
    await upstream.close();
    await redis.stop();
  });

  describe.each(WAYS)('with DELETE of %s', (_way, giveBack) => {
    it.each([
      ['that is fetched for the cache', '/flavors/detail', 'GET'],
      ['that is not cached', '/servers', 'GET'],
      ['that streams', '/os-keypairs', 'GET'],
      ['that writes, of which it says so', '/servers/1', 'DELETE'],
    ])('is answered no request under way here: 401 for one %s', async (_kind, path, method) => {
      const headers = { 'x-auth-token': await login() };
      const gate = dfw.hold(`${method} ${path}`);
      const asked = ask(`${here.url}${P}${path}`, { method, headers });
      await gate.arrived(1);
      expect(await giveBack(headers['x-auth-token'])).toBe(204);
      await heard(headers['x-auth-token']);
      gate.open();
      const { status, text } = await asked;
      expect([status, text]).toEqual([401, expect.stringContaining('taken away while')]);
    });

    it('spoils nothing for who waits for the same answer with a key that is good', async () => {
      const token = await login();
      const gate = dfw.hold('GET /flavors/detail');
      const leads = ask(`${here.url}${P}/flavors/detail`, { headers: { 'x-auth-token': token } });
      await gate.arrived(1);
      const joins = ask(`${here.url}${P}/flavors/detail`, { headers: stayer.headers });
      expect(await giveBack(token)).toBe(204);
      await heard(token);
      gate.open();
      expect([(await leads).status, (await joins).status]).toEqual([401, 200]);
    });

    it('is answered no hit on a connection that it was good on', async () => {
      const token = await login();
      const connection = await connectRaw(here.url);
      const hit = async () => (await connection.ask(`${P}/flavors/detail`, { 'X-Auth-Token': token })).status;
      expect([await hit(), await hit(), await hit()]).toEqual([200, 200, 200]);
      expect(await giveBack(token)).toBe(204);
      await heard(token);
      expect(await hit()).toBe(401);
      connection.close();
    });
  });
});
