import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CLASS_NAMES } from '../../src/cache/classes.ts';
import type { Operation } from '../../src/operations/operation.ts';
import { SERVICE_OPERATIONS } from '../../src/operations/services.ts';
import { OPERATIONS } from '../../src/operations/table.ts';
import type { Tree } from '../../src/settings/tree.ts';
import { type TestClient, testClient } from '../support/clients.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { connectRaw, type RawAnswer, type RawConnection } from '../support/raw-connection.ts';
import { json, noContent } from '../support/stub-answers.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubService, startStubService } from '../support/stub-service.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

/** Accounts by name, in the order of the configuration: their tenants and regions. */
const ACCOUNTS = {
  main: { tenant: '700100', regions: ['DFW', 'ORD'] },
  other: { tenant: '700200', regions: ['DFW'] },
};
type AccountName = keyof typeof ACCOUNTS;
const NAMES = Object.keys(ACCOUNTS) as AccountName[];
const REGIONS = ['DFW', 'ORD'];

interface Grant {
  accounts?: AccountName[];
  regions?: string[];
  services?: string[];
  access?: 'read' | 'write';
  allow?: string[];
  deny?: string[];
}

/** One limit each, then several at once. */
const GRANTS: Record<string, Grant> = {
  everything: {},
  'main-only': { accounts: ['main'] },
  'other-only': { accounts: ['other'] },
  'ord-only': { regions: ['ord'] },
  'image-only': { services: ['image'] },
  'compute-only': { services: ['compute'] },
  reader: { access: 'read' },
  'no-deletes': { deny: ['delete*', 'reboot', '*Image'] },
  'no-actions': { deny: ['confirmResize', 'extensionAction', 're*'] },
  'lists-only': { allow: ['list*'] },
  'guide-only': { deny: ['other'] },
  'image-reader': { services: ['compute', 'image'], allow: ['list*', 'image.list*', 'image.get*'] },
  'beside-only': { allow: ['other'] },
  narrow: {
    accounts: ['main'],
    regions: ['DFW'],
    services: ['compute'],
    access: 'read',
    allow: ['list*', 'get*'],
    deny: ['*Metadata*'],
  },
};

/** A request below a tenant or a service; `name` as operations are called, `other` for what is none. */
interface Asked {
  name: string;
  method: string;
  path: string;
  body: string;
}

const bodyOf = ({ name, request }: Operation): string =>
  request === null ? '' : readFileSync(new URL(`../golden/${name}/request.json`, import.meta.url), 'utf8');

/** Every row of the table that has a tenant, actions included, and paths that no row has. */
const COMPUTE: Asked[] = [
  ...OPERATIONS.filter(({ scope }) => scope === 'tenant').map((operation) => ({
    name: operation.name,
    method: operation.method,
    path: operation.path.replaceAll(/\{[^}]+\}/g, 'x1'),
    body: operation.action === '*' ? '{"os-stop":null}' : bodyOf(operation),
  })),
  ...SERVICE_OPERATIONS.filter(({ scope }) => scope === 'tenant').map(({ name, method, path }) => ({
    name,
    method,
    path: path.replaceAll(/\{[^}]+\}/g, 'x1'),
    body: '',
  })),
  { name: 'other', method: 'GET', path: '/os-keypairs', body: '' },
  { name: 'other', method: 'POST', path: '/os-keypairs', body: '{"keypair":{"name":"k"}}' },
  { name: 'other', method: 'DELETE', path: '/os-keypairs/k', body: '' },
];

/** Every row of the image service, the version written or not, and what no row has. */
const IMAGE: Asked[] = [
  ...SERVICE_OPERATIONS.filter(({ service, resource }) => service === 'image' && resource !== 'versions').map(
    ({ name, method, path }, index) => ({
      name,
      method,
      path: `${index % 2 === 0 ? '/v2' : ''}${path.replaceAll(/\{[^}]+\}/g, 'i')}`,
      body: method === 'PATCH' || method === 'POST' ? '{"name":"i"}' : '',
    }),
  ),
  { name: 'image.listVersions', method: 'GET', path: '/', body: '' },
  { name: 'image.deleteImage', method: 'DELETE', path: '/v2//%69mages/i', body: '' },
  { name: 'other', method: 'GET', path: '/v2/tasks', body: '' },
  { name: 'other', method: 'POST', path: '/tasks', body: '{}' },
  { name: 'other', method: 'DELETE', path: '/v1/images/i', body: '' },
];

