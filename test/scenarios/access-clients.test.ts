import { describe, expect } from 'vitest';
import { type Answered, ask } from '../support/ask.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { scenario } from '../support/scenario.ts';
import { json } from '../support/stub-answers.ts';
import { STUB } from '../support/stub-documents.ts';

/**
 * What clients send, request by request, as it was recorded of them, with a client key in the place of the secret that
 * they were given: python-keystoneauth, openstackclient, openstacksdk, python-novaclient, gophercloud, libcloud, fog,
 * pkgcloud and ruby-openstack.
 */
const team = testClient('team', { regions: ['DFW', 'LON'] });
const TENANT = '700100';

const { it, gateway, upstream } = scenario('file', {
  regions: ['DFW', 'ORD', 'LON'],
  settings: { limits: { enabled: false }, ...keysMode([team]) },
});

const asJson = { 'content-type': 'application/json', accept: 'application/json' };
type Headers = Record<string, string>;

const post = (path: string, body: object, headers: Headers = asJson): Promise<Answered> =>
  ask(gateway.url + path, { method: 'POST', body: JSON.stringify(body), headers });
const get = (url: string, headers: Headers = {}): Promise<Answered> =>
  ask(url.startsWith('http') ? url : gateway.url + url, { headers });

interface CatalogService {
  name: string;
  type: string;
  endpoints: { region: string; publicURL: string }[];
}
interface AccessDocument {
  access: {
    token: { id: string; expires: string; tenant: { id: string } };
    serviceCatalog: CatalogService[];
  };
}
interface V3Document {
  token: {
    project: { id: string };
    catalog: { type: string; endpoints: { interface: string; region: string; url: string }[] }[];
  };
}

/** What every client of v2.0 takes out of a login; the regions of its catalog are those of the grant. */
function readAccess(answered: Answered): { id: string; compute: string } {
  expect(answered.status).toBe(200);
  expect(answered.headers['content-type']).toMatch(/^application\/json/);
  const { access } = answered.json<AccessDocument>();
  expect(access.token.tenant.id).toBe(TENANT);
  expect(Date.parse(access.token.expires) - Date.now()).toBeGreaterThan(5 * 60_000);
  const { endpoints } = access.serviceCatalog.find(({ type }) => type === 'compute')!;
  expect(endpoints.map(({ region }) => region)).toEqual(['DFW', 'LON']);
  return { id: access.token.id, compute: endpoints[0]!.publicURL };
}

/** The same of v3. */
function readV3(answered: Answered): { id: string; compute: string } {
  expect(answered.status).toBe(201);
  const { token } = answered.json<V3Document>();
  expect(token.project.id).toBe(TENANT);
  const { endpoints } = token.catalog.find(({ type }) => type === 'compute')!;
  const open = endpoints.filter((endpoint) => endpoint.interface === 'public');
  expect(open.map(({ region }) => region)).toEqual(['DFW', 'LON']);
  return { id: answered.headers['x-subject-token'] as string, compute: open[0]!.url };
}

const v2Password = (more: object = { tenantName: TENANT }, password = team.key) => ({
  auth: { passwordCredentials: { username: team.name, password }, ...more },
});
const v2ApiKey = (apiKey = team.key) => ({
  auth: { 'RAX-KSKEY:apiKeyCredentials': { username: team.name, apiKey } },
});
const v3Auth = (identity: object, scope: object | undefined = { project: { id: TENANT } }) => ({
  auth: { identity, ...(scope === undefined ? {} : { scope }) },
});
const v3Password = (password = team.key, user: object = { name: team.name, domain: { id: 'default' } }) => ({
  methods: ['password'],
  password: { user: { ...user, password } },
});

/** That the token is good where the catalog leads, and for no region beyond the grant. */
async function expectGood({ id, compute }: { id: string; compute: string }): Promise<void> {
  expect(compute).toBe(`${gateway.url}/dfw/v2/${TENANT}`);
  const token = { 'x-auth-token': id };
  expect((await get(`${compute}/servers/detail`, token)).status).toBe(200);
  expect((await get(`${compute}//limits`, token)).status).toBe(200);
  expect((await get(`${gateway.url}/ord/v2/${TENANT}/servers`, token)).status).toBe(403);
}

