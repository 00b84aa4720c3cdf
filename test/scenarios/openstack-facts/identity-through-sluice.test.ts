import { expect, test } from 'vitest';
import { keysMode, testClient } from '../../support/clients.ts';
import { startCloud, startFront } from '../../support/openstack-simulator.ts';

/** What Sluice makes of a Keystone 22 for its callers. */

const JSON_BODY = { 'content-type': 'application/json' };

interface Access {
  token: { id: string };
  serviceCatalog: { type: string; endpoints: { region: string; publicURL: string }[] }[];
}

test.each([
  ['a password', { passwordCredentials: { username: 'mara', password: 'x' } }],
  ['an API key', { 'RAX-KSKEY:apiKeyCredentials': { username: 'mara', apiKey: 'x' } }],
])('a v2.0 login with %s is served before a Keystone that has v3 alone', async (_what, auth) => {
  const cloud = await startCloud();
  const { ask, gateway } = await startFront(cloud);
  const login = await ask('/v2.0/tokens', {
    method: 'POST',
    headers: JSON_BODY,
    body: JSON.stringify({ auth }),
  });
  expect(login.status).toBe(200);
  const { token, serviceCatalog } = login.json<{ access: Access }>().access;
  const compute = serviceCatalog.find(({ type }) => type === 'compute')!;
  expect(compute.endpoints.map(({ publicURL }) => publicURL).sort()).toEqual(
    ['dfw', 'ord'].map((region) => `${gateway.url}/${region}/v2.1/${cloud.project}`),
  );
  for (const { publicURL } of compute.endpoints) {
    const path = `${publicURL.slice(gateway.url.length)}/flavors`;
    expect((await ask(path, { headers: { 'x-auth-token': token.id } })).status).toBe(200);
  }
  expect(cloud.seen().filter(({ incoming }) => incoming.path.startsWith('/v2.0'))).toEqual([]);
});

test('Keystone gets logins with a Content-Length; callers may send theirs in chunks', async () => {
  const cloud = await startCloud();
  const { ask } = await startFront(cloud);
  const logins = cloud.seen().filter(({ incoming }) => incoming.method === 'POST');
  expect(logins.map(({ incoming }) => [incoming.path, incoming.body.kind])).toEqual([
    ['/v3/auth/tokens', 'bytes'],
  ]);
  const chunked = { method: 'POST', headers: JSON_BODY, chunked: true };
  const old = JSON.stringify({ auth: { passwordCredentials: { username: 'mara', password: 'x' } } });
  expect((await ask('/v2.0/tokens', { ...chunked, body: old })).status).toBe(200);
  const newer = JSON.stringify({ auth: { identity: cloud.identity } });
  expect((await ask('/v3/auth/tokens', { ...chunked, body: newer })).status).toBe(201);
});

test.each([
  ['project', (project: string) => `/v2.1/${project}/flavors`],
  ['plain', () => '/v2.1/flavors'],
] as const)(
  'the public endpoint of each region is found in any order, its path as the catalog has it: %s',
  async (computeUrl, path) => {
    const cloud = await startCloud({ keystone: { computeUrl } });
    const { ask } = await startFront(cloud);
    for (const region of ['DFW', 'ORD']) {
      const asked = `/${region.toLowerCase()}${path(cloud.project)}`;
      expect((await ask(asked)).status).toBe(200);
      expect(cloud.arrived(region).at(-1)!.incoming.path).toBe(asked);
    }
  },
);

test('neither the 401 of Keystone nor that of Nova tells callers where Keystone is', async () => {
  const cloud = await startCloud();
  const { ask, compute } = await startFront(cloud, keysMode([testClient('billing')], { passThrough: true }));
  for (const answer of [
    await compute('/servers', { headers: { 'x-auth-token': 'bad' } }),
    await compute('/servers'),
    await ask('/v3/auth/tokens', {
      method: 'POST',
      headers: JSON_BODY,
      body: JSON.stringify({ auth: { identity: cloud.identity } }).replace('demo-password', 'wrong'),
    }),
  ]) {
    expect(answer.status).toBe(401);
    expect(JSON.stringify(answer.headers) + answer.text).not.toContain(cloud.url);
    expect(answer.headers['www-authenticate']).toMatch(
      /^(?:Bearer realm="sluice"|Keystone uri="http:\/\/127\.0\.0\.1:\d+\/v3")/,
    );
  }
});

test('a login of the account that is refused is told in one line, however long Keystone’s reasons are', async () => {
  const cloud = await startCloud();
  const front = await startFront(
    cloud,
    {
      accounts: [
        { name: 'main', identity: { url: `${cloud.url}/v3`, username: 'demo', password: 'wrong-password' } },
      ],
    },
    { untilReady: false },
  );
  const answer = await front.compute('/flavors');
  expect([answer.status, Object.keys(answer.json())]).toEqual([503, ['serviceUnavailable']]);
  expect(answer.text.length).toBeLessThan(1000);
  expect(answer.headers['www-authenticate']).toBeUndefined();
});
