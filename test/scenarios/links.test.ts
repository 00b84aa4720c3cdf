import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway } from '../support/gateway.ts';
import { scenario } from '../support/scenario.ts';
import { empty, json, type StubRequest } from '../support/stub-answers.ts';
import { STUB } from '../support/stub-documents.ts';

const { it, upstream, gateway, dfw } = scenario('file', {
  regions: ['DFW', 'ORD'],
  settings: { listen: { regions: { ORD: 0 } } },
});

let base: string;
/** `127.0.0.1:port` of the region. */
let host: string;

beforeEach(() => {
  base = `${gateway.url}/dfw/v2/700100`;
  host = new URL(dfw.url).host;
  dfw.forget();
  dfw.off('GET /servers/detail');
});

const inJson = { 'content-type': 'application/json' };

describe('links in bodies', () => {
  it.each([
    '/servers',
    '/servers/detail',
    `/servers/${STUB.serverId}`,
    '/flavors/detail',
    '/images/detail',
    `/images/${STUB.imageId}`,
  ])('of %s lead through Sluice, self and bookmark alike', async (path) => {
    const { status, text } = await ask(base + path);
    expect(status).toBe(200);
    expect(text).not.toContain(host);
    expect(text).toContain(`"${base}/`);
    expect(text).toContain(`"${gateway.url}/dfw/700100/`);
  });

  it('can be followed as they are', async () => {
    const { json: parse } = await ask(`${base}/servers/detail`);
    const { servers } = parse<{ servers: { id: string; links: { href: string }[] }[] }>();
    for (const { href } of servers[0]!.links) {
      const followed = await ask(href);
      expect(followed.json<{ server: { id: string } }>().server.id, href).toBe(servers[0]!.id);
    }
  });

  it("to another scheme, another region or another version of it lead through Sluice; others' stay", async () => {
    const ord = new URL(upstream.region('ORD').url).host;
    const hrefs = [
      `https://${host}/v2/700100/servers/1`,
      `http://${host}/700100/servers/1`,
      `https://${host}/700100/servers/1`,
      `http://${host}/v2.1/700100/servers/1`,
      `http://${ord}/v2/700100/servers/1`,
      `http://${host.replace('127', '128')}/v2/700100/servers/1`,
      'http://images.test/images/1',
    ];
    dfw.on(
      'GET /servers/detail',
      json({ servers: [{ id: '1', links: hrefs.map((href) => ({ rel: 'self', href })) }] }),
    );
    const { json: parse } = await ask(`${base}/servers/detail`);
    const { servers } = parse<{ servers: { links: { href: string }[] }[] }>();
    expect(servers[0]?.links.map(({ href }) => href)).toEqual([
      `${gateway.url}/dfw/v2/700100/servers/1`,
      `${gateway.url}/dfw/700100/servers/1`,
      `${gateway.url}/dfw/700100/servers/1`,
      `${gateway.url}/dfw/v2.1/700100/servers/1`,
      `${gateway.url}/ord/v2/700100/servers/1`,
      hrefs[5],
      hrefs[6],
    ]);
  });

  it("keep an image's alternate link to the image service", async () => {
    const { text } = await ask(`${base}/images/${STUB.imageId}`);
    expect(text).toContain(`http://images.test/images/${STUB.imageId}`);
  });

  it('to a next page keep their query, and the next page is there', async () => {
    dfw.on(
      'GET /servers/detail',
      json((request: StubRequest) =>
        request.query.includes('marker')
          ? { servers: [] }
          : {
              servers: [{ id: '1', links: [] }],
              servers_links: [
                { rel: 'next', href: `http://${host}/v2/700100/servers/detail?limit=1&marker=1` },
              ],
            },
      ),
    );
    const { json: parse } = await ask(`${base}/servers/detail?limit=1`);
    const [next] = parse<{ servers_links: { href: string }[] }>().servers_links;
    expect(next?.href).toBe(`${base}/servers/detail?limit=1&marker=1`);
    expect((await ask(next!.href)).json()).toEqual({ servers: [] });
  });

  it("name the Host the caller used, and never one that a caller's forwarding headers name", async () => {
    const { text } = await ask(`${base}/flavors/2`, {
      headers: {
        host: 'sluice.internal:8080',
        'x-forwarded-host': 'evil.test',
        'x-forwarded-proto': 'https',
      },
    });
    expect(text).toContain('"http://sluice.internal:8080/dfw/v2/700100/flavors/2"');
    expect(text).not.toContain('evil');
    expect((await ask(`${base}/flavors/2`)).text).toContain(`"${base}/flavors/2"`);
    expect(JSON.stringify(dfw.requests())).not.toContain('evil');
  });

  it('on a port of its own lead to that port', async () => {
    const { text } = await ask(`${gateway.regionUrls['ORD']}/v2/700100/servers/${STUB.serverId}`);
    const self = /"rel":"self","href":"([^"]+)"/.exec(text)?.[1] ?? '';
    expect(self.startsWith(`${gateway.regionUrls['ORD']}/`)).toBe(true);
    expect((await ask(self)).status).toBe(200);
  });
});

