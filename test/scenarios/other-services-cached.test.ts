import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json, noContent, type StubRequest, text, unavailable } from '../support/stub-answers.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubService, startStubService } from '../support/stub-service.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

/** Two projects of one cloud, which has one Glance and one Neutron for its two regions. */
let glance: StubService;
let neutron: StubService;
let upstreams: StubUpstream[];
let gateway: TestGateway;

const TENANTS = ['700100', '700200'] as const;

beforeAll(async () => {
  glance = await startStubService();
  neutron = await startStubService();
  const everywhere = (publicURL: string) => ['DFW', 'ORD'].map((region) => ({ region, publicURL }));
  const services = [
    { name: 'glance', type: 'image', endpoints: everywhere(glance.origin) },
    { name: 'neutron', type: 'network', endpoints: everywhere(neutron.origin) },
  ];
  upstreams = await Promise.all(
    TENANTS.map((tenant) =>
      startStubUpstream({ tenant, tokenPrefix: `${tenant}-`, regions: ['DFW', 'ORD'], services }),
    ),
  );
  const { username, apiKey } = STUB_CREDENTIALS;
  const accounts = upstreams.map(({ identityUrl: url }, index) => ({
    name: `account-${index}`,
    identity: { url, username, apiKey },
  }));
  gateway = await startGateway({ identityUrl: '', settings: { accounts, upstream: { retries: 0 } } });
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([...upstreams, glance, neutron].map((one) => one.close()));
});

/** What a project is shown: whose token it was asked with. */
const own = (request: StubRequest) => String(request.headers['x-auth-token']).slice(0, 6);

beforeEach(async () => {
  await ask(`${gateway.adminUrl}/admin/cache/purge`, { method: 'POST' });
  for (const one of [glance, neutron]) one.forget();
  glance.on(
    'GET /v2/images',
    json((request: StubRequest) => ({
      images: [{ id: 'a', name: own(request), status: 'active', self: '/v2/images/a' }],
      first: '/v2/images',
      next: '/v2/images?marker=a',
    })),
  );
  glance.on('GET /v2/images/a', json({ id: 'a', status: 'active', file: '/v2/images/a/file' }));
  neutron.on('GET /v2.0/networks', json({ networks: [] }));
});

const tokens = new Map<string, string>();
async function tokenOf(tenantId: string): Promise<string> {
  const known = tokens.get(tenantId);
  if (known !== undefined) return known;
  const { json: parse } = await ask(`${gateway.url}/v2.0/tokens`, {
    method: 'POST',
    body: JSON.stringify({ auth: { passwordCredentials: { username: 'mara', password: 'x' }, tenantId } }),
    headers: { 'content-type': 'application/json' },
  });
  const { id } = parse<{ access: { token: { id: string } } }>().access.token;
  tokens.set(tenantId, id);
  return id;
}

async function send(path: string, { tenant = TENANTS[0], method = 'GET', body = '' }: Asking = {}) {
  const type = body === '' ? {} : { 'content-type': 'application/json', 'content-length': body.length };
  const headers = { 'x-auth-token': await tokenOf(tenant), ...type };
  return ask(gateway.url + path, { method, headers, ...(body === '' ? {} : { body }) });
}
interface Asking {
  tenant?: string;
  method?: string;
  body?: string;
}

const IMAGES = '/dfw/services/image/v2/images';
const cacheOf = async (path: string, asking?: Asking) => (await send(path, asking)).headers['x-cache'];

