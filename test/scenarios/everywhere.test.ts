import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway } from '../support/gateway.ts';
import { scenario } from '../support/scenario.ts';
import { fault, hang, json, type StubRequest, unavailable } from '../support/stub-answers.ts';
import { startStubUpstream } from '../support/stub-upstream.ts';

const REGIONS = ['DFW', 'ORD', 'LON'];

const { it, upstream, gateway } = scenario('file', {
  regions: REGIONS,
  settings: { upstream: { headersTimeoutMs: 3_000, retries: 0 }, limits: { enabled: false } },
});

let base: string;
beforeEach(() => {
  base = `${gateway.url}/all/v2/700100`;
  for (const name of REGIONS) upstream.region(name).forget();
  scriptServers();
});

afterEach(() => purge());

async function purge(): Promise<void> {
  const url = `${gateway.adminUrl}/admin/cache/purge`;
  const headers = { 'content-type': 'application/json' };
  expect((await ask(url, { method: 'POST', body: '{}', headers })).status).toBe(200);
}

/** Servers by region; the ids differ from region to region. */
const SERVERS: Record<string, string[]> = { DFW: ['d1', 'd2', 'd3'], ORD: ['o1'], LON: ['l1', 'l2'] };

/** Regions that page, as real ones do: at most `most` a page, with a next link while there are more. */
function scriptServers(most = 1000): void {
  for (const name of REGIONS) {
    const region = upstream.region(name);
    const page = (request: StubRequest) => {
      const query = new URLSearchParams(request.query);
      const limit = Math.min(most, Number(query.get('limit') ?? most));
      const all = SERVERS[name]!;
      const marker = query.get('marker');
      const from = marker === null ? 0 : all.indexOf(marker) + 1;
      const ids = all.slice(from, from + limit);
      const servers = ids.map((id) => ({
        id,
        links: [{ rel: 'self', href: `${region.url}/servers/${id}` }],
      }));
      const hasMore = from + limit < all.length;
      const href = `${region.url}/servers?limit=${limit}&marker=${ids.at(-1)}`;
      return { servers, ...(hasMore ? { servers_links: [{ rel: 'next', href }] } : {}) };
    };
    region.on('GET /servers', json(page));
    region.on('GET /servers/*', (exchange) =>
      SERVERS[name]!.includes(exchange.request.path.slice('/servers/'.length))
        ? json({ server: {} })(exchange)
        : fault('itemNotFound', 404, 'No such server.')(exchange),
    );
    region.on('GET /servers/detail', json(page));
  }
}

interface Merged {
  servers: { id: string; 'sluice:region': string; links: { href: string }[] }[];
  servers_links?: { rel: string; href: string }[];
  'sluice:errors'?: { region: string; fault: string; code: number; message: string }[];
}

const idsOf = ({ servers }: Merged) => servers.map((server) => `${server['sluice:region']}:${server.id}`);

/** Follows next links from a URL to the end. */
async function walk(url: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let next: string | undefined = url; next !== undefined && pages.length < 20; ) {
    const merged: Merged = (await ask(next)).json<Merged>();
    pages.push(idsOf(merged));
    next = merged.servers_links?.[0]?.href;
  }
  return pages;
}

