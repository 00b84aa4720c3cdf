import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type RedisServer, redisAvailable, startRedis } from '../support/redis-server.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';
import { startTcpSwitch } from '../support/tcp-switch.ts';

const OLD_KEY = 'an old key of these tests, 32 characters';
const NEW_KEY = 'a new key of these tests, 32 characters';

let upstream: StubUpstream;
const running: TestGateway[] = [];

beforeEach(async () => {
  upstream = await startStubUpstream();
});

afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.close();
  await upstream.close();
});

async function start(tokenKeys: string[], redisUrl: string | null = null): Promise<TestGateway> {
  const settings = { access: { tokenKeys }, redis: { url: redisUrl } };
  const gateway = await startGateway({ identityUrl: upstream.identityUrl, settings });
  running.push(gateway);
  return gateway;
}

async function login({ url }: TestGateway): Promise<string> {
  const user = { name: 'mara', domain: { id: 'default' }, password: 'x' };
  const body = JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } } } });
  const { headers } = await ask(`${url}/v3/auth/tokens`, { method: 'POST', body });
  return String(headers['x-subject-token']);
}

const subject = (gateway: TestGateway, method: string, token: string) =>
  ask(`${gateway.url}/v3/auth/tokens`, { method, headers: { 'x-subject-token': token } });

const isGood = async (gateway: TestGateway, token: string): Promise<boolean> => {
  const { status } = await subject(gateway, 'GET', token);
  expect([200, 404]).toContain(status);
  return status === 200;
};

/** Asks until the answer is the expected one: what goes by way of Redis takes its time. */
async function until(expected: boolean, answer: () => Promise<boolean>): Promise<void> {
  await expect.poll(answer, { interval: 20 }).toBe(expected);
}

describe('what tokens are signed with', () => {
  it('is no secret of the account: a process takes the tokens of no other, and says so', async () => {
    const [one, two] = [await start([]), await start([])];
    const token = await login(one);
    expect(await isGood(one, token)).toBe(true);
    expect(await isGood(two, token)).toBe(false);
    expect(one.logText()).toContain('access.tokenKeys is empty');
    await one.reload({ log: { requests: 'errors' } });
    expect(await isGood(one, token)).toBe(true);
  });

  it('is a key that every instance has, replaced by a reload while the old one still verifies', async () => {
    const [one, two] = [await start([OLD_KEY]), await start([OLD_KEY])];
    const before = await login(one);
    expect(await isGood(two, before)).toBe(true);
    expect(one.logText()).not.toContain('access.tokenKeys');

    await one.reload({ access: { tokenKeys: [NEW_KEY, OLD_KEY] } });
    const after = await login(one);
    expect([await isGood(one, before), await isGood(one, after)]).toEqual([true, true]);
    expect(await isGood(two, after)).toBe(false);
    await two.reload({ access: { tokenKeys: [NEW_KEY] } });
    expect([await isGood(two, before), await isGood(two, after)]).toEqual([false, true]);
    for (const secret of [OLD_KEY, NEW_KEY, STUB_CREDENTIALS.apiKey])
      expect(one.logText() + two.logText()).not.toContain(secret);
  });
});

it('a returned token stays returned over a reload, however many others are returned', async () => {
  const gateway = await start([OLD_KEY]);
  const token = await login(gateway);
  expect((await subject(gateway, 'DELETE', token)).status).toBe(204);
  for (let more = 0; more < 50; more++) await subject(gateway, 'DELETE', await login(gateway));
  await gateway.reload({ access: { tokenKeys: [NEW_KEY, OLD_KEY] } });
  expect(await isGood(gateway, token)).toBe(false);
});

