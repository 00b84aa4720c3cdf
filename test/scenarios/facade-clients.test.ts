import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { json } from '../support/stub-answers.ts';
import { STUB } from '../support/stub-documents.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';

const { it, upstream, gateway, dfw } = scenario('file', { regions: ['DFW', 'ORD'] });

let base: string;
beforeEach(() => {
  base = `${gateway.url}/dfw/v2/700100`;
});

const asJson = { 'content-type': 'application/json' };

interface Endpoint {
  region?: string;
  tenantId: string;
  publicURL: string;
  versionInfo?: string;
  versionList?: string;
}
interface Access {
  access: {
    token: { id: string; expires: string; tenant: { id: string } };
    user: { 'RAX-AUTH:defaultRegion': string; roles: unknown[] };
    serviceCatalog: { name: string; type: string; endpoints: Endpoint[] }[];
  };
}

const login = async (auth: object, headers: Record<string, string> = asJson) =>
  ask(`${gateway.url}/v2.0/tokens`, { method: 'POST', body: JSON.stringify({ auth }), headers });
const anyKey = { 'RAX-KSKEY:apiKeyCredentials': { username: 'mara', apiKey: 'any-key' } };

describe('a login', () => {
  it.each<[string, object, Record<string, string>]>([
    ['libcloud', anyKey, { 'content-type': 'application/json; charset=UTF-8', accept: 'application/json' }],
    ['fog, with its empty token', anyKey, { ...asJson, 'x-auth-token': '' }],
    [
      'keystoneauth',
      { passwordCredentials: { username: 'mara', password: 'x' }, tenantId: '700100' },
      { ...asJson, accept: '*/*' },
    ],
    [
      'gophercloud, with an old token',
      { passwordCredentials: { username: 'mara', password: 'x' }, tenantName: '700100' },
      { ...asJson, 'x-auth-token': 'old' },
    ],
    ['a client that says no content type', anyKey, {}],
  ])(
    'of %s is answered 200 with a token, a tenant, a user and a catalog, as JSON',
    async (_client, auth, headers) => {
      const answered = await login(auth, headers);
      expect(answered.status).toBe(200);
      expect(answered.headers['content-type']).toContain('application/json');
      expect(answered.headers['cache-control']).toBe('no-store');
      const { access } = answered.json<Access>();
      expect(access.token.tenant.id).toBe('700100');
      expect(access.user['RAX-AUTH:defaultRegion']).toBe('DFW');
      expect(access.user.roles).not.toEqual([]);
      expect(Date.parse(access.token.expires) - Date.now()).toBeGreaterThan(3_600_000);
    },
  );

  it('is answered with a catalog that leads to Sluice: one endpoint a region, upper case, ending in the tenant', async () => {
    const { access } = (await login(anyKey)).json<Access>();
    const compute = access.serviceCatalog.filter(({ type }) => type === 'compute');
    expect(compute.map(({ name }) => name)).toEqual(['cloudServersOpenStack']);
    expect(compute[0]?.endpoints.map(({ region, publicURL }) => [region, publicURL])).toEqual([
      ['DFW', `${gateway.url}/dfw/v2/700100`],
      ['ORD', `${gateway.url}/ord/v2/700100`],
    ]);
    for (const { versionInfo, versionList } of compute[0]!.endpoints) {
      expect((await ask(versionInfo!)).json()).toHaveProperty('version.id', 'v2');
      expect((await ask(versionList!)).json()).toHaveProperty('versions');
    }
    expect(
      access.serviceCatalog.find(({ name }) => name === 'cloudBlockStorage')?.endpoints[0]?.publicURL,
    ).toBe(`${gateway.url}/dfw/services/volume/v1/700100`);
  });

  it('names the Host the caller used', async () => {
    const { access } = (await login(anyKey, { ...asJson, host: 'sluice.internal' })).json<Access>();
    const compute = access.serviceCatalog.find(({ type }) => type === 'compute');
    expect(compute?.endpoints[0]?.publicURL).toBe('http://sluice.internal/dfw/v2/700100');
  });

  it('never shows a secret of the upstream account', async () => {
    const { text } = await login(anyKey);
    for (const secret of [...Object.values(STUB_CREDENTIALS), ...upstream.identity.tokens].filter(
      (one) => one !== STUB_CREDENTIALS.username,
    ))
      expect(text).not.toContain(secret);
  });

  it('for another tenant is 401, without credentials 400', async () => {
    const unknown = await login({ ...anyKey, tenantId: 'nobody' });
    expect(unknown.status).toBe(401);
    expect(unknown.json()).toHaveProperty('unauthorized.code', 401);
    expect((await login({})).status).toBe(400);
  });

  it('is renewed with its token, and the token can be looked up and used', async () => {
    const { access } = (await login(anyKey)).json<Access>();
    expect((await login({ token: { id: access.token.id }, tenantName: '700100' })).status).toBe(200);
    const checked = await ask(`${gateway.url}/v2.0/tokens/${access.token.id}`);
    expect(checked.json<Access>().access.token).toMatchObject({
      id: access.token.id,
      expires: access.token.expires,
    });
    expect((await ask(`${gateway.url}/v2.0/tokens/other`)).status).toBe(404);
    const endpoint = access.serviceCatalog.find(({ type }) => type === 'compute')!.endpoints[1]!.publicURL;
    expect((await ask(`${endpoint}/servers`, { headers: { 'x-auth-token': access.token.id } })).status).toBe(
      200,
    );
  });

  it('in XML is answered in XML', async () => {
    const body = `<auth xmlns="http://docs.openstack.org/identity/api/v2.0"><passwordCredentials username="mara" password="x"/></auth>`;
    const answered = await ask(`${gateway.url}/v2.0/tokens`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/xml', accept: 'application/xml' },
    });
    expect(answered.status).toBe(200);
    expect(answered.text).toMatch(/<access [^>]*xmlns="http:\/\/docs\.openstack\.org\/identity\/api\/v2\.0"/);
    expect(answered.text).toContain(`publicURL="${gateway.url}/dfw/v2/700100"`);
  });
});