describe('what clients ask of other services again and again', () => {
  it('is asked of the service once, every byte of it as the service wrote it', async () => {
    const first = await send(IMAGES);
    for (let time = 0; time < 4; time++) expect((await send(IMAGES)).text).toBe(first.text);
    expect(glance.count('GET /v2/images')).toBe(1);
    expect(first.json()).toMatchObject({ first: '/v2/images', next: '/v2/images?marker=a' });
  });

  it.each([
    ['an image', '/image/v2/images/a', 'GET /v2/images/a'],
    ['networks', '/network/v2.0/networks', 'GET /v2.0/networks'],
  ])('%s', async (_what, path, pattern) => {
    const stub = path.startsWith('/image') ? glance : neutron;
    for (const cache of ['MISS', 'HIT']) expect(await cacheOf(`/dfw/services${path}`)).toBe(cache);
    expect(stub.count(pattern)).toBe(1);
  });

  it('is each project’s own', async () => {
    for (let time = 0; time < 2; time++)
      for (const tenant of TENANTS) expect((await send(IMAGES, { tenant })).text).toContain(`"${tenant}"`);
    expect(glance.count('GET /v2/images')).toBe(2);
  });

  it('is one thing under every spelling', async () => {
    const paths = [IMAGES, '/dfw/services/image//v2/%69mages', '/DFW/services/image/v2/images'];
    for (const path of paths) expect((await send(path)).status).toBe(200);
    expect(glance.requests().map(({ url }) => url)).toEqual(['/v2/images']);
  });

  it('with an encoded slash that servers would take for one is refused', async () => {
    expect((await send('/dfw/services/image/v2%2Fimages')).status).toBe(400);
    expect((await send('/dfw/services/image/v2/images%2Fa', { method: 'DELETE' })).status).toBe(400);
    expect(glance.requests()).toEqual([]);
  });

  it('goes on while the service is away', async () => {
    await send(IMAGES);
    glance.on('GET /v2/images', unavailable);
    glance.on('GET /v2/images/b', text('<html>away</html>', 503, { 'content-type': 'text/html' }));
    expect((await send(IMAGES)).status).toBe(200);
    const { status, headers, text: body } = await send(`${IMAGES}/b`);
    expect([status, headers['content-type'], body]).toEqual([503, 'text/html', '<html>away</html>']);
  });

  it('is refused as the service refuses it', async () => {
    const refusal = { message: 'No image found with ID b', code: '404 Not Found', title: 'Not Found' };
    glance.on('GET /v2/images/b', json(refusal, 404));
    for (const cache of ['MISS', 'HIT']) {
      const { status, headers, json: parse } = await send(`${IMAGES}/b`);
      expect([status, headers['x-cache'], parse()]).toEqual([404, cache, refusal]);
    }
  });

  it('is not kept long while an image is on its way', async () => {
    const now = new Date().toISOString();
    glance.on('GET /v2/images', json({ images: [{ id: 'a', status: 'saving', updated_at: now }] }));
    const { headers } = await send(IMAGES);
    expect(Number(/max-age=(\d+)/.exec(String(headers['cache-control']))![1])).toBeLessThanOrEqual(2);
  });

  it('is kept where an image has been on its way for long', async () => {
    const then = '2020-01-01T00:00:00Z';
    glance.on('GET /v2/images', json({ images: [{ id: 'a', status: 'queued', updated_at: then }] }));
    const { headers } = await send(IMAGES);
    expect(Number(/max-age=(\d+)/.exec(String(headers['cache-control']))![1])).toBeGreaterThan(30);
  });
});

describe('a write', () => {
  it.each([
    ['POST', '/v2/images', json({ id: 'b' }, 201)],
    ['PATCH', '/v2/images/a', json({ id: 'a' })],
    ['PUT', '/v2/images/a/file', noContent()],
    ['DELETE', '/v2/images/a', noContent()],
    ['PUT', '/v2/images/a/members/x', json({})],
  ] as const)(
    '%s %s ends what is cached, in every region that shares the service',
    async (method, path, answer) => {
      glance.on(`${method} ${path}`, answer);
      for (const region of ['dfw', 'ord']) await send(`/${region}/services/image/v2/images`);
      await send(`/dfw/services/image${path}`, { method, body: '{}' });
      for (const region of ['dfw', 'ord'])
        expect(await cacheOf(`/${region}/services/image/v2/images`)).toBe('MISS');
    },
  );

  it('by way of Compute ends it as well, and the other way round', async () => {
    const image = '/dfw/v2/700100/images';
    upstreams[0]!.region('DFW').on('DELETE /images/a', noContent());
    await send(IMAGES);
    await send(`${image}/a`, { method: 'DELETE' });
    expect(await cacheOf(IMAGES)).toBe('MISS');
    glance.on('DELETE /v2/images/a', noContent());
    await send(image);
    expect(await cacheOf(image)).toBe('HIT');
    await send(`${IMAGES}/a`, { method: 'DELETE' });
    expect(await cacheOf(image)).toBe('MISS');
  });

  it.each([
    ['POST', '/v2.0/networks', 'networks'],
    ['DELETE', '/v2.0/subnets/1', 'networks'],
    ['PUT', '/v2.0/networks/1.json', 'networks'],
    ['POST', '/v2.0/rbac-policies', 'networks'],
  ])('%s %s ends the list of networks', async (method, path) => {
    neutron.on(`${method} ${path}`, json({}));
    const networks = '/ord/services/network/v2.0/networks';
    await send(networks);
    await send(`/dfw/services/network${path}`, { method, body: '{}' });
    expect(await cacheOf(networks)).toBe('MISS');
  });

  it('of a port ends nothing', async () => {
    neutron.on('POST /v2.0/ports', json({ port: {} }, 201));
    await send('/dfw/services/network/v2.0/networks');
    await send('/dfw/services/network/v2.0/ports', { method: 'POST', body: '{}' });
    expect(await cacheOf('/dfw/services/network/v2.0/networks')).toBe('HIT');
  });

  it('that is refused ends nothing', async () => {
    glance.on('DELETE /v2/images/a', json({ code: '403 Forbidden' }, 403));
    await send(IMAGES);
    await send(`${IMAGES}/a`, { method: 'DELETE' });
    expect(await cacheOf(IMAGES)).toBe('HIT');
  });
});

