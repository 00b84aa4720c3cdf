import { expect, it, onTestFinished } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { redisAvailable, startRedis } from '../support/redis-server.ts';
import { LIMITER_KINDS } from '../support/reference-upstreams.ts';
import { setScene } from '../support/scenario.ts';
import { json } from '../support/stub-answers.ts';
import { enforcedBy } from '../support/stub-rates.ts';

/** A limit that no answer tells of: neither the limits nor the Retry-After of a refusal. */
const hidden = (kind: (typeof LIMITER_KINDS)[number]) => {
  const model = enforcedBy(kind, [{ verb: 'ALL', uri: '*', value: 20, unit: 'SECOND' }]);
  return { refuse: (...asked: Parameters<typeof model.refuse>) => model.refuse(...asked) && TOO_MANY };
};
const TOO_MANY = json({ error: { code: 429, title: 'Too Many Requests' } }, 429);

/** Asks that many different things at once; answers with which statuses. */
async function statusesOf(gateway: TestGateway, count: number, from = 0): Promise<Set<number>> {
  const asked = Array.from({ length: count }, async (_, index) => {
    const { status } = await ask(`${gateway.url}/dfw/v2/700100/os-keypairs?n=${from + index}`);
    return status;
  });
  return new Set(await Promise.all(asked));
}

const refusals = (gateway: TestGateway) =>
  gateway.metric('sluice_upstream_overlimit_total', { region: 'DFW', service: 'compute' });
const learned = (gateway: TestGateway) =>
  gateway.metric('sluice_limit_info', { origin: 'learned', region: 'DFW' });

it.each(LIMITER_KINDS)(
  'callers see nothing of a limit that a region enforces and nobody tells of (%s)',
  async (kind) => {
    const { gateway, dfw } = await setScene({
      script: (upstream) => {
        upstream.region('DFW').publish([]);
        upstream.region('DFW').on('GET /os-keypairs', json({ keypairs: [] }));
        upstream.region('DFW').enforce(hidden(kind));
      },
    });
    expect(await statusesOf(gateway, 100)).toEqual(new Set([200]));
    expect(await refusals(gateway)).toBeGreaterThan(0);
    expect(await learned(gateway)).toBe(1);
    expect(dfw.count('GET /os-keypairs')).toBeGreaterThan(100);
  },
);

it.skipIf(!redisAvailable())(
  'what one instance has found out, the others at its Redis keep to before they are refused anything, and those that start later',
  async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const settings = { redis: { url: redis.url, signingKeys: ['a key that the instances have in common'] } };
    const { upstream, gateway: one } = await setScene({
      settings,
      script: (upstream) => {
        upstream.region('DFW').publish([]);
        upstream.region('DFW').on('GET /os-keypairs', json({ keypairs: [] }));
        upstream.region('DFW').enforce(hidden('sliding'));
      },
    });
    const join = async () => {
      const gateway = await startGateway({ identityUrl: upstream.identityUrl, settings });
      onTestFinished(() => gateway.close());
      return gateway;
    };
    const two = await join();
    // Who has nothing to ask need not know.
    expect(await statusesOf(two, 1, 1_000)).toEqual(new Set([200]));
    expect(await statusesOf(one, 60)).toEqual(new Set([200]));
    expect(await learned(one)).toBe(1);
    await expect.poll(() => learned(two)).toBe(1);
    expect(await refusals(two)).toBe(0);
    const both = [statusesOf(one, 40, 2_000), statusesOf(two, 40, 3_000)];
    expect(await Promise.all(both)).toEqual([new Set([200]), new Set([200])]);

    await one.close();
    await two.close();
    const three = await join();
    await expect.poll(() => learned(three)).toBe(1);
    expect(await refusals(three)).toBe(0);
  },
);