describe('a list of every region', () => {
  it.each(['/servers', '/servers/detail', '/servers.json', '//servers'])(
    'is merged in the order of the catalog: %s',
    async (path) => {
      const { status, headers, json: parse } = await ask(base + path);
      expect(status).toBe(200);
      expect(headers['x-sluice-region']).toBe('all');
      const merged = parse<Merged>();
      expect(idsOf(merged)).toEqual(['DFW:d1', 'DFW:d2', 'DFW:d3', 'ORD:o1', 'LON:l1', 'LON:l2']);
      expect(merged).not.toHaveProperty('servers_links');
      expect(merged).not.toHaveProperty('sluice:errors');
    },
  );

  it('has links that lead through Sluice to the region of each member', async () => {
    const { servers } = (await ask(`${base}/servers`)).json<Merged>();
    expect(servers.map(({ links }) => links[0]!.href)).toEqual([
      `${gateway.url}/dfw/v2/700100/servers/d1`,
      `${gateway.url}/dfw/v2/700100/servers/d2`,
      `${gateway.url}/dfw/v2/700100/servers/d3`,
      `${gateway.url}/ord/v2/700100/servers/o1`,
      `${gateway.url}/lon/v2/700100/servers/l1`,
      `${gateway.url}/lon/v2/700100/servers/l2`,
    ]);
  });

  it('asks all regions before any of them has answered', async () => {
    const gates = REGIONS.map((name) => upstream.region(name).hold('GET /servers'));
    const answered = ask(`${base}/servers`);
    await Promise.all(gates.map((gate) => gate.arrived(1)));
    for (const gate of gates) gate.open();
    expect((await answered).status).toBe(200);
  });

  it('passes filters on, references in them turned back into ids', async () => {
    await ask(
      `${base}/servers?status=ACTIVE&image=${encodeURIComponent(`${gateway.url}/dfw/v2/700100/images/i7`)}`,
    );
    for (const name of REGIONS)
      expect(upstream.region(name).requests('GET /servers')[0]?.query).toBe('status=ACTIVE&image=i7');
  });

  it('answers HEAD, and refuses what is no read or no list', async () => {
    const headed = await ask(`${base}/servers`, { method: 'HEAD' });
    expect([headed.status, headed.text]).toEqual([200, '']);
    for (const path of ['/servers', '/flavors', '']) {
      const refused = await ask(base + path, { method: 'POST', body: '{}' });
      expect([path, refused.status, refused.headers.allow]).toEqual([path, 405, 'GET, HEAD']);
    }
    for (const path of ['/servers/d1', '/limits', '/os-keypairs'])
      expect((await ask(base + path)).status, path).toBe(404);
    expect((await ask(`${gateway.url}/all/v2/999/servers`)).text).toContain('Tenants here: 700100');
  });

  it('has version documents, as clients probe them, and its own operation in the metrics', async () => {
    for (const path of ['/all/v2', '/all/v2/', '/all/v2/700100'])
      expect((await ask(gateway.url + path)).json()).toMatchObject({
        version: { id: 'v2', links: [{ href: `${gateway.url}/all/v2/` }] },
      });
    expect((await ask(`${gateway.url}/ALL/`)).json()).toHaveProperty('versions');
    await ask(`${base}/servers`);
    const labels = { operation: 'listAllServers', region: 'all', account: 'main' };
    expect(await gateway.metric('sluice_http_requests_total', labels)).toBeGreaterThan(0);
  });

  it('keeps numbers as the regions wrote them', async () => {
    upstream.region('ORD').on('GET /servers', ({ response }) => {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"servers":[{"id":"o1","x":1.50}]}');
    });
    expect((await ask(`${base}/servers`)).text).toContain('{"id":"o1","x":1.50,"sluice:region":"ORD"}');
  });
});

