import { expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import type { TestGateway } from '../support/gateway.ts';
import { setScene } from '../support/scenario.ts';
import { fault } from '../support/stub-answers.ts';
import { publishedAs } from '../support/stub-rates.ts';

const WARM = ['/flavors', '/flavors/detail', '/images', '/images/detail'];

async function refreshes(gateway: TestGateway, count: number): Promise<void> {
  const ended = () => gateway.metric('sluice_cache_revalidations_total');
  while ((await ended()) < count) await new Promise(setImmediate);
}

it('cache.warm: [flavors, images] fetches them of every region at the start, before anybody asks', async () => {
  const { upstream, gateway } = await setScene({
    regions: ['DFW', 'ORD'],
    settings: { cache: { warm: ['flavors', 'images'] } },
  });
  await refreshes(gateway, 8);
  for (const region of ['DFW', 'ORD']) {
    for (const path of WARM) {
      const { headers } = await ask(`${gateway.url}/${region}/v2/700100${path}`);
      expect(headers['x-cache'], `${region} ${path}`).toBe('HIT');
      expect(upstream.region(region).count(`GET ${path}`)).toBeLessThanOrEqual(1);
    }
    expect(upstream.region(region).count('GET /extensions')).toBe(0);
  }
});

it('a region that fails while the cache is warmed costs nobody an answer', async () => {
  const { gateway, dfw } = await setScene({
    settings: { cache: { warm: ['flavors'] }, upstream: { retries: 0 } },
    script: (upstream) =>
      upstream.region('DFW').on('GET /flavors/detail', fault('computeFault', 500, 'Not yet.')),
  });
  await refreshes(gateway, 2);
  dfw.off('GET /flavors/detail');
  expect((await ask(`${gateway.url}/dfw/v2/700100/flavors/detail`)).status).toBe(200);
});

it('callers go before what is still to be fetched for a warm cache', async () => {
  const { gateway, dfw } = await setScene({
    settings: { cache: { warm: ['flavors', 'images', 'extensions'] } },
    script: (upstream) =>
      upstream.region('DFW').publish(publishedAs([{ verb: 'GET', uri: '*', value: 2, unit: 'SECOND' }])),
  });
  const url = `${gateway.url}/dfw/v2/700100/servers`;
  await Promise.all([ask(url), ask(url), ask(url), refreshes(gateway, 5)]);
  const order = dfw.requests().map(({ path }) => path);
  const warm = [...WARM, '/extensions'];
  expect(order.slice(-3).filter((path) => warm.includes(path))).toHaveLength(3);
});
