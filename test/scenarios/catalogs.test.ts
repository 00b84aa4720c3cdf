import { afterEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json } from '../support/stub-answers.ts';
import { STUB } from '../support/stub-documents.ts';
import { type StubUpstream, type StubUpstreamOptions, startStubUpstream } from '../support/stub-upstream.ts';

let upstream: StubUpstream;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

async function start(options: StubUpstreamOptions, account: object = {}, untilReady = true): Promise<void> {
  upstream = await startStubUpstream(options);
  const { username, apiKey } = { username: 'stub-operator', apiKey: 'stub-api-key-7d1f' };
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    untilReady,
    settings: {
      accounts: [{ name: 'main', identity: { url: upstream.identityUrl, username, apiKey }, ...account }],
    },
  });
}

async function login() {
  const body = JSON.stringify({ auth: { passwordCredentials: { username: 'mara', password: 'x' } } });
  const { json: parse } = await ask(`${gateway.url}/v2.0/tokens`, { method: 'POST', body });
  interface Access {
    user: Record<string, unknown>;
    serviceCatalog: { type: string; endpoints: { region?: string; publicURL: string }[] }[];
  }
  const { access } = parse<{ access: Access }>();
  const compute = access.serviceCatalog.find(({ type }) => type === 'compute')!;
  return { user: access.user, compute: compute.endpoints };
}

const hrefsOf = (text: string): string[] => [...text.matchAll(/"href":"([^"]+)"/g)].map(([, href]) => href!);

describe('a region goes out in the case the catalog has', () => {
  it('in the catalog of a login, links, headers, metrics and lists of every region, and is found in any', async () => {
    await start({ regions: ['RegionOne', 'RegionTwo'] });
    const { user, compute } = await login();
    const base = `${gateway.url}/RegionOne/v2/700100`;
    expect(compute.map(({ region }) => region)).toEqual(['RegionOne', 'RegionTwo']);
    expect(compute[0]!.publicURL).toBe(base);
    expect(user['RAX-AUTH:defaultRegion']).toBe('RegionOne');

    for (const spelled of ['RegionOne', 'regionone', 'REGIONONE']) {
      const { headers, text } = await ask(`${gateway.url}/${spelled}/v2/700100/servers/${STUB.serverId}`);
      expect(headers['x-sluice-region']).toBe('RegionOne');
      for (const href of hrefsOf(text)) expect(href).toMatch(`${gateway.url}/RegionOne/`);
    }
    const versions = await ask(`${gateway.url}/regionone/`);
    expect(hrefsOf(versions.text)).toEqual([`${gateway.url}/RegionOne/v2/`]);
    expect(await gateway.metric('sluice_http_requests_total', { region: 'RegionOne' })).toBeGreaterThan(0);
    expect(await gateway.metric('sluice_http_requests_total', { region: 'REGIONONE' })).toBe(0);

    const every = await ask(`${gateway.url}/all/v2/700100/servers?limit=3`);
    const list = every.json<{ servers: Record<string, string>[]; servers_links: { href: string }[] }>();
    expect(new Set(list.servers.map((server) => server['sluice:region']))).toEqual(
      new Set(['RegionOne', 'RegionTwo']),
    );
    const next = list.servers_links[0]!.href;
    expect(decodeURIComponent(next)).toContain('marker=RegionTwo:');
    expect((await ask(next)).status).toBe(200);
    const { json: ready } = await ask(`${gateway.adminUrl}/readyz`);
    expect(ready()).toMatchObject({ accounts: [{ regions: ['RegionOne', 'RegionTwo'] }] });
  });

  it('but for a name in capitals, which is in lower case in URLs', async () => {
    await start({ regions: ['DFW'] });
    const { compute } = await login();
    expect(compute[0]).toMatchObject({ region: 'DFW', publicURL: `${gateway.url}/dfw/v2/700100` });
    const { headers, text } = await ask(`${gateway.url}/DFW/v2/700100/servers/${STUB.serverId}`);
    expect(headers['x-sluice-region']).toBe('DFW');
    for (const href of hrefsOf(text)) expect(href).toMatch(`${gateway.url}/dfw/`);
  });

  it('and names with dots are accepted in the configuration', async () => {
    await start(
      { regions: ['eu.west.1', 'eu.west.2'] },
      { regions: ['EU.west.1'], defaultRegion: 'eu.West.1' },
    );
    const { headers, status } = await ask(`${gateway.url}/v2/700100/servers`);
    expect([status, headers['x-sluice-region']]).toEqual([200, 'eu.west.1']);
    expect((await ask(`${gateway.url}/EU.WEST.1/v2/700100/servers`)).status).toBe(200);
    expect((await ask(`${gateway.url}/eu.west.2/v2/700100/servers`)).status).toBe(404);
  });
});

