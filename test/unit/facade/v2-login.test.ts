import { describe, expect, it } from 'vitest';
import { issueToken } from '../../../src/access/token.ts';
import { createTokenKeyRing, randomTokenKey } from '../../../src/access/token-keys.ts';
import { accessDocument, chooseAccount, parseLogin, tenantsDocument } from '../../../src/facade/v2-login.ts';
import { Fault } from '../../../src/faults/faults.ts';
import type { Token } from '../../../src/identity/token.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/json.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const KEY = createTokenKeyRing(['secret'], randomTokenKey());
const UPSTREAM_TOKEN = 'upstream-token-never-shown';

describe('a login', () => {
  const apiKey = { username: 'billing', apiKey: 'k-1' };
  const password = { username: 'billing', password: 'p-1' };

  it.each<[string, JsonObject, object]>([
    [
      'libcloud, fog and pkgcloud with an API key',
      { 'RAX-KSKEY:apiKeyCredentials': apiKey },
      { credentials: { kind: 'apiKey', username: 'billing', secret: 'k-1' } },
    ],
    [
      'libcloud with an API key and a tenant name',
      { 'RAX-KSKEY:apiKeyCredentials': apiKey, tenantName: 'acme' },
      { credentials: { kind: 'apiKey', username: 'billing', secret: 'k-1' }, tenantName: 'acme' },
    ],
    [
      'pkgcloud with a password and a tenant id',
      { passwordCredentials: password, tenantId: '424242' },
      { credentials: { kind: 'password', username: 'billing', secret: 'p-1' }, tenantId: '424242' },
    ],
    [
      'a client that sends its account number as a number',
      { passwordCredentials: password, tenantId: 424242 },
      { credentials: { kind: 'password', username: 'billing', secret: 'p-1' }, tenantId: '424242' },
    ],
    [
      'a client without a tenant that says so',
      { passwordCredentials: password, tenantId: null, tenantName: '' },
      { credentials: { kind: 'password', username: 'billing', secret: 'p-1' } },
    ],
    [
      'keystoneauth renewing a token',
      { token: { id: 't-1' }, tenantName: 'acme' },
      { credentials: { kind: 'token', tokenId: 't-1' }, tenantName: 'acme' },
    ],
  ])('of %s is read', (_client, auth, login) => {
    expect(parseLogin({ auth })).toEqual(login);
  });

  it.each<[string, JsonValue | undefined]>([
    ['nothing', undefined],
    ['null', null],
    ['a list', []],
    ['no auth', {}],
    ['auth that is a string', { auth: 'x' }],
    ['auth without credentials', { auth: { tenantName: 'acme' } }],
    ['credentials that are a string', { auth: { passwordCredentials: 'p-1' } }],
    ['no username', { auth: { passwordCredentials: { password: 'p-1' } } }],
    [
      'a username that no token has room for',
      { auth: { passwordCredentials: { username: 'x'.repeat(256), password: 'p-1' } } },
    ],
    ['an empty username', { auth: { passwordCredentials: { username: '', password: 'p-1' } } }],
    ['no password', { auth: { passwordCredentials: { username: 'billing' } } }],
    [
      'a key that is a number',
      { auth: { 'RAX-KSKEY:apiKeyCredentials': { username: 'billing', apiKey: 7 } } },
    ],
    ['a token without an id', { auth: { token: {} } }],
    ['a tenant that is an object', { auth: { passwordCredentials: password, tenantId: {} } }],
    ['the form of v3', { auth: { identity: { methods: ['password'] } } }],
  ])('with %s is a badRequest that shows the accepted forms and no secret', (_what, body) => {
    const read = () => parseLogin(body);
    expect(read).toThrow(expect.objectContaining({ fault: 'badRequest', code: 400 }));
    expect(read).toThrow(/RAX-KSKEY:apiKeyCredentials/);
    expect(read).not.toThrow(/p-1/);
  });
});

describe('the account', () => {
  const accounts = [
    { name: 'main', tenant: { id: '424242', name: 'acme' } },
    { name: 'second', tenant: { id: '777', name: 'emca' } },
  ];

  it('is the first when no tenant is named', () => {
    expect(chooseAccount(accounts, {}).name).toBe('main');
  });

  it('is that of the tenant id, the tenant name, or the id given as a name', () => {
    expect(chooseAccount(accounts, { tenantId: '777' }).name).toBe('second');
    expect(chooseAccount(accounts, { tenantName: 'emca' }).name).toBe('second');
    expect(chooseAccount(accounts, { tenantName: '777' }).name).toBe('second');
    expect(chooseAccount(accounts, { tenantId: '777', tenantName: 'acme' }).name).toBe('second');
  });

  it('is that of the token that is renewed, unless a tenant is named', () => {
    expect(chooseAccount(accounts, {}, '777').name).toBe('second');
    expect(chooseAccount(accounts, { tenantId: '424242' }, '777').name).toBe('main');
  });

  it('of an unknown tenant is a 401', () => {
    for (const login of [{ tenantId: 'acme' }, { tenantName: 'nobody' }]) {
      expect(() => chooseAccount(accounts, login)).toThrow(expect.objectContaining({ code: 401 }));
      expect(() => chooseAccount(accounts, login)).toThrow(Fault);
    }
  });
});

