import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { type Cloud, startCloud } from '../support/openstack-simulator.ts';

/** What else a Keystone 22 and a Nova 26 answer on the wire, beside the course of things; each title is what was seen there. */

const JSON_BODY = { 'content-type': 'application/json' };

const imageId = async (cloud: Cloud) =>
  ((await (await cloud.compute('/images?limit=1')).json()) as { images: { id: string }[] }).images[0]!.id;

async function activeServer(cloud: Cloud): Promise<string> {
  const { server } = (await (await cloud.create('web', await imageId(cloud))).json()) as {
    server: { id: string };
  };
  cloud.simulator.control.advance(60_000);
  return server.id;
}

const act = (cloud: Cloud, id: string, body: object) =>
  cloud.compute(`/servers/${id}/action`, { method: 'POST', headers: JSON_BODY, body: JSON.stringify(body) });

test('?nocatalog leaves the catalog out of a login, and /v3/auth/catalog and /v3/auth/projects tell of it later', async () => {
  const cloud = await startCloud();
  const login = await fetch(`${cloud.url}/v3/auth/tokens?nocatalog`, {
    method: 'POST',
    headers: JSON_BODY,
    body: JSON.stringify({ auth: { identity: cloud.identity } }),
  });
  const { token } = (await login.json()) as { token: object };
  expect([login.status, 'catalog' in token, 'project' in token]).toEqual([201, false, true]);
  const catalog = (await (await cloud.ask('/v3/auth/catalog')).json()) as { catalog: { type: string }[] };
  expect(catalog.catalog.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['compute', 'image', 'network', 'identity']),
  );
  const projects = (await (await cloud.ask('/v3/auth/projects')).json()) as { projects: { name: string }[] };
  expect(projects.projects.map(({ name }) => name)).toContain('demo');
});

test('a login that is malformed, XML or chunked is 400 in Keystone’s shape', async () => {
  const { url } = await startCloud();
  const refused = async (headers: Record<string, string>, body: string) => {
    const answer = await fetch(`${url}/v3/auth/tokens`, { method: 'POST', headers, body });
    return [answer.status, await answer.json()];
  };
  const shape = { error: { code: 400, title: 'Bad Request', message: expect.any(String) } };
  expect(await refused(JSON_BODY, '{"auth":{}}')).toEqual([400, shape]);
  expect(await refused(JSON_BODY, '{"auth":')).toEqual([400, shape]);
  expect(await refused({ 'content-type': 'application/xml' }, '<auth/>')).toEqual([400, shape]);
  const chunked = await new Promise<string>((resolve, reject) => {
    const request = httpRequest(`${url}/v3/auth/tokens`, { method: 'POST', headers: JSON_BODY }, (answer) => {
      let text = `${answer.statusCode} `;
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () => resolve(text));
    });
    request.on('error', reject);
    request.write('{"auth":');
    request.end('{}}');
  });
  expect(chunked).toMatch(/^400 .*Expecting to find auth in request body/);
});

test('below a version there is a document: for the project with a token and a slash, else not found', async () => {
  const cloud = await startCloud();
  const version = await (await fetch(`${cloud.url}/dfw/v2`)).json();
  expect(version).toMatchObject({
    version: {
      id: 'v2.0',
      links: [{ rel: 'self' }, { rel: 'describedby', type: 'text/html' }],
      'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.compute+json;version=2' }],
    },
  });
  expect((await cloud.compute('/')).status).toBe(200);
  expect((await cloud.compute('')).status).toBe(404);
  expect((await fetch(`${cloud.url}/dfw/v2.1/${cloud.project}/`)).status).toBe(401);
});

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