/** What has a row beside the guide is `other`, too: what was granted or denied before it had one stays so. */
const BESIDE = new Set(SERVICE_OPERATIONS.map(({ name }) => name));

/** What a grant means, in the words of the documentation and not in the code's: 200, or how it is refused. */
function expected(
  grant: Grant | undefined,
  { name, method }: Asked,
  account: AccountName,
  region: string,
  service: string,
): number {
  if (grant === undefined) return 401;
  const { accounts, regions, services, access, allow = ['*'], deny = [] } = grant;
  const isMeant = (glob: string) =>
    new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(name) || (glob === 'other' && BESIDE.has(name));
  if (accounts !== undefined && !accounts.includes(account)) return 404;
  if (!ACCOUNTS[account].regions.includes(region)) return 404;
  if (regions !== undefined && !regions.some((one) => one.toUpperCase() === region)) return 403;
  if (services !== undefined && !services.includes(service)) return 403;
  if (access === 'read' && method !== 'GET') return 403;
  return allow.some(isMeant) && !deny.some(isMeant) ? 200 : 403;
}

const clients = new Map(
  Object.entries(GRANTS).map(([name, grant]) => [name, testClient(name, grant as Tree)]),
);
let upstreams: Record<AccountName, StubUpstream>;
let images: StubService;
let gateway: TestGateway;
/** The same without its fast path. */
let slow: TestGateway;
let open: TestGateway;

beforeAll(async () => {
  images = await startStubService();
  for (const path of ['/', ...['', '/*', '/*/*', '/*/*/*'].map((more) => `/*/*${more}`)])
    for (const method of ['GET', 'POST', 'PUT', 'PATCH'])
      images.on(`${method} ${path}`, json({ images: [] }));
  for (const more of ['', '/*/*']) images.on(`DELETE /*/*/*${more}`, noContent());
  upstreams = { main: await startAccount('main'), other: await startAccount('other') };
  const { username, apiKey } = STUB_CREDENTIALS;
  const accounts = NAMES.map((name) => ({
    name,
    identity: { url: upstreams[name].identityUrl, username, apiKey },
  }));
  const access: Tree = { mode: 'keys', clients: [...clients.values()].map(({ settings }) => settings) };
  // A refresh that comes late would be taken for the request of somebody who is refused.
  const cache = Object.fromEntries(CLASS_NAMES.map((name) => [name, { staleWhileRevalidate: 0 }]));
  const settings = { accounts, access, cache, limits: { enabled: false } };
  const start = (more: Tree) => startGateway({ identityUrl: '', settings: { ...settings, ...more } });
  gateway = await start({ listen: { regions: { DFW: 0, ORD: 0 } } });
  slow = await start({ listen: { fastPath: false } });
  open = await start({ access: { ...access, mode: 'open' } });
});

async function startAccount(name: AccountName): Promise<StubUpstream> {
  const { tenant, regions } = ACCOUNTS[name];
  const endpoints = regions.map((region) => ({ region, tenantId: tenant, publicURL: `${images.origin}/v2` }));
  const services = [{ name: 'cloudImages', type: 'image', endpoints }];
  const upstream = await startStubUpstream({ tenant, regions, services });
  for (const region of regions)
    for (const { method, path } of COMPUTE)
      if (method !== 'GET' || path.includes('x1') || path.startsWith('/os-'))
        upstream.region(region).on(`${method} ${path}`, method === 'DELETE' ? noContent() : json({}));
  return upstream;
}

afterAll(async () => {
  for (const connection of connections.values()) connection.close();
  await Promise.all([gateway.close(), slow.close(), open.close()]);
  await Promise.all([upstreams.main.close(), upstreams.other.close(), images.close()]);
});

/** Connections are kept over all of the tests, so that one caller comes after another on each of them. */
const connections = new Map<string, RawConnection>();
async function send(
  url: string,
  path: string,
  { method, body }: Asked,
  headers: Readonly<Record<string, string>>,
): Promise<RawAnswer> {
  let connection = connections.get(url);
  if (connection === undefined || connection.socket.destroyed) {
    connection = await connectRaw(url);
    connections.set(url, connection);
  }
  const type = body === '' ? {} : { 'Content-Type': 'application/json' };
  return connection.ask(path, { ...type, ...headers }, method, body);
}