describe('a login with a client key', () => {
  const AGENT = { 'user-agent': 'python-keystoneclient' };
  it.each<[client: string, path: string, body: object, headers?: Headers]>([
    ['libcloud', '/v2.0/tokens', v2ApiKey(), { 'content-type': 'application/json; charset=UTF-8' }],
    ['libcloud whose setting ends in /v2.0', '/v2.0', v2ApiKey(), { ...asJson }],
    ['libcloud whose setting ends in /', '/', v2ApiKey(), { ...asJson }],
    ['libcloud with a password', '/v2.0/tokens', v2Password({}), { ...asJson }],
    ['fog, with its empty token', '/v2.0/tokens', v2ApiKey(), { ...asJson, 'x-auth-token': '' }],
    ['fog whose setting ends in a slash', '/v2.0//tokens', v2ApiKey(), { ...asJson, 'x-auth-token': '' }],
    ['pkgcloud', '/v2.0/v2.0/tokens', v2ApiKey()],
    [
      'keystoneauth by the tenant’s name',
      '/v2.0/tokens',
      v2Password(),
      { ...asJson, ...AGENT, accept: '*/*' },
    ],
    ['keystoneauth by the tenant’s id', '/v2.0/tokens', v2Password({ tenantId: TENANT })],
    [
      'gophercloud with an old token of elsewhere',
      '/v2.0/tokens',
      v2Password(),
      { ...asJson, 'x-auth-token': 'gone' },
    ],
    [
      'gophercloud with a token of Sluice’s that has ended',
      '/v2.0/tokens',
      v2Password(),
      { ...asJson, 'x-auth-token': 'sluice_token_x' },
    ],
    ['ruby-openstack', '/v2.0/tokens', v2ApiKey(), { ...asJson, 'x-storage-token': '' }],
    ['a client that says no content type', '/v2.0/tokens', v2Password(), {}],
  ])('of %s gets a token, and the catalog of its grant', async (_client, path, body, headers = asJson) => {
    await expectGood(readAccess(await post(path, body, headers)));
  });

  const byDomain = { project: { name: TENANT, domain: { name: 'Default' } } };
  it.each<[client: string, body: object]>([
    ['keystoneauth’s v3password', v3Auth(v3Password())],
    ['the clouds.yaml that Sluice prints, without a project', v3Auth(v3Password(), undefined)],
    [
      'openstackclient, project and domains by name',
      v3Auth(v3Password(team.key, { name: team.name, domain: { name: 'Default' } }), byDomain),
    ],
    ['gophercloud, user by id', v3Auth(v3Password(team.key, { id: team.name }))],
    [
      'an application credential by id',
      v3Auth(
        { methods: ['application_credential'], application_credential: { id: team.name, secret: team.key } },
        undefined,
      ),
    ],
    [
      'an application credential by name and user',
      v3Auth(
        {
          methods: ['application_credential'],
          application_credential: {
            name: 'deploy',
            secret: team.key,
            user: { name: team.name, domain: { id: 'default' } },
          },
        },
        undefined,
      ),
    ],
  ])('of v3 by %s gets a token, and the catalog of its grant', async (_client, body) => {
    await expectGood(readV3(await post('/v3/auth/tokens', body)));
  });

  it('is renewed with its token by keystoneauth, v2.0 and v3, and by a token with a key for a token', async () => {
    const first = readAccess(await post('/v2.0/tokens', v2Password()));
    const renewal = { auth: { token: { id: first.id }, tenantName: TENANT } };
    await expectGood(
      readAccess(await post('/v2.0/tokens', renewal, { ...asJson, 'x-auth-token': first.id })),
    );
    const byToken = v3Auth({ methods: ['token'], token: { id: first.id } });
    await expectGood(readV3(await post('/v3/auth/tokens', byToken)));
  });

  it.each<[what: string, path: string, body: object]>([
    ['a wrong key of v2.0', '/v2.0/tokens', v2ApiKey(testClient('team').key)],
    ['a wrong password of v2.0', '/v2.0/tokens', v2Password({}, 'guess')],
    ['a key that was cut', '/v2.0/tokens', v2ApiKey(team.key.slice(0, -3))],
    [
      'somebody else’s name',
      '/v2.0/tokens',
      { auth: { passwordCredentials: { username: 'other', password: team.key } } },
    ],
    ['a tenant that is not there', '/v2.0/tokens', v2Password({ tenantName: 'nobody' })],
    ['a token that was made up', '/v2.0/tokens', { auth: { token: { id: 'sluice_token_x' } } }],
    ['a wrong key of v3', '/v3/auth/tokens', v3Auth(v3Password(testClient('team').key))],
    ['a project that is not there', '/v3/auth/tokens', v3Auth(v3Password(), { project: { id: 'nobody' } })],
    [
      'an application credential’s wrong secret',
      '/v3/auth/tokens',
      v3Auth({ methods: ['application_credential'], application_credential: { id: team.name, secret: 'x' } }),
    ],
    ['a token of v3 that was made up', '/v3/auth/tokens', v3Auth({ methods: ['token'], token: { id: 'x' } })],
  ])('with %s is 401, in the shape of its version', async (_what, path, body) => {
    const { status, json: parse, text, headers } = await post(path, body);
    expect(status).toBe(401);
    expect(parse()).toHaveProperty(path.startsWith('/v3') ? 'error.code' : 'unauthorized.code', 401);
    expect(headers['www-authenticate']).toBeDefined();
    expect(text).not.toContain(team.key);
  });
});