test('a body without a type is JSON; slashes may be doubled before a path; an image is a UUID, a flavor may be a link', async () => {
  const cloud = await startCloud();
  const image = await imageId(cloud);
  const create = async (server: object, headers: Record<string, string>) => {
    const body = Buffer.from(JSON.stringify({ server: { name: 'a', ...server } }));
    return (await cloud.compute('/servers', { method: 'POST', headers, body })).status;
  };
  expect(await create({ imageRef: image, flavorRef: '2' }, {})).toBe(202);
  const flavor = `${cloud.url}/dfw/v2.1/flavors/2`;
  expect(await create({ imageRef: image, flavorRef: flavor }, JSON_BODY)).toBe(202);
  const link = `${cloud.url}/dfw/v2.1/images/${image}`;
  expect(await create({ imageRef: link, flavorRef: '2' }, JSON_BODY)).toBe(400);
  expect((await cloud.ask(`/dfw/v2.1/${cloud.project}//flavors`)).status).toBe(200);
});

test('a body beyond 112 KiB is 413 without Retry-After, and no JSON fault', async () => {
  const cloud = await startCloud();
  const body = JSON.stringify({ server: { name: 'x'.repeat(120_000) } });
  const answer = await cloud.compute('/servers', { method: 'POST', headers: JSON_BODY, body });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([413, null]);
  expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
});

test('limits have no rates, and absolutes with -1 for what is not limited', async () => {
  const cloud = await startCloud();
  const { limits } = (await (await cloud.compute('/limits')).json()) as {
    limits: { rate: unknown[]; absolute: Record<string, number> };
  };
  expect(limits.rate).toEqual([]);
  expect(limits.absolute).toMatchObject({
    maxTotalInstances: expect.any(Number),
    maxServerMeta: 128,
    maxImageMeta: 128,
    maxPersonality: 5,
    maxPersonalitySize: 10240,
    maxTotalKeypairs: 100,
    maxServerGroups: 10,
    maxTotalFloatingIps: -1,
    maxSecurityGroups: -1,
    totalInstancesUsed: 0,
    totalServerGroupsUsed: 0,
  });
});

test('an action is 202 with an empty body that calls itself JSON; confirmResize 204; rebuild has a body; a snapshot is a page', async () => {
  const cloud = await startCloud();
  const id = await activeServer(cloud);
  const told = async (body: object) => {
    const answer = await act(cloud, id, body);
    const type = answer.headers.get('content-type')?.split(';')[0];
    return [answer.status, type, (await answer.text()) === ''];
  };
  expect(await told({ reboot: { type: 'SOFT' } })).toEqual([202, 'application/json', true]);
  cloud.simulator.control.advance(60_000);
  expect(await told({ resize: { flavorRef: '3' } })).toEqual([202, 'application/json', true]);
  cloud.simulator.control.advance(600_000);
  expect((await told({ confirmResize: null }))[0]).toBe(204);
  cloud.simulator.control.advance(60_000);
  expect(await told({ rebuild: { imageRef: await imageId(cloud) } })).toEqual([
    202,
    'application/json',
    false,
  ]);
  cloud.simulator.control.advance(600_000);
  expect(await told({ createImage: { name: 's' } })).toEqual([202, 'text/html', true]);
});

test('changes-since shows what was deleted', async () => {
  const cloud = await startCloud();
  const since = new Date(cloud.clock.now()).toISOString();
  const id = await activeServer(cloud);
  await cloud.compute(`/servers/${id}`, { method: 'DELETE' });
  cloud.simulator.control.advance(10_000);
  const { servers } = (await (
    await cloud.compute(`/servers/detail?changes-since=${encodeURIComponent(since)}`)
  ).json()) as { servers: { id: string; status: string }[] };
  expect(servers).toMatchObject([{ id, status: 'DELETED' }]);
});

