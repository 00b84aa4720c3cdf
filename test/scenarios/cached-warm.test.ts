import { expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { fault } from '../support/stub-answers.ts';
import { publishedAs } from '../support/stub-rates.ts';
import { startStubUpstream } from '../support/stub-upstream.ts';

const WARM = ['/flavors', '/flavors/detail', '/images', '/images/detail'];

async function refreshes(gateway: TestGateway, count: number): Promise<void> {
  const ended = () => gateway.metric('sluice_cache_revalidations_total');
  while ((await ended()) < count) await new Promise(setImmediate);
}

it('cache.warm: [flavors, images] fetches them of every region at the start, before anybody asks', async () => {
  const upstream = await startStubUpstream({ regions: ['DFW', 'ORD'] });
  const gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { cache: { warm: ['flavors', 'images'] } },
  });
  try {
    await refreshes(gateway, 8);
    for (const region of ['DFW', 'ORD']) {
      for (const path of WARM) {
        const { headers } = await ask(`${gateway.url}/${region}/v2/700100${path}`);
        expect(headers['x-cache'], `${region} ${path}`).toBe('HIT');
        expect(upstream.region(region).count(`GET ${path}`)).toBeLessThanOrEqual(1);
      }
      expect(upstream.region(region).count('GET /extensions')).toBe(0);
    }
  } finally {
    await gateway.close();
    await upstream.close();
  }
});

it('a region that fails while the cache is warmed costs nobody an answer', async () => {
  const upstream = await startStubUpstream();
  const dfw = upstream.region('DFW');
  dfw.on('GET /flavors/detail', fault('computeFault', 500, 'Not yet.'));
  const gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { cache: { warm: ['flavors'] }, upstream: { retries: 0 } },
  });
  try {
    await refreshes(gateway, 2);
    dfw.off('GET /flavors/detail');
    expect((await ask(`${gateway.url}/dfw/v2/700100/flavors/detail`)).status).toBe(200);
  } finally {
    await gateway.close();
    await upstream.close();
  }
});

it('callers go before what is still to be fetched for a warm cache', async () => {
  const upstream = await startStubUpstream();
  const dfw = upstream.region('DFW');
  dfw.publish(publishedAs([{ verb: 'GET', uri: '*', value: 2, unit: 'SECOND' }]));
  const gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { cache: { warm: ['flavors', 'images', 'extensions'] } },
  });
  try {
    const url = `${gateway.url}/dfw/v2/700100/servers`;
    await Promise.all([ask(url), ask(url), ask(url), refreshes(gateway, 5)]);
    const order = dfw.requests().map(({ path }) => path);
    const warm = [...WARM, '/extensions'];
    expect(order.slice(-3).filter((path) => warm.includes(path))).toHaveLength(3);
  } finally {
    await gateway.close();
    await upstream.close();
  }
});
