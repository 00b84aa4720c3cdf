import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tree } from '../../src/settings/tree.ts';
import { keysMode, type TestClient, testClient } from '../support/clients.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { type RedisServer, redisAvailable, startRedis } from '../support/redis-server.ts';
import { json } from '../support/stub-answers.ts';
import { type StubService, startStubService } from '../support/stub-service.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const limit = (verb: string, uri: string, value: number) => ({ verb, uri, value, unit: 'DAY' });
const batch = testClient('batch', { limits: [limit('ALL', '*', 6), limit('POST', '/networks', 2)] as never });
const reader = testClient('reader', { limits: [limit('GET', '/images', 1)] as never });
const web = testClient('web');
/** Each is asked with once, until what Redis says has been heard. */
const sharing = Array.from({ length: 60 }, (_, at) =>
  testClient(`sharing-${at}`, { limits: [limit('ALL', '*', 6)] as never }),
);

let upstream: StubUpstream;
let service: StubService;
const running: TestGateway[] = [];

beforeAll(async () => {
  service = await startStubService();
  for (const path of ['/*', '/*/*', '/*/*/*', '/*/*/*/*']) service.on(`* ${path}`, json({ images: [] }));
  const endpoint = (path: string) => [
    { region: 'DFW', tenantId: '700100', publicURL: service.origin + path },
    { region: 'ORD', tenantId: '700100', publicURL: service.origin + path },
  ];
  upstream = await startStubUpstream({
    regions: ['DFW', 'ORD'],
    services: [
      { name: 'images', type: 'image', endpoints: endpoint('/image/v2') },
      { name: 'wires', type: 'network', endpoints: endpoint('/network') },
      { name: 'disks', type: 'volumev3', endpoints: endpoint('/volume/v3/700100') },
    ],
  });
});
afterAll(async () => {
  for (const gateway of running) await gateway.close();
  await Promise.all([upstream.close(), service.close()]);
});

async function start(settings: Tree = {}): Promise<TestGateway> {
  const clients = keysMode([batch, reader, web, ...sharing]);
  const account = { source: 'static', static: [limit('ALL', '*', 100_000)] };
  const gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { ...clients, limits: account as never, ...settings },
  });
  running.push(gateway);
  return gateway;
}

/** Each request's status. */
async function statuses(
  { url }: TestGateway,
  client: TestClient,
  asked: readonly (readonly [method: string, path: string])[],
): Promise<number[]> {
  const connection = await connectRaw(url);
  const found: number[] = [];
  for (const [method, path] of asked) {
    const body = method === 'POST' ? '{}' : '';
    const headers = { 'X-Auth-Token': client.key, 'Content-Type': 'application/json' };
    found.push((await connection.ask(path, headers, method, body)).status);
  }
  connection.close();
  return found;
}

const SERVERS = ['GET', '/dfw/v2/700100/servers'] as const;
const NETWORKS = ['POST', '/dfw/services/network/v2.0/networks'] as const;
const IMAGES = ['GET', '/dfw/services/image/v2/images'] as const;

describe('the limits of a client’s own', () => {
  it('count what it asks of every service and region together, and nothing that memory answers', async () => {
    const gateway = await start();
    const asked = [
      SERVERS,
      ['GET', '/ord/v2/700100/servers'] as const,
      NETWORKS,
      NETWORKS,
      // A limit of one path, in whichever region: the third is beyond it, and takes nothing of the other limit.
      ['POST', '/ord/services/network/v2.0/networks'] as const,
      ['GET', '/ORD/services/volumev3/volumes'] as const,
      IMAGES,
      // From memory: these cost nothing.
      IMAGES,
      IMAGES,
      SERVERS,
      ['GET', '/dfw/services/network/v2.0/networks'] as const,
      ['GET', '/dfw/v2/700100/os-keypairs'] as const,
      IMAGES,
    ];
    expect(await statuses(gateway, batch, asked)).toEqual([
      200, 200, 200, 200, 413, 200, 200, 200, 200, 413, 413, 413, 200,
    ]);
    expect(await statuses(gateway, web, [SERVERS, NETWORKS, NETWORKS, NETWORKS])).toEqual([
      200, 200, 200, 200,
    ]);
    expect(await gateway.metric('sluice_limit_rejected_total', { service: 'network' })).toBeGreaterThan(0);
  });

  it('mean a path below the version of a service, or below the tenant', async () => {
    const gateway = await start();
    const one = ['GET', '/dfw/services/image/v2/images/1'] as const;
    const two = ['GET', '/dfw/services/image/v2/images/2'] as const;
    const other = ['GET', '/dfw/v2/700100/images/2'] as const;
    expect(
      (await statuses(gateway, reader, [one, two, other, SERVERS])).map((status) => status === 413),
    ).toEqual([false, true, true, false]);
  });
});

describe.skipIf(!redisAvailable())('the limits of a client’s own, where two instances share a Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('are divided by their number, for other services as well, so that both together keep to them', async () => {
    const shared = { redis: { url: redis.url } };
    const both = [await start(shared), await start(shared)];
    const spend = async (gateway: TestGateway, client: TestClient): Promise<number> => {
      const asked = Array.from({ length: 4 }, () => [SERVERS, NETWORKS]).flat();
      return (await statuses(gateway, client, asked)).filter((status) => status === 200).length;
    };
    let next = 0;
    const parts = async (): Promise<number[]> => {
      const client = sharing[next++ % sharing.length]!;
      return [await spend(both[0]!, client), await spend(both[1]!, client)];
    };
    // Each hears of the other with the slots that it takes.
    await expect.poll(parts, { interval: 100 }).toEqual([3, 3]);
  });
});