describe('the tenants', () => {
  it('are listed with id, name and enabled, as pkgcloud and gophercloud want them', async () => {
    const { json: parse } = await ask(`${gateway.url}/v2.0/tenants`);
    expect(parse<{ tenants: object[] }>().tenants).toMatchObject([
      { id: '700100', name: '700100', enabled: true },
    ]);
  });
});

describe('what clients probe', () => {
  it('GET /dfw/v2 without a token and with any is 200 with links: the SDK dies otherwise', async () => {
    for (const headers of [{}, { 'x-auth-token': 'anything' }]) {
      const { status, json: parse } = await ask(`${gateway.url}/dfw/v2`, { headers });
      expect(status).toBe(200);
      expect(parse<{ version: { links: unknown[] } }>().version.links.length).toBeGreaterThan(0);
    }
  });

  it('GET of the endpoint itself is version details without a link to the region: nova dies of a list', async () => {
    for (const path of ['', '/']) {
      const { status, text, json: parse } = await ask(base + path, { headers: { 'x-auth-token': 't' } });
      expect(status).toBe(200);
      expect(parse()).toHaveProperty('version.id', 'v2');
      expect(text).not.toContain(new URL(dfw.url).host);
    }
    expect((await ask(`${gateway.url}/dfw/v2/nobody`)).status).toBe(404);
    expect((await ask(`${gateway.url}/dfw/nothing`)).status).toBe(404);
  });

  it('GET /dfw is a list of versions, without any microversion', async () => {
    dfw.on(
      'GET /',
      json({ versions: [{ id: 'v2.1', status: 'CURRENT', version: '2.93', min_version: '2.1' }] }),
    );
    const { status, text } = await ask(`${gateway.url}/dfw`);
    expect(status).toBe(200);
    expect(text).not.toMatch(/min_version|2\.93/);
  });
});

