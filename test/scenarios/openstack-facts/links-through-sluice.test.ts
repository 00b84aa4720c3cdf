import { expect, test } from 'vitest';
import { ask as askPlainly } from '../../support/ask.ts';
import { startCloud, startFront } from '../../support/openstack-simulator.ts';
import { scenario } from '../../support/scenario.ts';
import { json } from '../../support/stub-answers.ts';

/** Links of a Nova 26 as Sluice hands them on: all of them lead to Sluice. */

/** Every URL of the cloud in an answer, head and body. */
const strays = ({ headers, text }: { headers: object; text: string }, cloudUrl: string) =>
  (JSON.stringify(headers) + text).split(new URL(cloudUrl).host).length - 1;

const PROXY = {
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-prefix': '/evil',
  'x-forwarded-port': '8443',
  forwarded: 'proto=https;host=evil.example',
};

test.each(['dfw', 'ord'])(
  'self, bookmark, alternate and next of %s lead to Sluice, project in the path or not',
  async (region) => {
    const cloud = await startCloud();
    const { ask, gateway } = await startFront(cloud);
    for (const base of [
      `/${region}/v2.1/${cloud.project}`,
      `/${region}/v2.1`,
      `/${region}/v2/${cloud.project}`,
    ])
      for (const path of [
        '/flavors?limit=2',
        '/flavors/detail?limit=2',
        '/images?limit=1',
        '/images/detail?limit=1',
      ]) {
        const answer = await ask(base + path);
        expect([path, answer.status, strays(answer, cloud.url)]).toEqual([path, 200, 0]);
        const [, next = ''] = /_links":\[\{"rel":"next","href":"([^"]*)"/.exec(answer.text) ?? [];
        expect(next).toMatch(/limit=\d&marker=/);
        expect((await ask(next.slice(gateway.url.length))).status).toBe(200);
      }
  },
);

test('Location of a create, a rebuild and a snapshot leads to Sluice, and what it names is there', async () => {
  const cloud = await startCloud();
  const { ask, compute, gateway } = await startFront(cloud);
  const post = (path: string, body: object) =>
    compute(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const { images } = (await compute('/images')).json<{ images: { id: string }[] }>();
  const imageRef = images[0]!.id;
  const created = await post('/servers', { server: { name: 'a', imageRef, flavorRef: '2' } });
  const { server } = created.json<{ server: { id: string } }>();
  cloud.simulator.control.advance(600_000);
  const rebuilt = await post(`/servers/${server.id}/action`, { rebuild: { imageRef } });
  cloud.simulator.control.advance(600_000);
  const taken = await post(`/servers/${server.id}/action`, { createImage: { name: 's' } });
  for (const answer of [created, rebuilt, taken]) {
    expect([answer.status, strays(answer, cloud.url)]).toEqual([202, 0]);
    const location = String(answer.headers['location']);
    expect(location.startsWith(`${gateway.url}/dfw/`)).toBe(true);
    expect((await ask(location.slice(gateway.url.length))).status).toBe(200);
  }
});

test.each(['dfw', 'ord'])(
  'what a caller says of proxies reaches no region, and neither a link nor another caller’s answer: %s',
  async (region) => {
    const cloud = await startCloud();
    const { ask, gateway } = await startFront(cloud);
    const paths = ['/flavors/2', '/images/detail?limit=1', '/os-keypairs'];
    for (const headers of [PROXY, {}])
      for (const path of paths) {
        const answer = await ask(`/${region}/v2.1/${cloud.project}${path}`, { headers });
        expect(answer.status).toBe(200);
        expect(answer.text).not.toMatch(/evil|https:|8443/);
        if (path !== '/os-keypairs') expect(answer.text).toContain(gateway.url);
      }
    const seen = cloud.arrived(region.toUpperCase()).flatMap(({ incoming }) => Object.keys(incoming.headers));
    expect(seen.filter((name) => name.includes('forwarded'))).toEqual([]);
  },
);

test('an answer that says nothing of caching is cached, and has a tag of Sluice’s own', async () => {
  const cloud = await startCloud();
  const { compute } = await startFront(cloud);
  const first = await compute('/flavors');
  expect([first.headers['x-cache'], first.headers['etag']]).toEqual(['MISS', expect.stringMatching(/^"/)]);
  const again = await compute('/flavors', { headers: { 'if-none-match': String(first.headers['etag']) } });
  expect([again.status, again.headers['x-cache']]).toEqual([304, 'HIT']);
  expect(cloud.arrived('DFW').at(-1)!.incoming.headers['if-none-match']).toBeUndefined();
});

test('headers that eventlet has spelled in its own case are known', async () => {
  const cloud = await startCloud();
  const { compute } = await startFront(cloud);
  const { headers } = await compute('/flavors/2', { headers: { 'openstack-api-version': 'compute 2.61' } });
  expect(headers).toMatchObject({ 'openstack-api-version': 'compute 2.61' });
});

const links = (origin: string, prefix = '') =>
  json({
    flavor: {
      id: '7',
      links: [
        { rel: 'self', href: `${origin}${prefix}/v2/700100/flavors/7` },
        { rel: 'bookmark', href: `${origin}${prefix}/700100/flavors/7` },
      ],
    },
  });

const { it, dfw, gateway } = scenario('test', {});

it('links with the other scheme than the catalog’s lead to Sluice as well', async () => {
  dfw.on('GET /flavors/7', (exchange) => links(exchange.request.origin.replace('http:', 'https:'))(exchange));
  const answer = await askPlainly(`${gateway.url}/dfw/v2/700100/flavors/7`);
  expect(
    answer.json<{ flavor: { links: { href: string }[] } }>().flavor.links.map(({ href }) => href),
  ).toEqual([`${gateway.url}/dfw/v2/700100/flavors/7`, `${gateway.url}/dfw/700100/flavors/7`]);
});

const glance = {
  name: 'glance',
  type: 'image',
  endpoints: [{ region: 'DFW', publicURL: 'http://127.0.0.1:9292' }],
};
const withGlance = scenario('test', { services: [glance] });

withGlance.it('an image’s alternate leads to Glance below Sluice, with a doubled slash as well', async () => {
  for (const href of ['http://127.0.0.1:9292/images/7', 'http://127.0.0.1:9292//images/7']) {
    withGlance.dfw.on('GET /images/7', json({ image: { id: '7', links: [{ rel: 'alternate', href }] } }));
    const answer = await askPlainly(`${withGlance.gateway.url}/dfw/v2/700100/images/7?${href.length}`);
    expect([answer.status, answer.text]).toEqual([
      200,
      expect.stringContaining(`${withGlance.gateway.url}/dfw/`),
    ]);
    expect(answer.text).not.toContain(':9292');
  }
});