const files = {
  name: 'cloudFiles',
  type: 'object-store',
  endpoints: [{ region: 'DFW', tenantId: 'Files_9', publicURL: 'https://files.test/v1/Files_9' }],
};

function upstreamToken(compute: JsonObject[] = [computeEndpoint('DFW'), computeEndpoint('ORD')]): Token {
  return {
    id: UPSTREAM_TOKEN,
    issuedAtMs: NOW,
    expiresAtMs: NOW + 1_000,
    tenant: { id: '424242', name: 'acme' },
    user: { id: '9', name: 'mara', roles: [{ id: '3', name: 'identity:user-admin' }], defaultRegion: 'ord' },
    catalog: [
      files,
      { name: 'cloudServers', type: 'compute', endpoints: [{ publicURL: 'https://old.test/v1.0/424242' }] },
      { name: 'mirror', type: 'compute', endpoints: [computeEndpoint('SYD')] },
      { name: 'cloudServersOpenStack', type: 'compute', endpoints: compute, vendor: 'x' },
    ],
  };
}

function computeEndpoint(region: string, extra: JsonObject = {}): JsonObject {
  const host = `https://${region.toLowerCase()}.compute.test`;
  return {
    region,
    tenantId: '424242',
    publicURL: `${host}/v2/424242`,
    versionId: '2',
    versionInfo: `${host}/v2`,
    versionList: `${host}/`,
    ...extra,
  };
}

function access(
  token: Token = upstreamToken(),
  regions: string[] | null = null,
  services: 'all' | 'none' = 'all',
): JsonObject {
  const sluiceToken = issueToken(KEY, { tenantId: '424242', username: 'billing' }, NOW);
  const account = { service: 'cloudServersOpenStack', interface: 'public' as const, regions };
  const document = accessDocument({
    token,
    sluiceToken,
    account,
    services,
    identity: 'v2.0',
    baseUrl: 'http://sluice.test:8080/',
  });
  const inner = document['access'];
  if (!isJsonObject(inner)) throw new Error('no access');
  return inner;
}

function computeService(inner: JsonObject): JsonObject {
  const found = (inner['serviceCatalog'] as JsonObject[]).find(
    ({ name }) => name === 'cloudServersOpenStack',
  );
  if (!found) throw new Error('no Compute service');
  return found;
}

