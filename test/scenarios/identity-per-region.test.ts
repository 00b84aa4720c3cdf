import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json } from '../support/stub-answers.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

/** Two regions of one provider, each with an identity service and a tenant of its own. */
let dfw: StubUpstream;
let syd: StubUpstream;
let gateway: TestGateway;
const { username, apiKey } = STUB_CREDENTIALS;

beforeEach(async () => {
  dfw = await startStubUpstream({ regions: ['DFW3'], tenant: '1001' });
  // As many installations do it, this one calls its only region by a name that says nothing.
  syd = await startStubUpstream({ regions: ['RegionOne'], tenant: '2002' });
});

afterEach(async () => {
  await gateway?.close();
  await dfw.close();
  await syd.close();
});

async function start(untilReady = true): Promise<void> {
  const identity = [
    { region: 'DFW3', url: dfw.identityUrl, username, apiKey },
    { region: 'SYD2', url: syd.identityUrl, username, apiKey },
  ];
  gateway = await startGateway({
    identityUrl: '',
    settings: { accounts: [{ name: 'main', identity }] },
    untilReady,
  });
}

const at = (path: string, init = {}) => ask(`${gateway.url}${path}`, init);

describe('an account with an identity service in each region', () => {
  it('asks each region with its own token and below its own tenant, whichever of them the caller names', async () => {
    await start();
    for (const tenant of ['1001', '2002', '-']) {
      expect((await at(`/dfw3/v2/${tenant}/servers`)).status).toBe(200);
      expect((await at(`/syd2/v2/${tenant}/servers`)).status).toBe(200);
    }
    expect(dfw.region('DFW3').count('GET /servers')).toBe(3);
    expect(syd.region('RegionOne').count('GET /servers')).toBe(3);
    const [first] = dfw.region('DFW3').requests('GET /servers');
    expect(first?.headers['x-auth-token']).toBe(dfw.identity.tokens.at(-1));
    expect(first?.url).toBe('/v2/1001/servers');
    const [second] = syd.region('RegionOne').requests('GET /servers');
    expect(second?.headers['x-auth-token']).toBe(syd.identity.tokens.at(-1));
    expect(second?.url).toBe('/v2/2002/servers');
  });

  it('leads a tenant that names no region to its own', async () => {
    await start();
    expect((await at('/v2/1001/servers')).headers['x-sluice-region']).toBe('DFW3');
    expect((await at('/v2/2002/servers')).headers['x-sluice-region']).toBe('SYD2');
    expect((await at('/v2/3003/servers')).status).toBe(404);
    expect((await at('/v2/3003/servers')).text).toContain('1001, 2002');
  });

  it('leads the links of each region back to it', async () => {
    await start();
    const own = syd.region('RegionOne');
    own.on(
      'GET /servers',
      json({ servers: [{ id: 's', links: [{ rel: 'self', href: `${own.url}/servers/s` }] }] }),
    );
    const { json: parse } = await at('/syd2/v2/1001/servers');
    const { servers } = parse() as { servers: { links: { href: string }[] }[] };
    const href = servers[0]!.links[0]!.href;
    expect(href).toBe(`${gateway.url}/syd2/v2/2002/servers/s`);
    own.on('GET /servers/s', json({ server: { id: 's' } }));
    expect((await ask(href)).status).toBe(200);
  });

  it('caches for each region apart', async () => {
    await start();
    for (const region of ['dfw3', 'syd2']) {
      await at(`/${region}/v2/1001/flavors`);
      expect((await at(`/${region}/v2/1001/flavors`)).headers['x-cache']).toBe('HIT');
    }
    expect(syd.region('RegionOne').count('GET /flavors')).toBe(1);
  });

  it('is one list for /all', async () => {
    await start();
    for (const [region, id] of [
      [dfw.region('DFW3'), 'a'],
      [syd.region('RegionOne'), 'b'],
    ] as const)
      region.on('GET /servers', json({ servers: [{ id, links: [] }] }));
    const { servers } = (await at('/all/v2/2002/servers')).json() as { servers: Record<string, string>[] };
    expect(servers.map((server) => [server['id'], server['sluice:region']])).toEqual([
      ['a', 'DFW3'],
      ['b', 'SYD2'],
    ]);
  });

  it('tells callers who log in of every region, and of both tenants', async () => {
    await start();
    const auth = (tenantId?: string) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: { passwordCredentials: { username, password: apiKey }, ...(tenantId ? { tenantId } : {}) },
      }),
    });
    for (const tenant of ['1001', '2002']) {
      const { access } = (await at('/v2.0/tokens', auth(tenant))).json() as {
        access: {
          token: { id: string; tenant: { id: string } };
          serviceCatalog: { type: string; endpoints: { region: string; publicURL: string }[] }[];
        };
      };
      expect(access.token.tenant.id).toBe(tenant);
      const compute = access.serviceCatalog.filter(({ type }) => type === 'compute');
      expect(compute.flatMap(({ endpoints }) => endpoints.map(({ publicURL }) => publicURL))).toEqual([
        // A client that takes the first it finds is in its own region.
        ...(tenant === '1001' ? ['dfw3', 'syd2'] : ['syd2', 'dfw3']).map(
          (region) => `${gateway.url}/${region}/v2/${tenant}`,
        ),
      ]);
    }
  });
});