describe('Location', () => {
  it('of a new server leads through Sluice, to the server', async () => {
    const { status, headers } = await ask(`${base}/servers`, {
      method: 'POST',
      headers: inJson,
      body: '{"server":{"name":"n","imageRef":"1","flavorRef":"2"}}',
    });
    expect(status).toBe(202);
    expect(headers.location).toBe(`${base}/servers/${STUB.newServerId}`);
    expect((await ask(headers.location!)).status).toBe(200);
  });

  it('of a new image, which real clouds point at the image service, leads to the image below the tenant', async () => {
    const { status, headers } = await ask(`${base}/servers/${STUB.serverId}/action`, {
      method: 'POST',
      headers: inJson,
      body: '{"createImage":{"name":"snap"}}',
    });
    expect(status).toBe(202);
    expect(headers.location).toBe(`${base}/images/${STUB.newImageId}`);
    expect((await ask(headers.location!)).status).toBe(200);
  });
});

describe('references that are links of Sluice reach the upstream as ids', () => {
  it.each<[string, (what: string) => string]>([
    ['with a region', (what) => `${base}/${what}`],
    ['without a region', (what) => `${gateway.url}/v2/700100/${what}`],
    ['bookmarks', (what) => `${gateway.url}/dfw/700100/${what}`],
    ['of the upstream itself', (what) => `${dfw.url}/${what}`],
  ])('%s', async (_form, link) => {
    await ask(`${base}/servers`, {
      method: 'POST',
      headers: inJson,
      body: JSON.stringify({
        server: { name: 'n', imageRef: link(`images/${STUB.imageId}`), flavorRef: link('flavors/2') },
      }),
    });
    const [sent] = dfw.requests('POST /servers');
    expect(JSON.parse(sent!.body)).toEqual({ server: { name: 'n', imageRef: STUB.imageId, flavorRef: '2' } });
  });

  it('in rebuild, resize and rescue', async () => {
    const action = `${base}/servers/${STUB.serverId}/action`;
    const image = `${base}/images/${STUB.imageId}`;
    for (const body of [
      { rebuild: { imageRef: image } },
      { resize: { flavorRef: `${base}/flavors/3` } },
      { rescue: { rescue_image_ref: image } },
    ])
      await ask(action, { method: 'POST', headers: inJson, body: JSON.stringify(body) });
    expect(dfw.requests('POST /servers/*/action').map(({ body }) => JSON.parse(body))).toEqual([
      { rebuild: { imageRef: STUB.imageId } },
      { resize: { flavorRef: '3' } },
      { rescue: { rescue_image_ref: STUB.imageId } },
    ]);
  });

  it('in the server, image and flavor filters of a list', async () => {
    const server = encodeURIComponent(`${base}/servers/${STUB.serverId}`);
    await ask(`${base}/images?server=${server}&limit=5`);
    expect(dfw.requests('GET /images')[0]?.query).toMatch(new RegExp(`server=${STUB.serverId}`));
    await ask(`${base}/servers?image=${base}/images/${STUB.imageId}&flavor=2`);
    expect(dfw.requests('GET /servers')[0]?.query).toBe(`image=${STUB.imageId}&flavor=2`);
  });

  it('and an id stays an id, in the bytes the caller wrote', async () => {
    const body =
      '{ "server": {"name":"n" , "imageRef":"", "flavorRef":"2", "minCount": 1, "security_groups": [], "personality": null} }';
    await ask(`${base}/servers`, { method: 'POST', headers: inJson, body });
    expect(dfw.requests('POST /servers')[0]?.body).toBe(body);
  });
});

it('metadata whose values look like links stay as they are', async () => {
  const value = `http://${host}/v2/700100/servers/1`;
  dfw.on('GET /servers/*/metadata', json({ metadata: { href: value } }));
  expect((await ask(`${base}/servers/${STUB.serverId}/metadata`)).json()).toEqual({
    metadata: { href: value },
  });
});

it('a redirect of the region leads through Sluice, whatever stands in its body', async () => {
  dfw.on('GET /servers/*/ips', ({ response }) => {
    response.writeHead(302, {
      location: `http://${host}/v2/700100/servers/7/ips`,
      'content-type': 'text/html',
    });
    response.end('<h1>moved</h1>');
  });
  for (const accept of ['application/json', 'application/xml']) {
    const { status, headers, text } = await ask(`${base}/servers/1/ips`, { headers: { accept } });
    expect(status).toBe(302);
    expect(headers.location).toBe(`${base}/servers/7/ips`);
    expect(text).toBe('');
  }
});

it('a publicUrl stands before every link, whatever Host the caller names', async () => {
  const front = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { publicUrl: 'https://sluice.example/api/', listen: { regions: { ORD: 0 } } },
  });
  const { text } = await ask(`${front.url}/dfw/v2/700100/servers/${STUB.serverId}`, {
    headers: { host: 'other.test' },
  });
  expect(text).toContain('"https://sluice.example/api/dfw/v2/700100/servers/');
  expect(text).not.toContain('other.test');
  const versions = await ask(`${front.regionUrls['ORD']}/`);
  expect(versions.text).toContain('"https://sluice.example/api/ord/v2/"');
  dfw.on('POST /servers/*/action', empty(202, { location: `http://images.test/images/9` }));
  const image = await ask(`${front.url}/dfw/v2/700100/servers/1/action`, {
    method: 'POST',
    headers: inJson,
    body: '{"createImage":{"name":"x"}}',
  });
  expect(image.headers.location).toBe('https://sluice.example/api/dfw/v2/700100/images/9');
  dfw.off('POST /servers/*/action');
  await front.close();
});
