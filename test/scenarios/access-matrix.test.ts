import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRecord, type Tree } from '../../src/settings/tree.ts';
import { ask } from '../support/ask.ts';
import { keysMode, type TestClient, testClient } from '../support/clients.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { json, noContent } from '../support/stub-answers.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubService, startStubService } from '../support/stub-service.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

/** Accounts by name: their tenants and regions. */
const ACCOUNTS = {
  main: { tenant: '700100', regions: ['DFW', 'ORD'] },
  other: { tenant: '700200', regions: ['DFW'] },
};
type AccountName = keyof typeof ACCOUNTS;

interface Grant {
  accounts?: AccountName[];
  regions?: string[];
  services?: string[];
  access?: 'read' | 'write';
  allow?: string[];
  deny?: string[];
}

const GRANTS: Record<string, Grant> = {
  everything: {},
  'main-only': { accounts: ['main'] },
  'other-only': { accounts: ['other'] },
  'dfw-only': { accounts: ['main'], regions: ['dfw'] },
  'ord-only': { accounts: ['main'], regions: ['ORD'] },
  'image-only': { services: ['image'] },
  'compute-only': { services: ['compute'] },
  reader: { access: 'read' },
  'no-deletes': { deny: ['delete*', 'reboot'] },
  'lists-only': { allow: ['list*'] },
  'no-other': { deny: ['other'] },
  'narrow-reader': {
    accounts: ['main'],
    regions: ['DFW'],
    services: ['compute'],
    access: 'read',
    allow: ['listFlavorsDetail', 'get*'],
  },
};

/** What is asked, below a tenant; `name` as the guide's operations are called here, `other` for what is none. */
interface Asked {
  method: string;
  path: string;
  name: string;
  body?: object;
}
const ASKED: Asked[] = [
  { method: 'GET', path: '/flavors/detail', name: 'listFlavorsDetail' },
  { method: 'GET', path: '/servers', name: 'listServers' },
  { method: 'GET', path: '/limits', name: 'getLimits' },
  { method: 'DELETE', path: '/servers/abc', name: 'deleteServer' },
  { method: 'POST', path: '/servers/abc/action', name: 'reboot', body: { reboot: { type: 'SOFT' } } },
  { method: 'POST', path: '/servers/abc/action', name: 'confirmResize', body: { confirmResize: null } },
  { method: 'GET', path: '/os-keypairs', name: 'other' },
  { method: 'POST', path: '/os-keypairs', name: 'other', body: { keypair: { name: 'k' } } },
];

const clients = Object.fromEntries(
  Object.entries(GRANTS).map(([name, grant]) => [name, testClient(name, grant as Tree)]),
);
let upstreams: Record<AccountName, StubUpstream>;
let images: StubService;
let gateway: TestGateway;
let open: TestGateway;

beforeAll(async () => {
  images = await startStubService();
  images.on('GET /v2/images', json({ images: [] }));
  images.on('DELETE /v2/images/1', noContent());
  const start = ({ tenant, regions }: { tenant: string; regions: string[] }) =>
    startStubUpstream({
      tenant,
      regions,
      services: [
        {
          name: 'cloudImages',
          type: 'image',
          endpoints: regions.map((region) => ({
            region,
            tenantId: tenant,
            publicURL: `${images.origin}/v2`,
          })),
        },
      ],
    });
  upstreams = { main: await start(ACCOUNTS.main), other: await start(ACCOUNTS.other) };
  for (const [name, { regions }] of Object.entries(ACCOUNTS))
    for (const region of regions) {
      const stub = upstreams[name as AccountName].region(region);
      stub.on('DELETE /servers/*', noContent());
      stub.on('POST /servers/*/action', noContent());
      stub.on('GET /os-keypairs', json({ keypairs: [] }));
      stub.on('POST /os-keypairs', json({ keypair: {} }));
    }
  const { username, apiKey } = STUB_CREDENTIALS;
  const accounts = Object.entries(upstreams).map(([name, { identityUrl }]) => ({
    name,
    identity: { url: identityUrl, username, apiKey },
  }));
  const { access } = keysMode(Object.values(clients));
  const settings = { accounts, access: access! };
  gateway = await startGateway({ identityUrl: '', settings });
  open = await startGateway({
    identityUrl: '',
    settings: { ...settings, access: { ...(access as Tree), mode: 'open' } },
  });
});

