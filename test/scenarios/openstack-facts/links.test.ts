import { expect, test } from 'vitest';
import { type Cloud, startCloud } from '../../support/openstack-simulator.ts';
import { overWire } from '../../support/wire.ts';

/** Links in the answers of a Nova 26, and the headers that change them; each title is one thing that was seen there. */

const imageId = async (cloud: Cloud) =>
  ((await (await cloud.compute('/images?limit=1')).json()) as { images: { id: string }[] }).images[0]!.id;

test('links have the Host and the prefix that were used; bookmarks no version; images an alternate at Glance', async () => {
  const cloud = await startCloud();
  const own = new URL(cloud.url).host;
  const links = async (path: string, name: string) => {
    const document = (await (await cloud.ask(path)).json()) as Record<
      string,
      { links: { rel: string; href: string }[] }
    >;
    return Object.fromEntries(document[name]!.links.map(({ rel, href }) => [rel, href]));
  };
  const image = await imageId(cloud);
  const { self, bookmark, alternate } = await links(`/dfw/v2.1/${cloud.project}/images/${image}`, 'image');
  expect(self).toBe(`http://${own}/dfw/v2.1/${cloud.project}/images/${image}`);
  expect(bookmark).toBe(`http://${own}/dfw/${cloud.project}/images/${image}`);
  expect(alternate).toMatch(new RegExp(`/image/.*images/${image}$`));
  expect((await links('/dfw/v2.1/flavors/2', 'flavor'))['self']).toBe(`http://${own}/dfw/v2.1/flavors/2`);
  expect((await links(`/dfw/v2/${cloud.project}/flavors/2`, 'flavor'))['self']).toContain('/v2/');
});

test('nothing says how long it may be kept, and every answer but the versions has a request id in two headers', async () => {
  const cloud = await startCloud();
  const answer = await cloud.compute('/flavors/2', { headers: { 'if-none-match': '*' } });
  expect(answer.status).toBe(200);
  for (const name of ['etag', 'last-modified', 'cache-control', 'expires', 'content-encoding'])
    expect([name, answer.headers.get(name)]).toEqual([name, null]);
  const ids = ['x-openstack-request-id', 'x-compute-request-id'].map((name) => answer.headers.get(name));
  expect(ids).toEqual([expect.stringMatching(/^req-[0-9a-f-]{36}$/), ids[0]]);
  expect((await fetch(`${cloud.url}/dfw/`)).headers.get('x-openstack-request-id')).toBeNull();
});

interface Linked {
  links: { rel: string; href: string }[];
}

const PROXY = {
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'gw.example',
  'x-forwarded-prefix': '/gw',
  'x-forwarded-port': '8443',
};

/** The links of a flavor, by rel. */
async function flavorLinks(cloud: Cloud, region: string, headers: Record<string, string>) {
  const { flavor } = (await (
    await cloud.ask(`/${region}/v2/${cloud.project}/flavors/2`, { headers })
  ).json()) as {
    flavor: Linked;
  };
  return Object.fromEntries(flavor.links.map(({ rel, href }) => [rel, href]));
}

test('links have whatever Host was sent', async () => {
  const cloud = await startCloud();
  const { text } = await overWire(
    cloud.url,
    `GET /ord/v2.1/flavors/2 HTTP/1.1\r\nhost: elsewhere.example:8774\r\nx-auth-token: ${await cloud.token()}\r\n\r\n`,
  );
  expect(text).toContain('"http://elsewhere.example:8774/ord/v2.1/flavors/2"');
  expect(text).toContain('"http://elsewhere.example:8774/ord/flavors/2"');
});

test('a page’s next link keeps limit and has the marker', async () => {
  const cloud = await startCloud();
  const document = await (await cloud.compute('/flavors?limit=2')).json();
  expect(document).toMatchObject({
    flavors_links: [{ rel: 'next', href: `${cloud.url}/dfw/v2.1/${cloud.project}/flavors?limit=2&marker=3` }],
  });
});

