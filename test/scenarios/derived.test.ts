import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { DEMO_USER } from '../../src/simulator/config.ts';
import { ask } from '../support/ask.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway } from '../support/gateway.ts';
import { startSimulator } from '../unit/simulator/running-simulator.ts';

/** What a detail list in the cache answers, beside the simulator's own answers to the same questions. */

const P = `/dfw/v2/${DEMO_USER.tenant}`;
const FLAVORS = ['2', '3', '4', '5', '6', '7', '8'];

interface Images {
  images: { id: string; name: string }[];
}

let clock: FakeClock;
let identityUrl: string;
let session: Awaited<ReturnType<typeof startSimulator>>['session'];

beforeEach(async () => {
  clock = new FakeClock();
  ({ identityUrl, session } = await startSimulator({ rateLimits: { enabled: false } }, clock));
});

async function gatewayOf(cache: object) {
  const gateway = await startGateway({
    identityUrl,
    credentials: { username: DEMO_USER.username, apiKey: DEMO_USER.apiKey! },
    clock,
    settings: { publicUrl: 'http://sluice.test', cache: { ...cache } },
  });
  onTestFinished(() => gateway.close());
  const get = (path: string) => ask(`${gateway.url}${P}${path}`);
  return { gateway, get };
}

/** Each of these, asked of a cache that has the detail list alone, and of the region. */
async function compare(list: string, paths: readonly string[]): Promise<void> {
  const { gateway, get } = await gatewayOf({ derive: { flavors: true, images: true } });
  const { get: direct } = await gatewayOf({ enabled: false });
  await get(list);
  const reached = () => gateway.metric('sluice_upstream_requests_total', { status: '200' });
  const before = await reached();
  for (const path of paths) {
    const [computed, real] = [await get(path), await direct(path)];
    expect(computed.headers['cache-status'], path).toMatch(/^sluice; hit; ttl=\d+; detail=derived$/);
    expect(computed.json(), path).toEqual(real.json());
    const xml = path.replace(/(\?|$)/, '.xml$1');
    expect((await get(xml)).text, xml).toBe((await direct(xml)).text);
    expect((await get(path)).headers['cache-status'], path).toMatch(/^sluice; hit; ttl=\d+$/);
  }
  expect(await reached()).toBe(before);
}

describe('a fresh detail list answers without the region, and says what the region says', () => {
  it('flavors, their lists, filters and pages', () =>
    compare('/flavors/detail', [
      '/flavors',
      ...FLAVORS.map((id) => `/flavors/${id}`),
      '/flavors?minRam=1024',
      '/flavors/detail?minDisk=80&minRam=4096',
      '/flavors/detail?minRam=99999999',
      '/flavors?limit=3',
      '/flavors/detail?limit=2&marker=3',
      '/flavors?marker=6',
      '/flavors?minRam=1024&limit=2',
    ]));

  it('images, filters and pages of their details, where that is switched on', async () => {
    const { ask: askRegion } = await session();
    const { images } = (await (await askRegion('/images')).json()) as Images;
    const [first, second] = images;
    await compare('/images/detail', [
      `/images/${second!.id}`,
      `/images/detail?name=${encodeURIComponent(second!.name)}`,
      '/images/detail?status=ACTIVE',
      '/images/detail?type=BASE',
      '/images/detail?type=SNAPSHOT',
      '/images/detail?server=52415800-8b69-11e0-9b19-734f6f006e54',
      '/images/detail?limit=3',
      `/images/detail?limit=2&marker=${first!.id}`,
    ]);
  });
});

describe('a fresh detail list leaves to the region', () => {
  it.each([
    '/flavors/99',
    '/flavors?limit=7',
    '/flavors?limit=0',
    '/flavors?marker=99',
    '/flavors?minRam=lots',
    '/flavors?sort=ram',
    '/flavors/2?x=1',
    '/flavors?minRam=512&minRam=1024',
  ])('%s, which cannot be computed exactly', async (path) => {
    const { get } = await gatewayOf({});
    await get('/flavors/detail');
    expect((await get(path)).headers['x-cache']).toBe('MISS');
  });

  it('images without details, whose links are others than those of the details', async () => {
    const { get } = await gatewayOf({ derive: { images: true } });
    await get('/images/detail');
    expect((await get('/images')).headers['x-cache']).toBe('MISS');
  });

  it('images, unless that is switched on', async () => {
    const { get } = await gatewayOf({});
    await get('/images/detail');
    expect((await get('/images/detail?type=BASE')).headers['x-cache']).toBe('MISS');
  });

  it('flavors, where that is switched off', async () => {
    const { get } = await gatewayOf({ derive: { flavors: false } });
    await get('/flavors/detail');
    expect((await get('/flavors/2')).headers['x-cache']).toBe('MISS');
  });

  it('everything once it has expired, and what was computed from it expires with it', async () => {
    const { get } = await gatewayOf({ flavors: { ttl: 60, staleWhileRevalidate: 0, staleIfError: 0 } });
    await get('/flavors/detail');
    clock.tick(59_000);
    expect((await get('/flavors/2')).headers['cache-control']).toBe('private, max-age=1');
    clock.tick(1_000);
    expect((await get('/flavors/2')).headers['cache-status']).toContain('fwd=stale; fwd-status=200; stored');
    expect((await get('/flavors/3')).headers['x-cache']).toBe('MISS');
  });
});