describe('pages', () => {
  it.each([
    [1, [['DFW:d1'], ['DFW:d2'], ['DFW:d3'], ['ORD:o1'], ['LON:l1'], ['LON:l2']]],
    [
      2,
      [
        ['DFW:d1', 'DFW:d2'],
        ['DFW:d3', 'ORD:o1'],
        ['LON:l1', 'LON:l2'],
      ],
    ],
    [
      3,
      [
        ['DFW:d1', 'DFW:d2', 'DFW:d3'],
        ['ORD:o1', 'LON:l1', 'LON:l2'],
      ],
    ],
    [
      4,
      [
        ['DFW:d1', 'DFW:d2', 'DFW:d3', 'ORD:o1'],
        ['LON:l1', 'LON:l2'],
      ],
    ],
    [6, [['DFW:d1', 'DFW:d2', 'DFW:d3', 'ORD:o1', 'LON:l1', 'LON:l2']]],
    [50, [['DFW:d1', 'DFW:d2', 'DFW:d3', 'ORD:o1', 'LON:l1', 'LON:l2']]],
  ])('of %i go over the regions', async (limit, pages) => {
    expect(await walk(`${base}/servers?limit=${limit}`)).toEqual(pages);
  });

  it('smaller than asked for, because a region gives no more at once, lose nothing', async () => {
    scriptServers(2);
    const all = ['DFW:d1', 'DFW:d2', 'DFW:d3', 'ORD:o1', 'LON:l1', 'LON:l2'];
    for (const query of ['', '?limit=5']) expect((await walk(`${base}/servers${query}`)).flat()).toEqual(all);
  });

  it('keep filters, suffix and spelling of the caller in the next link', async () => {
    const { servers_links } = (await ask(`${base}/servers.json?status=ACTIVE&limit=4`)).json<Merged>();
    expect(servers_links).toEqual([
      { rel: 'next', href: `${base}/servers.json?status=ACTIVE&limit=4&marker=ORD%3Ao1` },
    ]);
  });

  it('begin after a plain id as well, where one region alone has it', async () => {
    const page = await ask(`${base}/servers?marker=o1`);
    expect(idsOf(page.json<Merged>())).toEqual(['LON:l1', 'LON:l2']);
    expect((await ask(`${base}/servers?marker=nobody`)).json()).toHaveProperty('badRequest.code', 400);
    expect((await ask(`${base}/servers?marker=detail`)).status).toBe(400);
    const several = await ask(`${base}/flavors?marker=2`);
    expect(several.status).toBe(400);
    expect(several.text).toContain('DFW, ORD, LON');
    const named = await ask(`${base}/flavors?marker=lon:2`);
    expect(named.status).toBe(200);
  });

  it('after a marker that its region refuses are refused in its words', async () => {
    upstream.region('ORD').on('GET /servers', fault('badRequest', 400, 'marker [x] not found'));
    const { status, json: parse } = await ask(`${base}/servers?marker=ORD:x`);
    expect([status, parse()]).toEqual([400, { badRequest: { code: 400, message: 'marker [x] not found' } }]);
  });

  it('do not ask the regions before the marker', async () => {
    await ask(`${base}/servers?marker=LON:l1`);
    expect(REGIONS.map((name) => upstream.region(name).count('GET /servers'))).toEqual([0, 0, 1]);
  });
});

describe('a region that does not answer is named while the others are answered', () => {
  const others = ['DFW:d1', 'DFW:d2', 'DFW:d3', 'LON:l1', 'LON:l2'];

  it('when it is out of order', async () => {
    upstream.region('ORD').on('GET /servers', unavailable);
    const { status, headers, json: parse } = await ask(`${base}/servers`);
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    const merged = parse<Merged>();
    expect(idsOf(merged)).toEqual(others);
    expect(merged['sluice:errors']).toMatchObject([
      { region: 'ORD', fault: 'serviceUnavailable', code: 503 },
    ]);
  });

  it('when it hangs', async () => {
    upstream.region('ORD').on('GET /servers', hang);
    const merged = (await ask(`${base}/servers`)).json<Merged>();
    expect(idsOf(merged)).toEqual(others);
    expect(merged['sluice:errors']).toMatchObject([{ region: 'ORD', fault: 'computeFault', code: 504 }]);
  });

  it('when it refuses connections', async () => {
    await upstream.region('ORD').refuse();
    try {
      const merged = (await ask(`${base}/servers`)).json<Merged>();
      expect(idsOf(merged)).toEqual(others);
      expect(merged['sluice:errors']).toMatchObject([{ region: 'ORD', code: 503 }]);
    } finally {
      await upstream.region('ORD').accept();
    }
  });

  it('when its answer is no list', async () => {
    upstream.region('ORD').on('GET /servers', json({ surprise: true }));
    const merged = (await ask(`${base}/servers`)).json<Merged>();
    expect(merged['sluice:errors']).toMatchObject([{ region: 'ORD', code: 502 }]);
  });

  it('in XML too, in a namespace of its own', async () => {
    upstream.region('ORD').on('GET /servers', fault('computeFault', 500, 'It & is <broken>.'));
    const { status, headers, text } = await ask(`${base}/servers.xml?limit=4`);
    expect(status).toBe(200);
    expect(headers['content-type']).toContain('application/xml');
    expect(text).toContain('xmlns:sluice="urn:sluice:everywhere:v1"');
    expect(text).toContain('<server id="d1" sluice:region="DFW">');
    expect(text).toContain(
      '<sluice:errors><sluice:error region="ORD" fault="computeFault" code="500"><sluice:message>It &amp; is &lt;broken&gt;.</sluice:message></sluice:error></sluice:errors>',
    );
    expect(text).toContain(`rel="next" href="${base}/servers.xml?limit=4&amp;marker=LON%3Al1"`);
    execFileSync('xmllint', ['--noout', '-'], { input: text });
  });
});

