import { expect, test } from 'vitest';
import { ask } from '../../support/ask.ts';
import { type Cloud, startCloud } from '../../support/openstack-simulator.ts';

/** How Nova 26, and what stands around it, says no; each title is one thing that was seen there. */

const imageId = async (cloud: Cloud) =>
  ((await (await cloud.compute('/images?limit=1')).json()) as { images: { id: string }[] }).images[0]!.id;

test('what is no route is a page, and its JSON has the code as a text; methods are never 405', async () => {
  const cloud = await startCloud();
  const answered = async (path: string, init: RequestInit = {}) => {
    const response = await cloud.compute(path, init);
    return [response.status, response.headers.get('content-type')];
  };
  expect(await answered('/nope')).toEqual([404, 'text/html; charset=UTF-8']);
  expect(await answered('/flavors', { method: 'PUT' })).toEqual([404, 'text/html; charset=UTF-8']);
  expect(await answered('/flavors', { method: 'HEAD' })).toEqual([404, 'text/html; charset=UTF-8']);
  expect(await answered('/flavors/')).toEqual([404, 'text/html; charset=UTF-8']);
  expect(await answered('/flavors', { method: 'OPTIONS' })).toEqual([200, null]);
  const json = await cloud.compute('/nope', { headers: { accept: 'application/json' } });
  expect(await json.json()).toMatchObject({ code: '404 Not Found', title: 'Not Found' });
});

const create = async (cloud: Cloud, more: object = {}) => cloud.create('web', await imageId(cloud), more);

const message = (text: string) => ({ code: expect.any(Number), message: text });

test.each<[number, string, (cloud: Cloud, server: string) => Promise<Response>]>([
  [400, 'badRequest', (cloud) => cloud.compute('/servers?limit=abc')],
  [403, 'forbidden', (cloud) => cloud.compute('/flavors', { method: 'POST', body: '{}' })],
  [404, 'itemNotFound', (cloud) => cloud.compute('/flavors/none')],
  [409, 'conflictingRequest', (cloud, server) => act(cloud, server, { reboot: { type: 'SOFT' } })],
  [415, 'badMediaType', (cloud) => post(cloud, '/servers', '<a/>', 'application/xml')],
  [
    501,
    'notImplemented',
    (cloud, server) => act(cloud, server, { 'os-getRDPConsole': { type: 'rdp-html5' } }),
  ],
  [406, 'computeFault', (cloud) => cloud.compute('/flavors', microversion('2.99'))],
  [410, 'computeFault', (cloud, server) => cloud.compute(`/servers/${server}/os-virtual-interfaces`)],
  [
    500,
    'computeFault',
    (cloud) => {
      cloud.simulator.control.setConditions('DFW', { databaseDown: true });
      return cloud.compute('/servers');
    },
  ],
  [
    503,
    'computeFault',
    async (cloud) => {
      cloud.simulator.control.setConditions('DFW', { scarcity: true });
      return create(cloud);
    },
  ],
])('a %i of Nova is a %s with its code and a message', async (code, name, provoke) => {
  const cloud = await startCloud();
  const { server } = (await (await create(cloud)).json()) as { server: { id: string } };
  const answer = await provoke(cloud, server.id);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    code,
    'application/json; charset=UTF-8',
  ]);
  expect(await answer.json()).toEqual({ [name]: { code, message: expect.stringMatching(/\S/) } });
});

const microversion = (version: string) => ({ headers: { 'openstack-api-version': `compute ${version}` } });

const post = (cloud: Cloud, path: string, body: string, type = 'application/json') =>
  cloud.compute(path, { method: 'POST', headers: { 'content-type': type }, body });

const act = (cloud: Cloud, id: string, body: object) =>
  post(cloud, `/servers/${id}/action`, JSON.stringify(body));