describe('the answer to a login', () => {
  it('has one endpoint a region, with every URL on Sluice', () => {
    const url = 'http://sluice.test:8080/dfw/v2/424242';
    expect(computeService(access())).toMatchObject({
      name: 'cloudServersOpenStack',
      type: 'compute',
      vendor: 'x',
    });
    expect((computeService(access())['endpoints'] as JsonObject[])[0]).toEqual({
      region: 'DFW',
      tenantId: '424242',
      publicURL: url,
      internalURL: url,
      versionId: '2',
      versionInfo: 'http://sluice.test:8080/dfw/v2',
      versionList: 'http://sluice.test:8080/dfw/',
    });
  });

  it('never leads to the upstream’s Compute, whatever else an endpoint holds', () => {
    const extra = {
      internalURL: 'https://snet.compute.test/v2/424242',
      adminURL: 'https://admin.compute.test/v2/424242',
      docs: 'https://docs.compute.test/',
      more: { url: 'https://more.compute.test/' },
      status: 'enabled',
    };
    const inner = access(upstreamToken([computeEndpoint('dfw', extra), computeEndpoint('DFW')]));
    expect(JSON.stringify(inner)).not.toContain('compute.test');
    const endpoints = computeService(inner)['endpoints'] as JsonObject[];
    expect(endpoints).toHaveLength(1);
    expect(endpoints[0]).toMatchObject({ region: 'dfw', status: 'enabled' });
    expect(endpoints[0]?.['adminURL']).toBe(endpoints[0]?.['publicURL']);
  });

  it('keeps the case of a region’s name, in its URLs too unless it is all capitals', () => {
    const other = {
      name: 'glance',
      type: 'image',
      endpoints: [{ region: 'RegionOne', publicURL: 'https://i.test' }],
    };
    const token = upstreamToken([computeEndpoint('RegionOne'), computeEndpoint('REGIONTWO')]);
    const inner = access({ ...token, catalog: [...token.catalog, other] });
    expect(computeService(inner)['endpoints']).toMatchObject([
      { region: 'RegionOne', publicURL: 'http://sluice.test:8080/RegionOne/v2/424242' },
      { region: 'REGIONTWO', publicURL: 'http://sluice.test:8080/regiontwo/v2/424242' },
    ]);
    expect((inner['serviceCatalog'] as JsonObject[]).at(-1)).toMatchObject({
      endpoints: [{ region: 'RegionOne', publicURL: 'http://sluice.test:8080/RegionOne/services/image' }],
    });
  });

  it('has a name for an endpoint without a region, by which its URL works', () => {
    const { region: _, ...unnamed } = computeEndpoint('any');
    expect(computeService(access(upstreamToken([unnamed])))['endpoints']).toMatchObject([
      { region: 'default', publicURL: 'http://sluice.test:8080/default/v2/424242' },
    ]);
  });

  it('leaves out first generation servers and every other service that calls itself compute', () => {
    const catalog = access()['serviceCatalog'] as JsonObject[];
    expect(catalog.map(({ name }) => name)).toEqual(['cloudFiles', 'cloudServersOpenStack']);
  });

  it('leads other services through Sluice, and keeps what an endpoint says beside its URLs', () => {
    expect((access()['serviceCatalog'] as JsonObject[])[0]).toEqual({
      ...files,
      endpoints: [
        {
          ...files.endpoints[0],
          publicURL: 'http://sluice.test:8080/dfw/services/object-store/v1/Files_9',
        },
      ],
    });
  });

  it('passes other services unchanged when told to', () => {
    expect((access(undefined, null, 'none')['serviceCatalog'] as JsonObject[])[0]).toEqual(files);
  });

  it('names itself as the identity service, and leaves out what would lead around the limits', () => {
    const token = upstreamToken();
    const inner = access({
      ...token,
      catalog: [
        ...token.catalog,
        { name: 'keystone', type: 'identity', endpoints: [{ publicURL: 'https://keystone.test/v2.0' }] },
        { name: 'nova_legacy', type: 'compute_legacy', endpoints: [computeEndpoint('DFW')] },
      ],
    });
    const catalog = inner['serviceCatalog'] as JsonObject[];
    expect(catalog.map(({ name }) => name)).toEqual(['cloudFiles', 'cloudServersOpenStack', 'keystone']);
    expect(catalog[2]?.['endpoints']).toEqual([{ publicURL: 'http://sluice.test:8080/v2.0' }]);
  });

  it('has one endpoint per type and region, so that none leads to another service', () => {
    const token = upstreamToken();
    const second = {
      name: 'cloudFilesCDN',
      type: 'object-store',
      endpoints: [
        { region: 'DFW', publicURL: 'https://cdn.test/v1/Files_9' },
        { region: 'ORD', publicURL: 'https://cdn.ord.test/v1/Files_9' },
      ],
    };
    const catalog = access({ ...token, catalog: [...token.catalog, second] })[
      'serviceCatalog'
    ] as JsonObject[];
    expect(catalog.at(-1)?.['endpoints']).toEqual([
      { region: 'ORD', publicURL: 'http://sluice.test:8080/ord/services/object-store/v1/Files_9' },
    ]);
  });

  it('lists only the regions that Sluice serves', () => {
    const endpoints = computeService(access(upstreamToken(), ['ord']))['endpoints'] as JsonObject[];
    expect(endpoints.map(({ region }) => region)).toEqual(['ORD']);
  });

  it('holds Sluice’s token with its tenant and an expiry in Z form, and never the upstream’s token', () => {
    const inner = access();
    expect(inner['token']).toMatchObject({
      id: expect.stringMatching(/^sluice_/),
      expires: '2026-01-02T00:00:01Z',
      tenant: { id: '424242', name: 'acme' },
    });
    expect(JSON.stringify(inner)).not.toContain(UPSTREAM_TOKEN);
  });

  it('holds the user with roles and default region', () => {
    expect(access()['user']).toEqual({
      id: '9',
      name: 'mara',
      roles: [{ id: '3', name: 'identity:user-admin' }],
      'RAX-AUTH:defaultRegion': 'ord',
    });
  });

  it('leaves the upstream’s catalog as it was', () => {
    const token = upstreamToken();
    access(token);
    expect(token).toEqual(upstreamToken());
  });
});

describe('the tenants', () => {
  it('have the members that pkgcloud, libcloud and gophercloud read', () => {
    expect(tenantsDocument([{ id: '424242', name: 'acme' }])).toEqual({
      tenants: [{ id: '424242', name: 'acme', description: '', enabled: true }],
      tenants_links: [],
    });
  });
});