describe('an endpoint that names no region', () => {
  const unnamed = ({ region: _, ...own }: Record<string, unknown>) => own;

  it('serves requests that name none, and its links, catalog and name lead to it', async () => {
    await start({ endpoint: unnamed });
    const { status, headers, text } = await ask(`${gateway.url}/v2/700100/servers/${STUB.serverId}`);
    expect([status, headers['x-sluice-region']]).toEqual([200, 'default']);
    for (const href of hrefsOf(text).slice(0, 2)) expect((await ask(href)).status).toBe(200);
    const { compute } = await login();
    expect((await ask(`${compute[0]!.publicURL}/servers`)).status).toBe(200);
  });

  it('has the name of the configured default region', async () => {
    await start({ endpoint: unnamed }, { defaultRegion: 'RegionOne' });
    const { status, headers } = await ask(`${gateway.url}/regionone/v2/700100/servers`);
    expect([status, headers['x-sluice-region']]).toEqual([200, 'RegionOne']);
  });

  it('is the default beside others that have one', async () => {
    await start({
      regions: ['DFW', 'ORD'],
      endpoint: (own) => (own['region'] === 'ORD' ? unnamed(own) : own),
    });
    const { headers } = await ask(`${gateway.url}/v2/700100/servers`, { headers: { 'x-region': 'default' } });
    expect(headers['x-sluice-region']).toBe('default');
    expect((await ask(`${gateway.url}/dfw/v2/700100/servers`)).headers['x-sluice-region']).toBe('DFW');
  });
});

it('an account whose catalog has no endpoint for it is not ready, and says why', async () => {
  await start({ endpoint: ({ publicURL: _, ...own }) => own }, {}, false);
  const readyz = () => ask(`${gateway.adminUrl}/readyz`);
  let answer = await readyz();
  while (answer.json<{ accounts: { token: string }[] }>().accounts[0]!.token !== 'ready')
    answer = await readyz();
  expect(answer.status).toBe(503);
  expect(answer.json()).toMatchObject({
    status: 'not ready',
    accounts: [{ ready: false, regions: [], problem: expect.stringContaining('no endpoint') }],
  });
});

it('links at the internal and the admin URL of an endpoint lead to Sluice as well', async () => {
  const urls = {
    internalURL: 'http://snet.test:8774/v2/700100',
    adminURL: 'https://admin.test/compute/v2.1',
  };
  await start({ endpoint: (own) => ({ ...own, ...urls }) });
  const hrefs = [
    'http://snet.test:8774/v2/700100/servers/1',
    'https://snet.test:8774/700100/servers/1',
    'https://admin.test/compute/v2.1/servers/1',
    'http://elsewhere.test/v2/700100/servers/1',
  ];
  upstream
    .region('DFW')
    .on('GET /servers/1', json({ server: { id: '1', links: hrefs.map((href) => ({ href })) } }));
  const { text } = await ask(`${gateway.url}/dfw/v2/700100/servers/1`);
  expect(hrefsOf(text)).toEqual([
    `${gateway.url}/dfw/v2/700100/servers/1`,
    `${gateway.url}/dfw/700100/servers/1`,
    `${gateway.url}/dfw/v2.1/700100/servers/1`,
    'http://elsewhere.test/v2/700100/servers/1',
  ]);
});