test('Location of a create and a rebuild is a link like others, that of a snapshot leads to Glance', async () => {
  const cloud = await startCloud();
  const image = await imageId(cloud);
  const created = await cloud.create('web', image);
  const { server } = (await created.json()) as { server: { id: string } };
  const own = `${cloud.url}/dfw/v2.1/${cloud.project}/servers/${server.id}`;
  expect(created.headers.get('location')).toBe(own);
  const act = async (body: object) => {
    cloud.simulator.control.advance(600_000);
    const answer = await cloud.compute(`/servers/${server.id}/action`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return answer.headers.get('location');
  };
  expect(await act({ rebuild: { imageRef: image } })).toBe(own);
  expect(await act({ createImage: { name: 's' } })).toMatch(
    new RegExp(`^${cloud.url}/image/dfw/images/[0-9a-f-]{36}$`),
  );
});

test('a Nova that parses proxies’ headers takes scheme, host and prefix of its links from them, and no port', async () => {
  const cloud = await startCloud();
  expect(await flavorLinks(cloud, 'dfw', PROXY)).toEqual({
    self: `https://gw.example/gw/dfw/v2/${cloud.project}/flavors/2`,
    bookmark: `https://gw.example/gw/dfw/${cloud.project}/flavors/2`,
  });
  expect(
    await flavorLinks(cloud, 'dfw', { forwarded: 'for=192.0.2.7;proto=https;host="fw.example", proto=http' }),
  ).toMatchObject({ self: `https://fw.example/dfw/v2/${cloud.project}/flavors/2` });
  expect(await flavorLinks(cloud, 'dfw', { 'x-forwarded-port': '8443' })).toMatchObject({
    self: `${cloud.url}/dfw/v2/${cloud.project}/flavors/2`,
  });
});

test('one that does not takes X-Forwarded-Proto: https from them all the same, behind uwsgi', async () => {
  const cloud = await startCloud();
  const https = cloud.url.replace('http:', 'https:');
  expect(await flavorLinks(cloud, 'ord', PROXY)).toEqual({
    self: `${https}/ord/v2/${cloud.project}/flavors/2`,
    bookmark: `${https}/ord/${cloud.project}/flavors/2`,
  });
  expect(
    await flavorLinks(cloud, 'ord', {
      forwarded: 'proto=https;host=fw.example',
      'x-forwarded-proto': 'http',
    }),
  ).toMatchObject({ self: `${cloud.url}/ord/v2/${cloud.project}/flavors/2` });
});

test('no proxy’s header moves Glance, and configured prefixes move everything', async () => {
  const cloud = await startCloud();
  const hrefs = async (at: Cloud, headers: Record<string, string>) => {
    const answer = await at.ask('/dfw/v2.1/images?limit=1', { headers });
    const { images } = (await answer.json()) as { images: Linked[] };
    return images[0]!.links.map(({ href }) => href);
  };
  expect((await hrefs(cloud, PROXY))[2]).toMatch(`${cloud.url}/image/dfw/images/`);
  const prefixed = await startCloud({
    linkPrefixes: { compute: 'https://nova.example/c', image: 'https://glance.example/' },
  });
  expect(await hrefs(prefixed, {})).toEqual([
    expect.stringMatching('^https://nova.example/c/dfw/v2.1/images/'),
    expect.stringMatching('^https://nova.example/c/dfw/images/'),
    expect.stringMatching('^https://glance.example/image/dfw/images/'),
  ]);
});

test('eventlet writes the names of fields in its own case, uwsgi leaves them', async () => {
  const cloud = await startCloud();
  const names = async (region: string, token: string) => {
    const { text } = await overWire(
      cloud.url,
      `GET /${region}/v2.1/flavors/2 HTTP/1.1\r\nhost: x\r\nx-auth-token: ${token}\r\nconnection: close\r\n\r\n`,
    );
    return text
      .slice(0, text.indexOf('\r\n\r\n'))
      .split('\r\n')
      .map((line) => line.split(':')[0]);
  };
  const token = await cloud.token();
  expect(await names('dfw', token)).toEqual(
    expect.arrayContaining([
      'Openstack-Api-Version',
      'X-Openstack-Nova-Api-Version',
      'X-Openstack-Request-Id',
    ]),
  );
  expect(await names('dfw', 'bad')).toContain('Www-Authenticate');
  expect(await names('ord', token)).toEqual(
    expect.arrayContaining(['OpenStack-API-Version', 'X-OpenStack-Nova-API-Version']),
  );
  expect(await names('ord', 'bad')).toContain('WWW-Authenticate');
});

test('a long answer is not compressed for a caller that would take it so', async () => {
  const cloud = await startCloud();
  const answer = await cloud.compute('/images/detail', { headers: { 'accept-encoding': 'gzip, br' } });
  expect(answer.headers.get('content-encoding')).toBeNull();
  expect((await answer.text()).length).toBeGreaterThan(2000);
});

test('refusals and pages have their request ids as well', async () => {
  const cloud = await startCloud();
  const idsOf = async (answer: Promise<Response>, status: number) => {
    const { headers, status: given } = await answer;
    const ids = ['x-openstack-request-id', 'x-compute-request-id'].map((name) => headers.get(name));
    expect([given, ...ids]).toEqual([status, expect.stringMatching(/^req-[0-9a-f-]{36}$/), ids[0]]);
  };
  await idsOf(fetch(`${cloud.url}/dfw/v2.1`), 200);
  await idsOf(fetch(`${cloud.url}/dfw/flavors`), 300);
  await idsOf(fetch(`${cloud.url}/dfw/v2.1/flavors`), 401);
  await idsOf(cloud.compute('/flavors/none'), 404);
  await idsOf(cloud.compute('/nope'), 404);
  await idsOf(cloud.compute('/flavors', { method: 'OPTIONS' }), 200);
  await idsOf(cloud.compute('/flavors', { headers: { 'openstack-api-version': 'compute 9.1' } }), 406);
  await idsOf(cloud.compute('/servers', { method: 'POST', body: 'x'.repeat(120_000) }), 413);
  cloud.simulator.control.setIdentityDown(true);
  await idsOf(fetch(`${cloud.url}/dfw/v2.1/flavors`, { headers: { 'x-auth-token': 'x' } }), 503);
});