describe('when every region fails', () => {
  it('it is 502 and tells of each', async () => {
    for (const name of REGIONS) upstream.region(name).on('GET /servers', unavailable);
    const { status, json: parse } = await ask(`${base}/servers`);
    expect(status).toBe(502);
    const { message } = parse<{ computeFault: { message: string } }>().computeFault;
    for (const name of REGIONS) expect(message).toContain(`${name}: 503`);
  });

  it('for a mistake of the caller, it is what the regions say of it', async () => {
    for (const name of REGIONS)
      upstream.region(name).on('GET /servers', fault('badRequest', 400, 'changes-since is no date'));
    const { status, text } = await ask(`${base}/servers.xml?changes-since=x`);
    expect(status).toBe(400);
    expect(text).toContain('<message>changes-since is no date</message>');
  });
});

describe('lists that are cached', () => {
  it('are made of the same answers that a single region gives from memory', async () => {
    await ask(`${gateway.url}/dfw/v2/700100/flavors/detail`);
    const first = await ask(`${base}/flavors/detail`);
    expect(first.headers['x-cache']).toBe('MISS');
    expect(REGIONS.map((name) => upstream.region(name).count('GET /flavors/detail'))).toEqual([1, 1, 1]);
    const second = await ask(`${base}/flavors/detail`);
    expect(second.headers).toMatchObject({
      'x-cache': 'HIT',
      'cache-status': expect.stringContaining('sluice; hit'),
      'cache-control': expect.stringMatching(/^private, max-age=\d+$/),
    });
    expect(second.text).toBe(first.text);
    const single = await ask(`${gateway.url}/ord/v2/700100/flavors/detail`);
    expect(single.headers['x-cache']).toBe('HIT');
    expect(REGIONS.map((name) => upstream.region(name).count('GET /flavors/detail'))).toEqual([1, 1, 1]);
    const ids = second.json<{ flavors: { id: string; 'sluice:region': string }[] }>().flavors;
    expect(ids.map((flavor) => `${flavor['sluice:region']}:${flavor.id}`)).toEqual(
      REGIONS.flatMap((name) => [`${name}:2`, `${name}:3`]),
    );
  });

  it('have a validator', async () => {
    const { headers } = await ask(`${base}/images`);
    const again = await ask(`${base}/images`, { headers: { 'if-none-match': headers.etag } });
    expect([again.status, again.text]).toEqual([304, '']);
    upstream.region('LON').on('GET /images', unavailable);
    await purge();
    const partial = await ask(`${base}/images`, { headers: { 'if-none-match': headers.etag } });
    expect(partial.status).toBe(200);
    expect(partial.headers).not.toHaveProperty('etag');
    upstream.region('LON').off('GET /images');
  });
});

it("each region's limits hold for its part, and the wait of the slowest is told", async () => {
  const limited = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: {
      limits: { source: 'static', maxWaitMs: 0, static: [{ verb: 'GET', uri: '*', value: 1, unit: 'HOUR' }] },
    },
  });
  try {
    expect((await ask(`${limited.url}/ord/v2/700100/servers`)).status).toBe(200);
    const { json: parse } = await ask(`${limited.url}/all/v2/700100/servers`);
    expect(parse<Merged>()['sluice:errors']).toMatchObject([
      { region: 'ORD', fault: 'overLimit', code: 413 },
    ]);
    expect(idsOf(parse<Merged>())).toHaveLength(5);
    const all = await ask(`${limited.url}/all/v2/700100/servers`);
    expect(all.status).toBe(413);
    expect(Number(all.headers['retry-after'])).toBeGreaterThan(3000);
    for (const name of REGIONS) expect(upstream.region(name).count('GET /servers')).toBe(1);
  } finally {
    await limited.close();
  }
});