test.each([
  ['404 Not Found', (cloud: Cloud, headers: Headers) => cloud.compute('/nope', { headers })],
  [
    '413 Request Entity Too Large',
    (cloud: Cloud, headers: Headers) =>
      cloud.compute('/servers', { method: 'POST', headers, body: 'x'.repeat(120_000) }),
  ],
  [
    '503 Service Unavailable',
    (cloud: Cloud, headers: Headers) => {
      cloud.simulator.control.setIdentityDown(true);
      return cloud.ask('/ord/v2.1/flavors', { headers });
    },
  ],
] as const)('%s is a page, in the form that Accept asks for', async (code, provoke) => {
  const cloud = await startCloud();
  await cloud.compute('/flavors');
  const answered = async (accept: string) => {
    const answer = await provoke(cloud, { accept });
    const [type] = answer.headers.get('content-type')!.split(';');
    return [String(answer.status), type, await answer.text()] as const;
  };
  const status = code.slice(0, 3);
  expect(await answered('*/*')).toEqual([status, 'text/html', expect.stringContaining(`<h1>${code}</h1>`)]);
  const [, type, text] = await answered('application/json');
  expect([type, JSON.parse(text)]).toEqual([
    'application/json',
    { code, title: code.slice(4), message: expect.stringMatching(/<br \/><br \/>\n\n\n$/) },
  ]);
  expect(await answered('application/xml')).toEqual([status, 'text/plain', expect.stringContaining(code)]);
});

type Headers = Record<string, string>;

test('no token, a bad one, one that has expired and one that was revoked are one 401, with Keystone’s own address', async () => {
  const cloud = await startCloud({ tokens: { lifetimeSeconds: 3600 } });
  const [expired, revoked] = [await cloud.token(), await cloud.token()];
  cloud.clock.tick(3_600_000);
  const later = await cloud.token();
  const revoking = { 'x-auth-token': later, 'x-subject-token': later };
  await ask(`${cloud.url}/v3/auth/tokens`, { method: 'DELETE', headers: revoking });
  for (const token of ['', 'bad', expired, revoked, later]) {
    const answer = await ask(`${cloud.url}/dfw/v2.1/flavors`, { headers: { 'x-auth-token': token } });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, `Keystone uri="${cloud.url}"`]);
    expect(answer.json()).toEqual({
      error: {
        code: 401,
        title: 'Unauthorized',
        message: 'The request you have made requires authentication.',
      },
    });
  }
});

test('a token that was revoked is good for 300 s where it has been seen, and nowhere else; expiry is seen at once', async () => {
  const cloud = await startCloud({ tokens: { lifetimeSeconds: 3_600 } });
  const statusesOf = async (token: string) => {
    const statuses = [];
    for (const region of ['dfw', 'ord']) {
      const asked = await ask(`${cloud.url}/${region}/v2.1/flavors`, { headers: { 'x-auth-token': token } });
      statuses.push(asked.status);
    }
    return statuses;
  };
  const token = await cloud.token();
  await ask(`${cloud.url}/dfw/v2.1/flavors`, { headers: { 'x-auth-token': token } });
  const revoked = await ask(`${cloud.url}/v3/auth/tokens`, {
    method: 'DELETE',
    headers: { 'x-auth-token': token, 'x-subject-token': token },
  });
  expect(revoked.status).toBe(204);
  expect(await statusesOf(token)).toEqual([200, 401]);
  cloud.clock.tick(300_000);
  expect(await statusesOf(token)).toEqual([401, 401]);
  const other = await cloud.token();
  cloud.clock.tick(3_599_000);
  expect(await statusesOf(other)).toEqual([200, 200]);
  cloud.clock.tick(1_000);
  expect(await statusesOf(other)).toEqual([401, 401]);
});

test('while Keystone is down, tokens that Nova has seen work, and others are 503 with a page that says so', async () => {
  const cloud = await startCloud();
  const unseen = await cloud.token();
  expect((await cloud.compute('/flavors')).status).toBe(200);
  cloud.simulator.control.setIdentityDown(true);
  expect((await cloud.compute('/flavors')).status).toBe(200);
  const other = await cloud.ask('/dfw/v2.1/flavors', { headers: { 'x-auth-token': unseen } });
  expect([other.status, other.headers.get('content-type')]).toEqual([503, 'text/html; charset=UTF-8']);
  expect(await other.text()).toContain('The Keystone service is temporarily unavailable');
});