afterAll(async () => {
  await Promise.all([gateway.close(), open.close()]);
  await Promise.all([upstreams.main.close(), upstreams.other.close(), images.close()]);
});

/** A few lines of their own: what a grant means, in the words and not in the code's. */
function expected(
  grant: Grant | undefined,
  asked: Asked,
  account: AccountName,
  region: string,
  service: string,
) {
  if (grant === undefined) return 401;
  const { accounts, regions, services, access, allow = ['*'], deny = [] } = grant;
  const isGlob = (glob: string) => new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(asked.name);
  if (accounts !== undefined && !accounts.includes(account)) return 404;
  if (!ACCOUNTS[account].regions.includes(region)) return 404;
  if (regions !== undefined && !regions.some((name) => name.toUpperCase() === region)) return 403;
  if (services !== undefined && !services.includes(service)) return 403;
  if (access === 'read' && asked.method !== 'GET') return 403;
  return allow.some(isGlob) && !deny.some(isGlob) ? 200 : 403;
}

const isGood = (status: number) => (status >= 200 && status < 300 ? 200 : status);
const bodyOf = (body: object | undefined) =>
  body === undefined ? {} : { body: JSON.stringify(body), type: { 'content-type': 'application/json' } };

async function send(
  base: string,
  { method, path, body }: Asked,
  headers: Record<string, string>,
): Promise<number> {
  const { type = {}, ...more } = bodyOf(body);
  const { status, text } = await ask(`${base}${path}`, { method, headers: { ...type, ...headers }, ...more });
  if (status === 403 || status === 404 || status === 401)
    expect(text).toMatch(/"(?:unauthorized|forbidden|itemNotFound)"/);
  return isGood(status);
}

/** Every client, somebody with a key that is nobody's, and somebody without one. */
const CALLERS: [name: string, grant: Grant | undefined, client: TestClient | undefined][] = [
  ...Object.entries(GRANTS).map(
    ([name, grant]) => [name, grant, clients[name]] as [string, Grant, TestClient],
  ),
  ['nobody with a wrong key', undefined, testClient('everything')],
  ['nobody', undefined, undefined],
];