it('a caller that leaves takes its requests to every region along', async () => {
  for (const name of REGIONS) upstream.region(name).on('GET /servers', hang);
  const controller = new AbortController();
  const asked = ask(`${base}/servers`, { signal: controller.signal }).catch(() => undefined);
  const gates = REGIONS.map((name) => upstream.region(name).hold('GET /servers'));
  await Promise.all(gates.map((gate) => gate.arrived(1)));
  for (const gate of gates) gate.open();
  controller.abort();
  await asked;
  for (const name of REGIONS) {
    const [request] = upstream.region(name).requests('GET /servers');
    await request!.closed;
    expect(request!.aborted).toBe(true);
  }
});

it('a region that is called ALL is warned of, and reached another way', async () => {
  const odd = await startStubUpstream({ regions: ['DFW', 'ALL'] });
  const odder = await startGateway({
    identityUrl: odd.identityUrl,
    settings: { listen: { regions: { ALL: 0 } } },
  });
  try {
    expect(odder.logText()).toContain('the catalog has a region ALL');
    const { json: parse } = await ask(`${odder.url}/all/v2/700100/servers`);
    expect(new Set(parse<Merged>().servers.map((server) => server['sluice:region']))).toEqual(
      new Set(['DFW', 'ALL']),
    );
    const named = await ask(`${odder.url}/v2/700100/servers`, { headers: { 'x-region': 'all' } });
    expect(named.headers['x-sluice-region']).toBe('ALL');
    const port = await ask(`${odder.regionUrls['ALL']}/v2/700100/servers`);
    expect(port.headers['x-sluice-region']).toBe('ALL');
    expect((await ask(`${odder.regionUrls['ALL']}/v2`)).json()).toHaveProperty('version.id', 'v2');
  } finally {
    await odder.close();
    await odd.close();
  }
});

describe('a region whose page is empty and has a next link', () => {
  /** Pages of DFW by marker: each empty one leads to the next. */
  const scriptEmptyPages = (empty: number) => {
    const dfw = upstream.region('DFW');
    dfw.on(
      'GET /servers',
      json((request: StubRequest) => {
        const at = Number(new URLSearchParams(request.query).get('marker') ?? 0);
        const href = `${dfw.url}/servers?status=ACTIVE&marker=${at + 1}`;
        if (at < empty) return { servers: [], servers_links: [{ rel: 'next', href }] };
        return { servers: [{ id: 'd1' }] };
      }),
    );
    return dfw;
  };
  const namesOf = ({ servers }: Merged) => servers.map(({ id }) => id);

  it('is asked on, with what the caller asked for', async () => {
    const dfw = scriptEmptyPages(3);
    const { json: parse } = await ask(`${base}/servers?status=ACTIVE&limit=2`);
    expect(namesOf(parse<Merged>())).toEqual(['d1', 'o1']);
    expect(dfw.requests('GET /servers').map(({ query }) => query)).toEqual([
      'status=ACTIVE&limit=2',
      'status=ACTIVE&limit=2&marker=1',
      'status=ACTIVE&limit=2&marker=2',
      'status=ACTIVE&limit=2&marker=3',
    ]);
  });

  it('is not asked on for ever: the caller follows the rest', async () => {
    const dfw = scriptEmptyPages(15);
    const first = (await ask(`${base}/servers`)).json<Merged>();
    expect(dfw.count('GET /servers')).toBe(10);
    expect(namesOf(first)).toEqual([]);
    const second = (await ask(first.servers_links![0]!.href)).json<Merged>();
    expect(namesOf(second)).toEqual(['d1', 'o1', 'l1', 'l2']);
  });
});