beforeEach(() => {
  images.forget();
  for (const name of NAMES)
    for (const region of ACCOUNTS[name].regions) upstreams[name].region(region).forget();
});

const requestsSeen = (): number =>
  NAMES.flatMap((name) => ACCOUNTS[name].regions.map((region) => upstreams[name].region(region)))
    .map((region) => region.requests().length)
    .reduce((sum, count) => sum + count, images.requests().length);

const FAULTS: Record<number, string> = { 401: 'unauthorized', 403: 'forbidden', 404: 'itemNotFound' };

/** Asks, and tells of everything that is not as it was to be. */
async function check(
  way: string,
  want: number,
  asked: Asked,
  ask: () => Promise<RawAnswer>,
): Promise<string[]> {
  const before = requestsSeen();
  const { status, body } = await ask();
  const title = `${way}: ${asked.method} ${asked.path} (${asked.name})`;
  const got = status >= 200 && status < 300 ? 200 : status;
  if (got !== want) return [`${title} is ${status} and not ${want}: ${body.slice(0, 200)}`];
  if (want === 200) return [];
  if (requestsSeen() !== before) return [`${title} is refused, yet somebody upstream was asked`];
  return Object.hasOwn(JSON.parse(body) as object, FAULTS[want]!) ? [] : [`${title} has the body ${body}`];
}

/** Every client, and who is none. */
const CALLERS: [name: string, grant: Grant | undefined, client: TestClient | undefined][] = [
  ...Object.entries(GRANTS).map(
    ([name, grant]) => [name, grant, clients.get(name)] as [string, Grant, TestClient],
  ),
  ['somebody with a key that is nobody’s', undefined, testClient('everything')],
  ['somebody without a key', undefined, undefined],
];

async function tokenOf(client: TestClient | undefined, account: AccountName): Promise<string> {
  const auth = {
    passwordCredentials: { username: client?.name ?? 'everything', password: client?.key ?? 'none' },
    tenantId: ACCOUNTS[account].tenant,
  };
  const login: Asked = {
    name: 'login',
    method: 'POST',
    path: '/v2.0/tokens',
    body: JSON.stringify({ auth }),
  };
  const { status, body } = await send(gateway.url, login.path, login, {});
  if (status !== 200) return 'no-token';
  return (JSON.parse(body) as { access: { token: { id: string } } }).access.token.id;
}

