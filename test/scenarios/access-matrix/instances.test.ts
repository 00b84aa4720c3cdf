import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestGateway } from '../../support/gateway.ts';
import { connectRaw } from '../../support/raw-connection.ts';
import { type RedisServer, redisAvailable, startRedis } from '../../support/redis-server.ts';
import { Attempts } from './attempt.ts';
import { type AccountName, accountsOf, type Caller, CLIENTS, PLACES } from './grants.ts';
import { COMPUTE, SERVICES } from './operations.ts';
import { Tokens } from './tokens.ts';
import { attemptsBy, COMPUTE_WAYS, SERVICE_WAYS } from './ways.ts';
import { createWorld } from './world.ts';

/** Each limit once, and all of them together. */
const CALLERS = CLIENTS.filter(({ name }) =>
  ['everything', 'main-only', 'ord-only', 'image-reader', 'narrow'].includes(name),
);

describe.skipIf(!redisAvailable())('two instances that share a Redis', () => {
  const world = createWorld();
  const tokens = new Tokens();
  let redis: RedisServer;
  let one: TestGateway;
  let two: TestGateway;
  let attempts: Attempts;

  beforeAll(async () => {
    redis = await startRedis();
    const shared = {
      redis: { url: redis.url },
      listen: { regions: { DFW: 0, ORD: 0 } },
    };
    const access = { tokenKeys: ['a key of both instances, 32 characters'] };
    one = await world.startGateway(shared, access);
    two = await world.startGateway(shared, access);
    await tokens.logIn(one.url);
    attempts = new Attempts(world);
  });
  afterAll(async () => {
    attempts.close();
    await redis.stop();
  });

  /** Every cell by a token of the first instance, at the second. */
  async function tryAll(caller: Caller, isReturned: (account: AccountName) => boolean): Promise<string[]> {
    const [, , byToken] = COMPUTE_WAYS;
    const [, , ofService] = SERVICE_WAYS;
    const parts = { world, tokens };
    const wrong: string[] = [];
    for (const place of PLACES) {
      const compute = attemptsBy(byToken!, { caller, place, service: 'compute' }, COMPUTE, parts);
      const services = SERVICES.flatMap(({ service, type, asked }) =>
        attemptsBy(ofService!, { caller, place, service, type }, asked, parts),
      );
      for (const cells of [compute, services]) {
        const atTwo = cells.map((cell) => ({
          ...cell,
          url: two.url,
          want: isReturned(place.account) ? 401 : cell.want,
        }));
        wrong.push(...(await attempts.make(atTwo, true)));
      }
    }
    return wrong;
  }

  it.each(CALLERS)(
    '$name may do at one what it was granted, with tokens that it got at the other',
    async (caller) => {
      expect(await tryAll(caller, () => false)).toEqual([]);
    },
  );

  it.each(CALLERS)(
    'what $name has given back at one is good for nothing at the other, and the rest is',
    async (caller) => {
      const [account] = accountsOf(caller) as [AccountName];
      const connection = await connectRaw(one.url);
      for (const [shown, path] of [
        ['v2.0 token', '/v2.0/tokens/'],
        ['v3 token', '/v3/auth/tokens'],
      ] as const) {
        const token = tokens.of(caller, shown, account)!;
        const isV3 = shown === 'v3 token';
        const headers = { 'X-Auth-Token': caller.client.key, ...(isV3 ? { 'X-Subject-Token': token } : {}) };
        const { status } = await connection.ask(isV3 ? path : path + token, headers, 'DELETE');
        expect([shown, status]).toEqual([shown, 204]);
        const atTwo = await connectRaw(two.url);
        const ask = async () => (await atTwo.ask('/v2.0/tenants', { 'X-Auth-Token': token })).status;
        await expect.poll(ask, { interval: 20 }).toBe(401);
        atTwo.close();
      }
      connection.close();
      expect(await tryAll(caller, (other) => other === account)).toEqual([]);
    },
  );
});