test('while Keystone is down, images are 403 where Nova has seen the token and Glance has not', async () => {
  const cloud = await startCloud();
  await cloud.compute('/flavors');
  cloud.simulator.control.setIdentityDown(true);
  const refused = await cloud.compute('/images');
  expect([refused.status, await refused.json()]).toMatchObject([403, { forbidden: { code: 403 } }]);
});

test('without Glance images and creates are 500 with a computeFault that names GlanceConnectionFailed', async () => {
  const cloud = await startCloud();
  const image = await imageId(cloud);
  cloud.simulator.control.setConditions('DFW', { imagesDown: true });
  for (const answer of [await cloud.compute('/images'), await cloud.create('a', image)])
    expect([answer.status, await answer.json()]).toEqual([
      500,
      { computeFault: { code: 500, message: expect.stringContaining('GlanceConnectionFailed') } },
    ]);
  expect((await cloud.compute('/flavors')).status).toBe(200);
});

test('without its database Nova is 500 with a computeFault that names DBConnectionError, its versions are there', async () => {
  const cloud = await startCloud();
  cloud.simulator.control.setConditions('DFW', { databaseDown: true });
  for (const path of ['/servers', '/flavors', '/limits', '/os-keypairs']) {
    const answer = await cloud.compute(path);
    expect([answer.status, await answer.json()]).toEqual([
      500,
      { computeFault: { code: 500, message: expect.stringContaining('DBConnectionError') } },
    ]);
  }
  expect((await cloud.compute('/')).status).toBe(200);
  cloud.simulator.control.setConditions('DFW', { databaseDown: false });
  expect((await cloud.compute('/servers')).status).toBe(200);
});

test('a body of 114688 bytes is read, a longer one is 413 without Retry-After, as a page', async () => {
  const cloud = await startCloud();
  const body = (bytes: number) => `{"server":{"name":"${'x'.repeat(bytes - 22)}"}}`;
  const read = await post(cloud, '/servers', body(114_688));
  expect([read.status, Object.keys((await read.json()) as object)]).toEqual([400, ['badRequest']]);
  for (const bytes of [114_689, 120_000]) {
    const answer = await post(cloud, '/servers', body(bytes));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([413, null]);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
  }
});

test('nothing is refused for its rate, at Nova or Keystone, however much comes', async () => {
  const cloud = await startCloud();
  const statuses = new Set<number>();
  for (let round = 0; round < 15; round++) {
    const burst = Array.from({ length: 20 }, (_, at) =>
      at % 4 === 0 ? cloud.login() : cloud.compute('/limits'),
    );
    for (const { status } of await Promise.all(burst)) statuses.add(status);
  }
  expect([...statuses].sort()).toEqual([200, 201]);
});

test.each(['v2', 'v2.1'])(
  'a quota that is exceeded is 403 with what was asked for, used and there: /%s',
  async (version) => {
    const cloud = await startCloud();
    const image = await imageId(cloud);
    const ask101 = () =>
      cloud.ask(`/dfw/${version}/${cloud.project}/servers`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ server: { name: 'a', imageRef: image, flavorRef: '2', min_count: 101 } }),
      });
    await cloud.create('a', image);
    const refused = await ask101();
    expect([refused.status, await refused.json()]).toEqual([
      403,
      {
        forbidden: message(
          'Quota exceeded for instances: Requested 101, but already used 1 of 100 instances',
        ),
      },
    ]);
  },
);

test('quotas are a project’s own, and all that are exceeded are named', async () => {
  const cloud = await startCloud({
    absoluteLimitsPerAccount: {
      '5e1f0c2a9b7d4e6f8a1b2c3d4e5f6071': { maxTotalCores: 1, maxTotalRAMSize: 1024 },
    },
  });
  const refused = await create(cloud, { min_count: 3 });
  expect([refused.status, await refused.json()]).toEqual([
    403,
    {
      forbidden: message(
        'Quota exceeded for cores, ram: Requested 3, 1536, but already used 0, 0 of 1, 1024 cores, ram',
      ),
    },
  ]);
});