describe('a client of Identity v3 at an account with an identity service in each region', () => {
  interface V3 {
    token: {
      project: { id: string };
      catalog: { type: string; endpoints: { interface: string; region: string; url: string }[] }[];
    };
  }
  const login = (scope?: object) =>
    at('/v3/auth/tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { name: username, domain: { id: 'default' }, password: apiKey } },
          },
          ...(scope === undefined ? {} : { scope }),
        },
      }),
    });
  const publicUrls = ({ token }: V3, type: string) =>
    token.catalog
      .filter((service) => service.type === type)
      .flatMap(({ endpoints }) =>
        endpoints.filter((one) => one.interface === 'public').map(({ url }) => url),
      );

  it.each(['1001', '2002'])(
    'is told of every region below the tenant %s, its own region first',
    async (tenant) => {
      await start();
      const answer = await login({ project: { id: tenant } });
      expect(answer.status).toBe(201);
      const document = answer.json() as unknown as V3;
      expect(document.token.project.id).toBe(tenant);
      const regions = tenant === '1001' ? ['dfw3', 'syd2'] : ['syd2', 'dfw3'];
      expect(publicUrls(document, 'compute')).toEqual(
        regions.map((region) => `${gateway.url}/${region}/v2/${tenant}`),
      );
      const token = answer.headers['x-subject-token'] as string;
      const shown = { 'x-auth-token': token, 'x-subject-token': token };
      const looked = await at('/v3/auth/tokens', { headers: shown });
      expect((looked.json() as unknown as V3).token.project.id).toBe(tenant);
      const catalog = (await at('/v3/auth/catalog', { headers: shown })).json() as { catalog: unknown };
      expect(catalog.catalog).toEqual(document.token.catalog);
      for (const url of publicUrls(document, 'compute'))
        expect((await ask(`${url}/servers`, { headers: shown })).status).toBe(200);
      // "My account" is the token's: without a region it is that of the tenant, with one it is that region.
      expect((await at('/v2/-/servers', { headers: shown })).headers['x-sluice-region']).toBe(
        tenant === '1001' ? 'DFW3' : 'SYD2',
      );
      expect((await at('/syd2/v2/-/servers', { headers: shown })).headers['x-sluice-region']).toBe('SYD2');
      expect((await at('/dfw3/v2/-/servers', { headers: shown })).headers['x-sluice-region']).toBe('DFW3');
    },
  );

  it('is shown both tenants as projects, and neither twice', async () => {
    await start();
    const token = (await login()).headers['x-subject-token'] as string;
    const { projects } = (await at('/v3/auth/projects', { headers: { 'x-auth-token': token } })).json() as {
      projects: { id: string }[];
    };
    expect(projects.map(({ id }) => id)).toEqual(['1001', '2002']);
    expect((await login({ project: { id: '3003' } })).status).toBe(401);
  });

  it('is shown a tenant that both identity services have once, in either version', async () => {
    await syd.close();
    syd = await startStubUpstream({ regions: ['RegionOne'], tenant: '1001' });
    await start();
    const { projects } = (await at('/v3/auth/projects')).json<{ projects: { id: string }[] }>();
    const { tenants } = (await at('/v2.0/tenants')).json<{ tenants: { id: string }[] }>();
    expect([projects, tenants].map((all) => all.map(({ id }) => id))).toEqual([['1001'], ['1001']]);
    expect((await at('/v2/3003/servers')).text).toContain('Tenants here: 1001.');
  });

  it('logs in while the identity service of another region is down', async () => {
    await syd.identity.refuse();
    await start();
    const answer = await login({ project: { id: '1001' } });
    expect(answer.status).toBe(201);
    expect(publicUrls(answer.json() as unknown as V3, 'compute')).toEqual([`${gateway.url}/dfw3/v2/1001`]);
  });
});

describe('an identity service of one region that is down', () => {
  it('from the start takes no other region with it', async () => {
    await syd.identity.refuse();
    await start();
    expect((await at('/dfw3/v2/1001/servers')).status).toBe(200);
    expect((await at('/v2/1001/servers')).status).toBe(200);
    const down = await at('/syd2/v2/1001/servers');
    expect(down.status).toBe(503);
    expect(down.text).toContain('identity service');
    const all = (await at('/all/v2/1001/servers')).json() as {
      servers: unknown[];
      'sluice:errors': object[];
    };
    expect(all['sluice:errors']).toMatchObject([{ region: 'SYD2', code: 503 }]);
    const ready = await ask(`${gateway.adminUrl}/readyz`);
    expect(ready.status).toBe(200);
  });

  it('is there for its region as soon as it is back', async () => {
    await syd.identity.refuse();
    await start();
    expect((await at('/syd2/v2/1001/servers')).status).toBe(503);
    await syd.identity.accept();
    await expect.poll(async () => (await at('/syd2/v2/1001/servers')).status, { timeout: 60_000 }).toBe(200);
    expect((await at('/v2/2002/servers')).status).toBe(200);
  });

  it('answers for what is no region of the account with 404, not 503', async () => {
    await syd.identity.refuse();
    await start();
    const { status, text } = await at('/lon/v2/1001/servers');
    expect(status).toBe(404);
    expect(text).toContain('DFW3');
  });

  it('with both down says so, until one is back', async () => {
    await dfw.identity.refuse();
    await syd.identity.refuse();
    await start(false);
    expect((await at('/dfw3/v2/1001/servers')).status).toBe(503);
    expect((await ask(`${gateway.adminUrl}/readyz`)).status).toBe(503);
  });
});