describe('a client that is set to nothing but a base URL and a key', () => {
  it('works with the key as its token, as admin_token and curl do', async () => {
    const P = `${gateway.url}/dfw/v2/${TENANT}`;
    for (const headers of [
      { 'x-auth-token': team.key },
      { authorization: `Bearer ${team.key}` },
    ] as Headers[]) {
      expect((await get(`${P}/servers`, headers)).status).toBe(200);
      expect((await get(P, headers)).json()).toHaveProperty('version.id', 'v2');
    }
  });

  it('is told to send one credential where it sends two that differ, and is served where they are one', async () => {
    const both = { 'x-auth-token': team.key, authorization: `Bearer ${team.key}` };
    expect((await get(`/dfw/v2/${TENANT}/servers`, both)).status).toBe(200);
    const differing = { ...both, 'x-auth-token': 'another' };
    const { status, json: parse } = await get(`/dfw/v2/${TENANT}/servers`, differing);
    expect(status).toBe(400);
    expect(parse()).toHaveProperty('badRequest.code', 400);
  });

  it('is served with the empty token that it sends beside its key', async () => {
    const headers = { 'x-auth-token': '', authorization: `Bearer ${team.key}` };
    expect((await get(`/dfw/v2/${TENANT}/servers`, headers)).status).toBe(200);
  });
});