test('volumes of a server are an empty list, of none 404; virtual interfaces are 410, and os-networksv2 is no route', async () => {
  const cloud = await startCloud();
  const id = await activeServer(cloud);
  const volumes = await cloud.compute(`/servers/${id}/os-volume_attachments`);
  expect([volumes.status, await volumes.json()]).toEqual([200, { volumeAttachments: [] }]);
  const none = await cloud.compute('/servers/00000000-0000-4000-8000-000000000000/os-volume_attachments');
  expect([none.status, Object.keys((await none.json()) as object)]).toEqual([404, ['itemNotFound']]);
  const gone = await cloud.compute(`/servers/${id}/os-virtual-interfaces`);
  expect([gone.status, await gone.json()]).toMatchObject([410, { computeFault: { code: 410 } }]);
  const networks = await cloud.compute('/os-networksv2');
  expect([networks.status, networks.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
});

test('limit=abc and an unknown marker are 400, limit=0 is an empty list; flavors’ ids are texts, no swap is ""', async () => {
  const cloud = await startCloud();
  expect((await cloud.compute('/servers?limit=abc')).status).toBe(400);
  expect((await cloud.compute('/servers?marker=00000000-0000-4000-8000-000000000000')).status).toBe(400);
  expect(await (await cloud.compute('/flavors?limit=0')).json()).toMatchObject({ flavors: [] });
  const { flavors } = (await (await cloud.compute('/flavors/detail')).json()) as {
    flavors: { id: unknown; swap: unknown }[];
  };
  for (const { id, swap } of flavors) {
    expect(id).toBeTypeOf('string');
    expect(swap === '' || (typeof swap === 'number' && swap > 0)).toBe(true);
  }
});

test('without Glance images are 500 with a computeFault, and so is a create', async () => {
  const cloud = await startCloud();
  const image = await imageId(cloud);
  cloud.simulator.control.setConditions('DFW', { imagesDown: true, scarcity: false });
  for (const answer of [await cloud.compute('/images'), await cloud.create('a', image)])
    expect([answer.status, Object.keys((await answer.json()) as object)]).toEqual([500, ['computeFault']]);
});

test('ORD ends every answer with its connection, without a length or a word about it', async () => {
  const cloud = await startCloud();
  const [token, { port }] = [await cloud.token(), new URL(cloud.url)];
  const exchange = async (region: string, path: string) => {
    const socket = connect(Number(port), '127.0.0.1');
    const end = once(socket, 'end').then(() => true);
    let got = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      got += text;
    });
    socket.write(`GET /${region}/v2.1${path} HTTP/1.1\r\nhost: x\r\nx-auth-token: ${token}\r\n\r\n`);
    await expect.poll(() => got).toMatch(/flavors/);
    // The one that goes on answers again on the same connection.
    if (region === 'dfw') socket.end();
    expect(await end).toBe(true);
    return got.slice(0, got.indexOf('\r\n\r\n')).toLowerCase();
  };
  const closing = await exchange('ord', '/flavors');
  expect(closing).toMatch(/^http\/1\.1 200 /);
  expect(closing).not.toMatch(/\r\n(?:content-length|transfer-encoding|connection|keep-alive):/);
  expect(await exchange('dfw', '/flavors')).toMatch(/\r\ncontent-length:/);
});

test('a token that was revoked is good for 300 s where it has been seen, and nowhere else; expiry is seen at once', async () => {
  const cloud = await startCloud({ tokens: { lifetimeSeconds: 3_600 } });
  const token = await cloud.token();
  const statusIn = async (region: string) => {
    const asked = await fetch(`${cloud.url}/${region}/v2.1/flavors`, { headers: { 'x-auth-token': token } });
    await asked.arrayBuffer();
    return asked.status;
  };
  expect(await statusIn('dfw')).toBe(200);
  const revoked = await fetch(`${cloud.url}/v3/auth/tokens`, {
    method: 'DELETE',
    headers: { 'x-auth-token': token, 'x-subject-token': token },
  });
  expect(revoked.status).toBe(204);
  expect([await statusIn('dfw'), await statusIn('ord')]).toEqual([200, 401]);
  cloud.clock.tick(300_000);
  expect(await statusIn('dfw')).toBe(401);
});