describe.each(CALLERS)('%s', (_name, grant, client) => {
  const headers = client?.headers ?? {};
  const places = (Object.keys(ACCOUNTS) as AccountName[]).flatMap((account) =>
    ['DFW', 'ORD'].map((region) => [account, region] as const),
  );

  it.each(places)(
    'may do in account %s and region %s what it was granted, by every way in',
    async (account, region) => {
      const { tenant } = ACCOUNTS[account];
      const base = `/${region.toLowerCase()}/v2/${tenant}`;
      const bearer = client === undefined ? {} : { authorization: `Bearer ${client.key}` };
      const token = await tokenOf(client);
      for (const asked of ASKED) {
        const want = expected(grant, asked, account, region, 'compute');
        const title = `${asked.method} ${asked.path} ${asked.name}`;
        expect([title, await send(gateway.url + base, asked, headers)]).toEqual([title, want]);
        expect([title, await send(gateway.url + base, asked, bearer)]).toEqual([title, want]);
        if (token !== undefined)
          expect([title, await send(gateway.url + base, asked, { 'x-auth-token': token })]).toEqual([
            title,
            want,
          ]);
        // Where nobody is asked, what is there is everybody's.
        const there = ACCOUNTS[account].regions.includes(region) ? 200 : 404;
        expect([title, await send(open.url + base, asked, headers)]).toEqual([title, there]);
      }
    },
  );

  it('is answered likewise on a kept-alive connection', async () => {
    const [asked] = ASKED as [Asked];
    const connection = await connectRaw(gateway.url);
    // What memory has is there for the fast path to give away.
    await ask(`${gateway.url}/dfw/v2/700100/flavors/detail`, { headers: clients['everything']!.headers });
    await ask(`${gateway.url}/dfw/v2/700200/flavors/detail`, { headers: clients['everything']!.headers });
    for (let round = 0; round < 3; round++)
      for (const account of ['main', 'other'] as const) {
        const path = `/dfw/v2/${ACCOUNTS[account].tenant}/flavors/detail`;
        const { status } = await connection.ask(path, headers);
        expect([account, isGood(status)]).toEqual([
          account,
          expected(grant, asked, account, 'DFW', 'compute'),
        ]);
      }
    connection.close();
  });

  it('reaches the other services that it was granted', async () => {
    for (const asked of [
      { method: 'GET', path: '/images', name: 'other' },
      { method: 'DELETE', path: '/images/1', name: 'other' },
    ])
      for (const region of ['DFW', 'ORD']) {
        // No tenant is named: the first account of the caller's own that has the service there is meant.
        const account = grant?.accounts?.[0] ?? 'main';
        const want = expected(grant, asked, account, region, 'image');
        const status = await send(`${gateway.url}/${region}/services/image`, asked, headers);
        expect([asked.method, region, status]).toEqual([asked.method, region, want]);
      }
  });

  it('is shown every region that it may use, and no other, in lists of every region', async () => {
    for (const account of ['main', 'other'] as const) {
      const { tenant, regions } = ACCOUNTS[account];
      const asked: Asked = { method: 'GET', path: '/servers', name: 'listServers' };
      const each = regions.map((region) => expected(grant, asked, account, region, 'compute'));
      const want = each.includes(200) ? 200 : each[0];
      const before = regions.map((region) => upstreams[account].region(region).count('GET /servers'));
      const { status } = await ask(`${gateway.url}/all/v2/${tenant}/servers`, { headers });
      expect([account, status]).toEqual([account, want]);
      const reached = regions.map(
        (region, index) => upstreams[account].region(region).count('GET /servers') - before[index]!,
      );
      expect(reached).toEqual(each.map((one) => (one === 200 ? 1 : 0)));
    }
  });

  it('logs in to its own accounts, and hears of nothing else', async () => {
    const { status, text } = await login(client);
    expect(status).toBe(grant === undefined ? 401 : 200);
    if (grant === undefined || client === undefined) return;
    const { accounts = ['main', 'other'], regions, services } = grant;
    const tenants = await ask(`${gateway.url}/v2.0/tenants`, { headers });
    const ids = tenants.json<{ tenants: { id: string }[] }>().tenants.map(({ id }) => id);
    expect(ids).toEqual((accounts as AccountName[]).map((name) => ACCOUNTS[name].tenant));
    const { serviceCatalog, token } = (JSON.parse(text) as { access: Access }).access;
    const own = ACCOUNTS[(accounts as AccountName[])[0]!];
    expect(token.tenant.id).toBe(own.tenant);
    const wanted = own.regions.filter(
      (region) => regions === undefined || regions.some((name) => name.toUpperCase() === region),
    );
    const shown = serviceCatalog.filter(({ type }) => type === 'compute' || type === 'image');
    for (const { endpoints } of shown) expect(endpoints.map(({ region }) => region)).toEqual(wanted);
    expect(shown.map(({ type }) => type).sort()).toEqual(services ?? ['compute', 'image']);
  });

  it('may read version documents, whoever it is', async () => {
    for (const path of ['/', '/v2.0', '/v3', '/dfw', '/dfw/v2', '/dfw/v2/', '/all/v2'])
      expect([path, (await ask(gateway.url + path, { headers })).status]).toEqual([path, 200]);
  });
});

interface Access {
  token: { id: string; tenant: { id: string } };
  serviceCatalog: { type: string; endpoints: { region: string }[] }[];
}

const login = (client: TestClient | undefined) =>
  ask(`${gateway.url}/v2.0/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: {
        'RAX-KSKEY:apiKeyCredentials': {
          username: client?.name ?? 'everything',
          apiKey: client?.key ?? 'none',
        },
      },
    }),
  });

async function tokenOf(client: TestClient | undefined): Promise<string | undefined> {
  const { status, json: parse } = await login(client);
  if (status !== 200) return undefined;
  const { access } = parse<{ access: Access }>();
  expect(isRecord(access)).toBe(true);
  return access.token.id;
}