describe('links to other services lead here', () => {
  const links = (request: StubRequest) => [{ rel: 'self', href: `${request.origin}/v2/` }];

  it('in version documents, whatever their status', async () => {
    glance.on(
      'GET /',
      json((request: StubRequest) => ({ versions: [{ id: 'v2.9', links: links(request) }] }), 300),
    );
    for (const cache of ['MISS', 'HIT']) {
      const { status, headers, json: parse } = await send('/ord/services/image');
      expect([status, headers['x-cache']]).toEqual([300, cache]);
      expect(parse()).toEqual({
        versions: [{ id: 'v2.9', links: [{ rel: 'self', href: `${gateway.url}/ord/services/image/v2/` }] }],
      });
    }
  });

  it('in what streams, where it is a document', async () => {
    const href = `${neutron.origin}/v2.0/ports?limit=1&marker=7`;
    neutron.on('GET /v2.0/ports', json({ ports: [], ports_links: [{ rel: 'next', href }] }));
    const { json: parse } = await send('/dfw/services/network/v2.0/ports');
    expect(parse()).toMatchObject({
      ports_links: [{ href: `${gateway.url}/dfw/services/network/v2.0/ports?limit=1&marker=7` }],
    });
  });

  it('in a redirect', async () => {
    glance.on('GET /v2', text('', 302, { location: `${glance.origin}/v2/` }));
    const { status, headers } = await send('/dfw/services/image/v2');
    expect([status, headers['location']]).toEqual([302, `${gateway.url}/dfw/services/image/v2/`]);
  });

  it("in Compute's own documents", async () => {
    const alternate = { rel: 'alternate', type: 'application/json', href: `${glance.origin}/images/a` };
    upstreams[0]!
      .region('DFW')
      .on('GET /images/a', json({ image: { id: 'a', status: 'ACTIVE', links: [alternate] } }));
    const { text: body } = await send('/dfw/v2/700100/images/a');
    expect(body).toContain(`"${gateway.url}/dfw/services/image/images/a"`);
  });

  it('and bytes that are no document stay as they are', async () => {
    const bytes = JSON.stringify({ href: `${glance.origin}/v2/images` });
    glance.on('GET /v2/images/a/file', text(bytes, 200, { 'content-type': 'application/octet-stream' }));
    expect((await send(`${IMAGES}/a/file`)).text).toBe(bytes);
  });
});

describe('an upload without a length', () => {
  it('goes up in chunks to a service that reads them, and with its length where it is small', async () => {
    glance.on('PUT /v2/images/a/file', noContent());
    const upload = async (body: Buffer) =>
      ask(`${gateway.url}${IMAGES}/a/file`, {
        method: 'PUT',
        headers: { 'x-auth-token': await tokenOf(TENANTS[0]), 'content-type': 'application/octet-stream' },
        body,
        chunked: true,
      });
    const large = Buffer.alloc(3 * 1024 * 1024, 'x');
    expect((await upload(large)).status).toBe(204);
    expect((await upload(Buffer.from('few'))).status).toBe(204);
    const [first, second] = glance.requests('PUT /v2/images/a/file');
    expect(first!.headers).toMatchObject({ 'transfer-encoding': 'chunked' });
    expect(first!.body).toBe(large.toString());
    expect(second!.headers).toMatchObject({ 'content-length': '3' });
  });
});
