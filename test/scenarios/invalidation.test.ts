import { beforeEach, describe, expect } from 'vitest';
import { type Answered, ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { fault, json, reset } from '../support/stub-answers.ts';
import { STUB } from '../support/stub-documents.ts';

const IMAGE = `/images/${STUB.imageId}`;
const OTHER = `/images/${STUB.newImageId}`;

const { it, gateway, dfw, clock } = scenario('test', {
  standstill: true,
  regions: ['DFW', 'ORD'],
  settings: { upstream: { retries: 0 } },
  script(upstream) {
    const dfw = upstream.region('DFW');
    dfw.on(`GET ${IMAGE}/metadata`, json({ metadata: { os: 'linux' } }));
    dfw.on(`PUT ${IMAGE}/metadata`, json({ metadata: { os: 'bsd' } }));
    dfw.on(`POST ${IMAGE}/metadata`, json({ metadata: { os: 'bsd' } }));
    dfw.on(`PUT ${IMAGE}/metadata/os`, json({ meta: { os: 'bsd' } }));
    dfw.on(`DELETE ${IMAGE}/metadata/os`, ({ response }) => void response.writeHead(204).end());
  },
});

const get = (path: string, region = 'dfw'): Promise<Answered> =>
  ask(`${gateway.url}/${region}/v2/700100${path}`);

const write = (method: string, path: string, body?: object): Promise<Answered> =>
  ask(`${gateway.url}/dfw/v2/700100${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });

/** What of these is answered from the cache. */
async function cached(...paths: string[]): Promise<string[]> {
  const kept: string[] = [];
  for (const path of paths) if ((await get(path)).headers['x-cache'] === 'HIT') kept.push(path);
  return kept;
}

const LISTS = ['/images', '/images/detail', '/images?status=ACTIVE'];
const ALL = [...LISTS, IMAGE, OTHER, '/flavors'];

beforeEach(async () => {
  for (const path of ALL) await get(path);
  expect(await cached(...ALL)).toEqual(ALL);
});

describe('a write through Sluice drops at once what it made untrue, and nothing else', () => {
  it('createImage: the lists', async () => {
    const made = await write('POST', `/servers/${STUB.serverId}/action`, { createImage: { name: 'snap' } });
    expect(made.status).toBe(202);
    expect(await cached(...ALL)).toEqual([IMAGE, OTHER, '/flavors']);
  });

  it.each(['createBackup', 'shelve'])('%s, an action of an extension: the lists', async (name) => {
    dfw.on('POST /servers/*/action', ({ response }) => void response.writeHead(202).end());
    const made = await write('POST', `/servers/${STUB.serverId}/action`, { [name]: null });
    expect(made.status).toBe(202);
    expect(await cached(...ALL)).toEqual([IMAGE, OTHER, '/flavors']);
  });

  it('an action of a volume of os-volumes, which may make an image: all images', async () => {
    dfw.on('POST /os-volumes/*/action', ({ response }) => void response.writeHead(202).end());
    expect((await write('POST', '/os-volumes/7/action', { any: {} })).status).toBe(202);
    expect(await cached(...ALL)).toEqual(['/flavors']);
  });

  it('DELETE of an image: that image and the lists', async () => {
    expect((await write('DELETE', IMAGE)).status).toBe(204);
    expect(await cached(...ALL)).toEqual([OTHER, '/flavors']);
  });

  it.each<[string, string, object | undefined]>([
    ['PUT', `${IMAGE}/metadata`, { metadata: { os: 'bsd' } }],
    ['POST', `${IMAGE}/metadata`, { metadata: { os: 'bsd' } }],
    ['PUT', `${IMAGE}/metadata/os`, { meta: { os: 'bsd' } }],
    ['DELETE', `${IMAGE}/metadata/os`, undefined],
  ])('%s %s: that image, its metadata and the lists', async (method, path, body) => {
    await get(`${IMAGE}/metadata`);
    const { status } = await write(method, path, body);
    expect(status).toBeLessThan(300);
    expect(await cached(...ALL, `${IMAGE}/metadata`)).toEqual([OTHER, '/flavors']);
  });

  it('and only in its region', async () => {
    await get('/images', 'ord');
    await write('DELETE', IMAGE);
    expect((await get('/images', 'ord')).headers['x-cache']).toBe('HIT');
  });

  it('counted by cause', async () => {
    await write('DELETE', IMAGE);
    const labels = { region: 'DFW', resource: 'images', cause: 'write' };
    expect(await gateway.metric('sluice_cache_invalidations_total', labels)).toBe(LISTS.length + 1);
  });
});

describe('a write whose answer was lost may have been done: it drops the same', () => {
  it('when the connection broke', async () => {
    dfw.on(`DELETE ${IMAGE}`, reset);
    expect((await write('DELETE', IMAGE)).status).toBe(500);
    expect(await cached(...ALL)).toEqual([OTHER, '/flavors']);
  });

  it('when the region said 500', async () => {
    dfw.on('POST /servers/*/action', fault('computeFault', 500, 'The stub is out of order.'));
    await write('POST', `/servers/${STUB.serverId}/action`, { createImage: { name: 'snap' } });
    expect(await cached(...ALL)).toEqual([IMAGE, OTHER, '/flavors']);
  });

  it('and once more a while later, since the region may still have been at it', async () => {
    dfw.on(`DELETE ${IMAGE}`, reset);
    await write('DELETE', IMAGE);
    for (const path of ALL) await get(path);
    await clock.advance(30_000);
    expect(await cached(...ALL)).toEqual([OTHER, '/flavors']);
  });

  it('and when the caller left before the answer', async () => {
    const gate = dfw.hold(`DELETE ${IMAGE}`);
    const leaving = new AbortController();
    const gone = ask(`${gateway.url}/dfw/v2/700100${IMAGE}`, { method: 'DELETE', signal: leaving.signal });
    await gate.arrived(1);
    leaving.abort();
    await expect(gone).rejects.toThrow();
    await dfw.requests(`DELETE ${IMAGE}`)[0]!.closed;
    gate.open();
    const dropped = () => gateway.metric('sluice_cache_invalidations_total', { cause: 'write' });
    while ((await dropped()) === 0) await new Promise(setImmediate);
    expect(await cached(...ALL)).toEqual([OTHER, '/flavors']);
  });
});

it('a write that was refused drops nothing', async () => {
  dfw.on(`DELETE ${IMAGE}`, fault('forbidden', 403, 'Not this one.'));
  expect((await write('DELETE', IMAGE)).status).toBe(403);
  expect(await cached(...ALL)).toEqual(ALL);
});

it('an answer that was asked for before the write is served to those who waited, and not kept', async () => {
  await ask(`${gateway.adminUrl}/admin/cache/purge`, { method: 'POST' });
  const gate = dfw.hold('GET /images/detail');
  const before = get('/images/detail');
  await gate.arrived(1);
  await write('DELETE', IMAGE);
  gate.open();
  expect((await before).status).toBe(200);
  expect((await get('/images/detail')).headers['x-cache']).toBe('MISS');
});