describe.each(CALLERS)('%s', (_name, grant, client) => {
  const key = client?.key ?? '';
  const headers = client === undefined ? {} : { 'X-Auth-Token': key };
  const bearer = client === undefined ? {} : { Authorization: `Bearer ${key}` };
  const places = NAMES.flatMap((account) => REGIONS.map((region) => [account, region] as const));

  it.each(places)('may do what it was granted in account %s, region %s', async (account, region) => {
    const { tenant } = ACCOUNTS[account];
    const token = client === undefined ? {} : { 'X-Auth-Token': await tokenOf(client, account) };
    const path = `/${region.toLowerCase()}/v2/${tenant}`;
    const port = gateway.regionUrls[region]!;
    const wrong: string[] = [];
    for (const asked of COMPUTE) {
      const below = asked.path;
      const want = expected(grant, asked, account, region, 'compute');
      // A login for a tenant beyond the grant gets no token.
      const wantByToken = want === 404 && token['X-Auth-Token'] === 'no-token' ? 401 : want;
      wrong.push(
        ...(await check('kept-alive', want, asked, () => send(gateway.url, path + below, asked, headers))),
        ...(await check('Node', want, asked, () => send(slow.url, path + below, asked, bearer))),
        ...(await check('port', wantByToken, asked, () => send(port, `/v2/${tenant}${below}`, asked, token))),
      );
    }
    expect(wrong).toEqual([]);
  });

  it.each(REGIONS)('means its own account in region %s where it names no tenant', async (region) => {
    const own = grant?.accounts ?? NAMES;
    const account = own.find((name) => ACCOUNTS[name].regions.includes(region)) ?? own[0]!;
    const wrong: string[] = [];
    for (const asked of COMPUTE.filter(({ name }) => /^(?:list|delete|other|reboot)/.test(name))) {
      const want = expected(grant, asked, account, region, 'compute');
      const path = `/${region.toLowerCase()}/v2/-${asked.path}`;
      wrong.push(...(await check('-', want, asked, () => send(gateway.url, path, asked, headers))));
    }
    for (const asked of IMAGE) {
      const want = expected(grant, asked, account, region, 'image');
      const path = `/services/image${asked.path}`;
      wrong.push(
        ...(await check('path', want, asked, () => send(gateway.url, `/${region}${path}`, asked, headers))),
        ...(await check('Node', want, asked, () => send(slow.url, `/${region}${path}`, asked, bearer))),
        ...(await check('port', want, asked, () => send(gateway.regionUrls[region]!, path, asked, headers))),
      );
    }
    expect(wrong).toEqual([]);
  });

  it.each(NAMES)(
    'finds the regions of its grant, and no other, in every list of account %s',
    async (account) => {
      const { tenant, regions } = ACCOUNTS[account];
      const wrong: string[] = [];
      for (const { name, path } of OPERATIONS.filter(({ acrossRegions }) => acrossRegions !== undefined)) {
        const asked: Asked = { name, method: 'GET', path, body: '' };
        const each = regions.map((region) => expected(grant, asked, account, region, 'compute'));
        const want = each.includes(200) ? 200 : each[0]!;
        const answer = () => send(gateway.url, `/all/v2/${tenant}${path}?limit=1000`, asked, headers);
        wrong.push(...(await check('all', want, asked, answer)));
        const { body } = await answer();
        for (const [index, region] of regions.entries()) {
          const isThere = body.includes(`/${region.toLowerCase()}/v2/${tenant}/`);
          if (isThere !== (each[index] === 200))
            wrong.push(`${path}: ${region} is ${isThere ? '' : 'not '}in the list`);
        }
      }
      expect(wrong).toEqual([]);
    },
  );

  it.each(NAMES)(
    'is told by a login for account %s of what is in its grant, and of nothing else',
    async (account) => {
      const { tenant, regions } = ACCOUNTS[account];
      const isOwn = grant !== undefined && (grant.accounts?.includes(account) ?? true);
      const token = await tokenOf(client, account);
      expect(token !== 'no-token').toBe(isOwn);
      const path = `/v2.0/tokens/${token}`;
      const validate: Asked = { name: 'validate', method: 'GET', path, body: '' };
      const { status, body } = await send(gateway.url, path, validate, headers);
      expect(status).toBe(isOwn ? 200 : 404);
      if (!isOwn) return;
      const { access } = JSON.parse(body) as { access: { serviceCatalog: CatalogService[] } };
      const shown = access.serviceCatalog
        .filter(({ type }) => type === 'compute' || type === 'image')
        .flatMap(({ type, endpoints }) => endpoints.map(({ region }) => `${type} ${region}`));
      const { services = ['compute', 'image'] } = grant;
      const seen = regions.filter((one) => grant.regions?.some((name) => name.toUpperCase() === one) ?? true);
      expect(shown.sort()).toEqual(services.flatMap((type) => seen.map((one) => `${type} ${one}`)).sort());
      expect(body.includes(tenant) || seen.length === 0).toBe(true);
    },
  );

  it('hears of its own tenants alone', async () => {
    const asked: Asked = { name: 'tenants', method: 'GET', path: '/v2.0/tenants', body: '' };
    const { status, body } = await send(gateway.url, asked.path, asked, headers);
    expect(status).toBe(grant === undefined ? 401 : 200);
    if (grant === undefined) return;
    const ids = (JSON.parse(body) as { tenants: { id: string }[] }).tenants.map(({ id }) => id);
    expect(ids).toEqual((grant.accounts ?? NAMES).map((name) => ACCOUNTS[name].tenant));
  });

  it('may do everything where nobody is asked for a key', async () => {
    const wrong: string[] = [];
    for (const asked of COMPUTE) {
      const path = `/dfw/v2/${ACCOUNTS.other.tenant}${asked.path}`;
      wrong.push(...(await check('open', 200, asked, () => send(open.url, path, asked, headers))));
    }
    expect(wrong).toEqual([]);
  });

  it('may read version documents', async () => {
    for (const path of ['/', '/v2.0', '/v3', '/dfw', '/dfw/v2', '/dfw/v2/', '/all/v2']) {
      const asked: Asked = { name: 'version', method: 'GET', path, body: '' };
      const { status } = await send(gateway.url, path, asked, headers);
      expect([path, status]).toEqual([path, 200]);
    }
  });
});

interface CatalogService {
  type: string;
  endpoints: { region: string }[];
}