describe('requests as clients send them', () => {
  it('fog: double slashes, a JSON content type on everything, format=json', async () => {
    dfw.on('GET /servers/*/ips', json({ addresses: { public: [{ version: 4, addr: '192.0.2.1' }] } }));
    expect((await ask(`${base}//servers/${STUB.serverId}/ips`, { headers: asJson })).json()).toHaveProperty(
      'addresses.public',
    );
    expect((await ask(`${base}//limits`, { headers: asJson })).status).toBe(200);
    expect((await ask(`${base}/images/detail?format=json`, { headers: asJson })).status).toBe(200);
    expect(
      (
        await ask(`${base}/servers/${STUB.serverId}`, {
          method: 'DELETE',
          headers: { ...asJson, 'content-length': '0' },
        })
      ).status,
    ).toBe(204);
  });

  it('ruby-openstack: cacheid, a storage token, a JSON content type on a DELETE', async () => {
    dfw.forget();
    expect(
      (await ask(`${base}/servers?cacheid=1700000000`, { headers: { 'x-storage-token': 't' } })).status,
    ).toBe(200);
    const [seen] = dfw.requests('GET /servers');
    expect(seen?.query).toBe('');
    expect(seen?.headers['x-storage-token']).toBeUndefined();
  });

  it('openstacksdk: is_public=None, names with blanks, an empty Accept on actions', async () => {
    expect((await ask(`${base}/flavors/detail?is_public=None`)).status).toBe(200);
    const unknown = await ask(`${base}/flavors/my%20flavor`);
    expect(unknown.status).toBe(404);
    expect(unknown.json()).toHaveProperty('itemNotFound.code', 404);
    const action = await ask(`${base}/servers/${STUB.serverId}/action`, {
      method: 'POST',
      body: '{"reboot":{"type":"SOFT"}}',
      headers: { ...asJson, accept: '' },
    });
    expect(action.status).toBe(202);
  });

  it('OSC: a microversion header goes up, comes down and never mixes with what is cached without it', async () => {
    dfw.on(
      'GET /flavors/*',
      json((request: { headers: Record<string, unknown> }) => ({
        flavor: { id: '2', seen: request.headers['x-openstack-nova-api-version'] ?? 'none' },
      })),
    );
    const plain = await ask(`${base}/flavors/2`);
    const versioned = await ask(`${base}/flavors/2`, { headers: { 'x-openstack-nova-api-version': '2.1' } });
    expect(plain.json()).toHaveProperty('flavor.seen', 'none');
    expect(versioned.json()).toHaveProperty('flavor.seen', '2.1');
    dfw.off('GET /flavors/*');
  });

  it.each<[string, object]>([
    [
      'fog, camel case counts and networks',
      {
        server: {
          name: 'n',
          minCount: 1,
          maxCount: 1,
          networks: [{ uuid: '00000000-0000-0000-0000-000000000000' }],
        },
      },
    ],
    ['libcloud, empty metadata and personality', { server: { name: 'n', metadata: {}, personality: [] } }],
    ['ruby-openstack, null personality', { server: { name: 'n', personality: null, security_groups: [] } }],
    ['novaclient, extension members', { server: { name: 'n', 'OS-DCF:diskConfig': 'AUTO', min_count: 1 } }],
  ])('a create of %s reaches the region as it is', async (_client, body) => {
    dfw.forget();
    const answered = await ask(`${base}/servers`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: asJson,
    });
    expect(answered.status).toBe(202);
    expect(answered.json()).toHaveProperty('server.adminPass');
    expect(JSON.parse(dfw.requests('POST /servers')[0]!.body)).toEqual(body);
  });

  it.each<[string, object, number]>([
    ['rescue with null', { rescue: null }, 200],
    ['rescue with an object', { rescue: {} }, 200],
    ['confirmResize', { confirmResize: null }, 204],
    ['reboot', { reboot: { type: 'HARD' } }, 202],
    ['createImage', { createImage: { name: 's', metadata: {} } }, 202],
    ['an extension action', { 'os-stop': null }, 202],
  ])('%s is answered with the status clients insist on', async (_what, body, status) => {
    const answered = await ask(`${base}/servers/${STUB.serverId}/action`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: asJson,
    });
    expect(answered.status).toBe(status);
  });

  it('attaching a volume is 200 as the region answers it, not the 202 of the guide', async () => {
    dfw.on(
      'POST /servers/*/os-volume_attachments',
      json({ volumeAttachment: { id: 'v', volumeId: 'v', serverId: 's', device: '/dev/xvdb' } }),
    );
    const answered = await ask(`${base}/servers/${STUB.serverId}/os-volume_attachments`, {
      method: 'POST',
      body: '{"volumeAttachment":{"volumeId":"v","device":null}}',
      headers: asJson,
    });
    expect(answered.status).toBe(200);
  });

  it('extra_specs of a flavor, which OSC asks for, go through', async () => {
    dfw.on('GET /flavors/*/os-extra_specs', json({ extra_specs: {} }));
    expect((await ask(`${base}/flavors/2/os-extra_specs`)).json()).toEqual({ extra_specs: {} });
  });

  it('a page after the last is 200 and empty, its marker untouched', async () => {
    dfw.on('GET /servers', json({ servers: [] }));
    dfw.forget();
    const answered = await ask(`${base}/servers?limit=2&marker=${STUB.otherServerId}`);
    expect(answered.json()).toEqual({ servers: [] });
    expect(dfw.requests('GET /servers')[0]?.query).toBe(`limit=2&marker=${STUB.otherServerId}`);
    dfw.off('GET /servers');
  });
});
