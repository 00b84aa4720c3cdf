import { describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { scenario } from '../support/scenario.ts';
import { json, type StubRequest } from '../support/stub-answers.ts';
import { STUB } from '../support/stub-documents.ts';

const { it, gateway, dfw } = scenario('test');

const base = () => `${gateway.url}/dfw/v2/700100`;
/** What callers' requests came to, below the tenant. */
const reached = () =>
  dfw
    .requests()
    .map(({ url }) => url.replace('/v2/700100', ''))
    .filter((url) => url !== '/limits' && !url.startsWith('/v2'));
const get = (path: string, headers: Record<string, string> = {}) => ask(base() + path, { headers });
const echo = json(({ url, query }: StubRequest) => ({ url, query, flavors: [], images: [] }));
const IMAGE = `/images/${STUB.imageId}`;
/** The same, its first character and a hyphen encoded. */
const SPELLED_IMAGE = `/%69mages/%${STUB.imageId.charCodeAt(0).toString(16)}${STUB.imageId.slice(1).replace('-', '%2d')}`;

describe('an operation that is spelled otherwise', () => {
  it('is the one that it would be in plain, for a caller that revalidates too', async () => {
    await get('/flavors/%64etail', { 'cache-control': 'no-cache' });
    expect(reached()[0]).toBe('/flavors/detail');
    expect((await get('/flavors/detail')).headers['x-cache']).toBe('HIT');
    expect((await get('/%66lavors//detail%2exml')).headers['x-cache']).toBe('HIT');
  });

  it('fills no entry but its own when the region knows nothing of it', async () => {
    const { status } = await get('/flavors/%2564etail', { 'cache-control': 'no-cache' });
    expect(status).toBe(404);
    expect(reached()[0]).toBe('/flavors/%2564etail');
    expect(await get('/flavors/detail')).toMatchObject({ status: 200, headers: { 'x-cache': 'MISS' } });
  });

  it('ends what a cached answer says, as it would in plain', async () => {
    for (const spelled of [
      SPELLED_IMAGE,
      `/%69mages/${STUB.imageId}.json`,
      `//images//${STUB.imageId}/`,
      `${IMAGE}%2ejson/`,
    ]) {
      await get(IMAGE);
      expect((await get(IMAGE)).headers['x-cache'], spelled).toBe('HIT');
      expect((await ask(base() + spelled, { method: 'DELETE' })).status, spelled).toBe(204);
      expect((await get(IMAGE)).headers['x-cache'], spelled).toBe('MISS');
    }
    const deletions = dfw.requests(`DELETE ${IMAGE}`);
    expect(deletions.map(({ url }) => url)).toEqual(Array(4).fill(`/v2/700100${IMAGE}`));
  });

  it('is what the fast path takes it for', async () => {
    await get('/flavors/detail');
    const raw = await connectRaw(gateway.url);
    try {
      for (const path of [
        '/flavors/detail',
        '/flavors/%64etail',
        '/flavors//detail.%6Ason',
        '/flavors/detail/',
      ]) {
        const answer = await raw.ask(`/dfw/%762/70010%30${path}`);
        expect([answer.status, answer.field('X-Cache')], path).toEqual([200, 'HIT']);
      }
      expect((await raw.ask('/dfw/v2/700100/flavors/..%2fdetail')).status).toBe(400);
    } finally {
      raw.close();
    }
    expect(dfw.count('GET /flavors/detail')).toBe(1);
  });
});

describe('a path that a server may read in two ways', () => {
  it.each([
    ['DELETE', `/images%2F${STUB.imageId}`],
    ['DELETE', `/images/${STUB.imageId}.json.json`],
    ['GET', `/images/${STUB.imageId}%2Fmetadata`],
    ['POST', `/servers%2f${STUB.serverId}%2faction`],
    ['GET', '/flavors/%2Fdetail'],
    ['GET', '/servers/%zz'],
    ['GET', '/servers/%c0%ae%c0%ae'],
    ['GET', '/servers/%252e%252e/x'],
    ['GET', '/servers/..;x=1/x'],
    ['GET', '/servers?name=%zz'],
    ['GET', '/servers/\u00c3\u00a9'],
    ['GET', '/servers/1#x'],
  ])('is refused: %s %s', async (method, path) => {
    const { status, json: parse } = await ask(base() + path, { method });
    expect(status).toBe(400);
    expect(parse()).toHaveProperty('badRequest.message');
    expect(reached()).toEqual([]);
  });

  it('goes up in the one that all servers read alike, where there is one', async () => {
    dfw.on('* *', echo);
    for (const [path, canonical] of [
      ['/servers/1/metadata/a%2fb', '/servers/1/metadata/a%2Fb'],
      ['/images/1;x=1', '/images/1%3Bx=1'],
      ['/os-things/a%3ab;c/', '/os-things/a:b%3Bc'],
      ['/os-things/%c3%a9', '/os-things/%C3%A9'],
    ] as const) {
      dfw.forget();
      await get(path);
      expect(reached()[0]).toBe(canonical);
    }
  });
});

describe('a query', () => {
  it.each([
    ['/flavors?minRam=0&minRam=8192', '/flavors?minRam=8192'],
    ['/flavors?minRam=8192&minRam=0', '/flavors?minRam=0&minRam=8192'],
    ['/flavors?minRam=8192;minDisk=40', '/flavors?minRam=8192&minDisk=40'],
    ['/flavors?format=json;minRam=8192', '/flavors'],
    ['/images?name=a%26status=ACTIVE', '/images?name=a&status=ACTIVE'],
    ['/images?name%3Da=b', '/images?name=a%3Db'],
    ['/images?name=a+b', '/images?name=a%20b'],
    ['/images?name', '/images?name='],
    ['/images?name=a&name=a', '/images?name=a'],
  ])('%s shares no answer with %s, and goes up as it is', async (odd, plain) => {
    dfw.on('GET /flavors', echo);
    dfw.on('GET /images', echo);
    await get(odd);
    expect(reached()[0]).toBe(odd);
    expect((await get(plain)).headers['x-cache']).toBe('MISS');
    expect((await get(odd)).headers['x-cache']).toBe('HIT');
  });

  it.each([
    ['/images?name=a&limit=5', '/images?l%69mit=5&n%61me=%61'],
    ['/images?name=a&limit=5', '/images?&limit=5&format=json&&name=a&cacheid=7'],
    [
      `/images?server=${STUB.serverId}`,
      `/images?server=http%3A%2F%2Fx%2Fv2%2F1%2Fservers%2F${STUB.serverId}`,
    ],
    [`/images?server=${STUB.serverId}`, `/images?s%65rver=/v2/1/servers/${STUB.serverId}`],
  ])('%s shares its answer with %s, and its key is what was asked', async (plain, spelled) => {
    dfw.on('GET /images', echo);
    expect((await get(spelled)).headers['x-cache']).toBe('MISS');
    expect(reached()[0]).toBe(plain);
    expect((await get(plain)).headers['x-cache']).toBe('HIT');
  });
});
