import { Redis } from 'ioredis';
import { describe, expect, onTestFinished } from 'vitest';
import { type Answered, ask } from '../support/ask.ts';
import { creates } from '../support/creating-region.ts';
import { createGate } from '../support/gate.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { redisAvailable, startRedis } from '../support/redis-server.ts';
import { scenario } from '../support/scenario.ts';
import { json } from '../support/stub-answers.ts';

const { it, upstream, dfw } = scenario('test', { regions: ['DFW'] });

/** So many items that it is asked whether there is room for one more: between the claim of a key and the sending. */
const metadata = { a: '1', b: '2', c: '3', d: '4' };
const ROOM = json({ limits: { rate: [], absolute: { maxServerMeta: 20 } } });

const create = (to: TestGateway, key: string, more = {}): Promise<Answered> =>
  ask(`${to.url}/dfw/v2/700100/servers`, {
    method: 'POST',
    body: JSON.stringify({ server: { name: 'n', flavorRef: '1', imageRef: 'i', metadata, ...more } }),
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
  });

const idOf = (answer: Answered): string => (answer.json() as { server: { id: string } }).server.id;

/** A Redis, and two instances that share it. */
async function start() {
  const redis = await startRedis();
  const settings = {
    redis: { url: redis.url, signingKeys: ['a key of thirty-two characters..'] },
    limits: { source: 'static' },
  };
  const [one, two] = await Promise.all([
    startGateway({ identityUrl: upstream.identityUrl, settings }),
    startGateway({ identityUrl: upstream.identityUrl, settings }),
  ]);
  onTestFinished(async () => {
    await Promise.all([one.close(), two.close()]);
    await redis.stop();
  });
  return { redis, one, two };
}

/** Whether there is room is answered when the gate lets it be, and asked for by the first of all alone. */
function holdFirst() {
  const gate = createGate();
  dfw.on('GET /limits', async (exchange) => {
    if (gate.arrivals === 0) await gate.pass();
    await ROOM(exchange);
  });
  return gate;
}

describe.skipIf(!redisAvailable())('instances that cannot speak to each other', () => {
  it('keep one server of one key: the later one is deleted by its maker, who answers with the other', async () => {
    const made = creates(dfw);
    dfw.on('GET /limits', ROOM);
    const { redis, one, two } = await start();
    await redis.kill();
    // Both have looked before either has sent.
    const looks = createGate();
    made.listed = looks.pass;
    const both = Promise.all([create(one, 'apart'), create(two, 'apart')]);
    await looks.arrived(2);
    looks.open();
    const answers = await both;
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(made.servers).toHaveLength(2);
    expect(made.deleted).toHaveLength(1);
    const [kept] = made.servers.filter(({ id }) => !made.deleted.includes(id));
    expect(answers.map(idOf)).toEqual([kept!.id, kept!.id]);
    expect((await create(one, 'apart')).headers).toHaveProperty('idempotent-replayed', 'true');
    expect((await create(two, 'apart')).headers).toHaveProperty('idempotent-replayed', 'true');
    expect(made.servers).toHaveLength(2);
  });

  it('delete nothing of a create that makes several, which bear one stamp', async () => {
    const made = creates(dfw);
    dfw.on('GET /limits', ROOM);
    const { redis, one } = await start();
    await redis.kill();
    made.fail = async (exchange) => {
      const [server] = made.servers;
      made.servers.push({ ...server!, id: '00000000-0000-4000-8000-000000000000' });
      await json({ server: { id: server!.id } }, 202)(exchange);
    };
    const answer = await create(one, 'several', { min_count: 2, max_count: 2 });
    expect([answer.status, answer.headers['x-sluice-recovered']]).toEqual([202, undefined]);
    expect(made.deleted).toEqual([]);
  });

  it('give way to whoever has the key by the time Redis is back, and answer as it was answered', async () => {
    const made = creates(dfw);
    const room = holdFirst();
    const { redis, one, two } = await start();
    await redis.kill();
    const first = create(one, 'back');
    await room.arrived(1);
    await redis.restart();
    const other = new Redis(redis.url);
    onTestFinished(() => other.disconnect());
    // It is in Redis, where the first has nothing yet.
    await expect
      .poll(async () => {
        await create(two, 'knock');
        return (await other.keys('sluice:1:idempotency:*')).length;
      })
      .toBeGreaterThan(0);
    const second = await create(two, 'back');
    room.open();
    const answer = await first;
    expect([second.status, answer.status]).toEqual([202, 202]);
    expect(answer.headers).toHaveProperty('idempotent-replayed', 'true');
    expect(idOf(answer)).toBe(idOf(second));
    expect(made.servers.filter(({ id }) => !made.deleted.includes(id))).toHaveLength(2);
  });

  it('go on where Redis has lost what they have claimed, and make one server', async () => {
    const made = creates(dfw);
    const room = holdFirst();
    const { redis, one, two } = await start();
    const first = create(one, 'lost');
    await room.arrived(1);
    const other = new Redis(redis.url);
    onTestFinished(() => other.disconnect());
    expect(await other.keys('sluice:1:idempotency:*')).toHaveLength(1);
    await other.flushall();
    room.open();
    const answer = await first;
    expect(answer.status).toBe(202);
    const again = await create(two, 'lost');
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([202, 'true']);
    expect(made.servers).toHaveLength(1);
  });
});