describe.skipIf(!redisAvailable())('with Redis', () => {
  let redis: RedisServer;

  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(() => redis.stop());

  it('every instance hears of a returned token, one that starts later too', async () => {
    const [one, two] = [await start([OLD_KEY], redis.url), await start([OLD_KEY], redis.url)];
    const [token, other] = [await login(one), await login(one)];
    await subject(one, 'DELETE', token);
    await until(false, () => isGood(two, token));
    const three = await start([OLD_KEY], redis.url);
    expect(await isGood(three, token)).toBe(false);
    for (const gateway of [one, two, three]) expect(await isGood(gateway, other)).toBe(true);
  });

  it('what was returned while Redis was away is told when it is back', async () => {
    const [one, two] = [await start([OLD_KEY], redis.url), await start([OLD_KEY], redis.url)];
    const [early, late] = [await login(one), await login(one)];
    await subject(one, 'DELETE', early);
    await until(false, () => isGood(two, early));
    await redis.kill();
    await subject(one, 'DELETE', late);
    expect([await isGood(one, late), await isGood(two, late)]).toEqual([false, true]);
    await redis.restart();
    await until(false, () => isGood(two, late));
    const three = await start([OLD_KEY], redis.url);
    expect([await isGood(three, early), await isGood(three, late)]).toEqual([false, false]);
  });

  it('every instance hears of it from the new master, after a failover with open connections', async () => {
    const next = await startRedis();
    const way = await startTcpSwitch(redis.port);
    const old = new Redis(redis.url);
    try {
      const url = `redis://127.0.0.1:${way.port}`;
      const both = [await start([OLD_KEY], url), await start([OLD_KEY], url)];
      const tokens: string[] = [];
      for (const gateway of both) tokens.push(await login(gateway), await login(gateway));
      // A replica whose master never tells it anything: nothing is heard there any more.
      await old.replicaof('127.0.0.1', 1);
      way.leadTo(next.port);
      for (const [index, gateway] of both.entries()) await subject(gateway, 'DELETE', tokens[2 * index]!);
      for (const gateway of both)
        for (const token of [tokens[0]!, tokens[2]!]) await until(false, () => isGood(gateway, token));
      // Both have loaded what was there; from here on only messages tell them.
      for (const [index, gateway] of both.entries()) await subject(gateway, 'DELETE', tokens[2 * index + 1]!);
      for (const gateway of both)
        for (const token of [tokens[1]!, tokens[3]!]) await until(false, () => isGood(gateway, token));
    } finally {
      old.disconnect();
      for (const gateway of running.splice(0)) await gateway.close();
      await way.close();
      await next.stop();
    }
  });

  it('whoever writes to Redis without the key ends no token, and breaks nothing', async () => {
    const one = await start([OLD_KEY], redis.url);
    const [token, returned] = [await login(one), await login(one)];
    await subject(one, 'DELETE', returned);
    const intruder = new Redis(redis.url);
    try {
      const key = 'sluice:1:revocations';
      await until(true, async () => (await intruder.zcard(key)) === 1);
      const [genuine] = await intruder.zrange(key, '0', '-1');
      const [digest, expiresAt, proof] = genuine!.split('.');
      expect(genuine).not.toContain(returned);
      const forged = [
        `${'A'.repeat(22)}.${expiresAt}.${proof}`,
        `${digest}.${Number(expiresAt) + 1}.${proof}`,
        `${digest}.99999999999.${proof}`,
        'rubbish',
        '',
        'x'.repeat(100_000),
      ];
      await intruder.zadd(key, ...forged.flatMap((member) => [String(expiresAt), member]));
      await intruder.publish(`${key}:news`, forged.join('\n'));
      const two = await start([OLD_KEY], redis.url);
      expect([await isGood(two, token), await isGood(two, returned)]).toEqual([true, false]);
      expect([await isGood(one, token), await isGood(one, returned)]).toEqual([true, false]);
      await intruder.set(key, 'no set at all');
      const three = await start([OLD_KEY], redis.url);
      expect(await isGood(three, token)).toBe(true);
    } finally {
      intruder.disconnect();
    }
  });
});