describe('a command of', () => {
  it('openstackclient: discovery without a token, a login of v3, the version document, the list', async () => {
    const version = (await get('/v3', { accept: 'application/json' })).json<{
      version: { links: { href: string }[] };
    }>();
    const auth = version.version.links[0]!.href.replace(gateway.url, '').replace(/\/$/, '');
    const { id, compute } = readV3(await post(`${auth}/auth/tokens`, v3Auth(v3Password(), undefined)));
    const root = compute.slice(0, -TENANT.length - 1);
    expect((await get(root)).json()).toHaveProperty('version.links.0.href');
    const headers = { 'x-auth-token': id, 'x-openstack-nova-api-version': '2.1', accept: 'application/json' };
    expect((await get(`${compute}/servers/detail`, headers)).status).toBe(200);
    expect((await get(`${compute}/flavors/detail?is_public=None`, headers)).status).toBe(200);
    expect((await get(`${compute}/flavors/my%20flavor`, headers)).status).toBe(404);
  });

  it('openstackclient set to the root: the newest version it is told of, then the same', async () => {
    const { versions } = (await get('/', { accept: 'application/json' })).json<{
      versions: { values: { id: string; status: string; links: { href: string }[] }[] };
    }>();
    const [newest] = versions.values;
    expect(newest).toMatchObject({ status: 'stable' });
    const path = newest!.links[0]!.href.replace(gateway.url, '');
    await expectGood(readV3(await post(`${path}auth/tokens`, v3Auth(v3Password()))));
  });

  it('novaclient: a login of v2.0, its endpoint with the token, then the list and an action', async () => {
    const { id, compute } = readAccess(await post('/v2.0/tokens', v2Password()));
    const headers = { 'x-auth-token': id, accept: 'application/json', 'user-agent': 'python-novaclient' };
    expect((await get(compute, headers)).json()).toHaveProperty('version.id', 'v2');
    expect((await get(`${gateway.url}/dfw/v2/`, headers)).json()).toHaveProperty('version.id', 'v2');
    expect((await get(`${gateway.url}/dfw`, headers)).json()).toHaveProperty('versions');
    expect((await get(`${compute}/servers/detail`, headers)).status).toBe(200);
    const reboot = await post(
      new URL(`${compute}/servers/${STUB.serverId}/action`).pathname,
      { reboot: { type: 'SOFT' } },
      { ...asJson, ...headers },
    );
    expect(reboot.status).toBe(202);
  });

  it('gophercloud: the root, a login, a page after the last; and a login again when its token is returned', async () => {
    expect((await get('/')).json()).toHaveProperty('versions.values');
    const { id, compute } = readAccess(await post('/v2.0/tokens', v2Password({ tenantId: TENANT })));
    upstream.region('DFW').on('GET /servers', json({ servers: [] }));
    const headers = { 'x-auth-token': id, accept: 'application/json', 'user-agent': 'gophercloud/2.0.0' };
    expect((await get(`${compute}/servers?limit=2&marker=${STUB.otherServerId}`, headers)).json()).toEqual({
      servers: [],
    });
    const returned = await ask(`${gateway.url}/v2.0/tokens/${id}`, { method: 'DELETE', headers });
    expect(returned.status).toBe(204);
    const refused = await get(`${compute}/servers`, headers);
    expect(refused.status).toBe(401);
    expect(refused.json()).toHaveProperty('unauthorized.code', 401);
    // It sends the dead token along when it logs in again.
    const again = readAccess(
      await post('/v2.0/tokens', v2Password({ tenantId: TENANT }), { ...asJson, 'x-auth-token': id }),
    );
    await expectGood(again);
    upstream.region('DFW').off('GET /servers');
  });

  it('pkgcloud: a login, its tenants with the token, an image under the URL that an action was answered with', async () => {
    const { id, compute } = readAccess(await post('/v2.0/tokens', v2ApiKey()));
    const token = { 'x-auth-token': id };
    const { tenants } = (await get('/v2.0/tenants', token)).json<{ tenants: { id: string }[] }>();
    expect(tenants.map((tenant) => tenant.id)).toEqual([TENANT]);
    const created = await post(
      new URL(`${compute}/servers/${STUB.serverId}/action`).pathname,
      { createImage: { name: 'i' } },
      { ...asJson, ...token },
    );
    expect(created.status).toBe(202);
    const { location } = created.headers;
    expect(location).toMatch(new RegExp(`^${gateway.url}/dfw/`));
    expect((await get(location!, token)).status).toBe(200);
    // The URL is worth nothing without the token.
    expect((await get(location!)).status).toBe(401);
  });

  it('fog and ruby-openstack: a JSON content type on everything, a storage token, bodiless deletes', async () => {
    const { id, compute } = readAccess(await post('/v2.0/tokens', v2ApiKey()));
    const headers = { ...asJson, 'x-auth-token': id, 'x-storage-token': id };
    expect((await get(`${compute}/servers?cacheid=1700000000`, headers)).status).toBe(200);
    expect((await get(`${compute}/images/detail?format=json`, headers)).status).toBe(200);
    const removed = await ask(`${compute}/servers/${STUB.serverId}`, {
      method: 'DELETE',
      headers: { ...headers, 'content-length': '0' },
    });
    expect(removed.status).toBe(204);
  });
});

it('no secret of a client goes up, nor into the log', async () => {
  const { id } = readAccess(await post('/v2.0/tokens', v2ApiKey()));
  for (const headers of [
    { 'x-auth-token': team.key },
    { authorization: `Bearer ${team.key}` },
    { 'x-auth-token': id, 'x-storage-token': id },
  ] as Headers[])
    for (const path of ['/servers', '/os-keypairs']) await get(`/dfw/v2/${TENANT}${path}`, headers);
  const seen = JSON.stringify([
    ...upstream
      .region('DFW')
      .requests()
      .map(({ headers, url, body }) => [headers, url, body]),
    ...upstream.identity.requests().map(({ headers, url, body }) => [headers, url, body]),
  ]);
  for (const secret of [team.key, id]) {
    expect(seen).not.toContain(secret);
    expect(gateway.logText()).not.toContain(secret);
  }
});
