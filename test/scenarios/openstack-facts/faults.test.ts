import { expect, test } from 'vitest';
import { type Cloud, startCloud } from '../../support/openstack-simulator.ts';

/** How Nova 26, and what stands around it, says no; each title is one thing that was seen there. */

const imageId = async (cloud: Cloud) =>
  ((await (await cloud.compute('/images?limit=1')).json()) as { images: { id: string }[] }).images[0]!.id;

const JSON_BODY = { 'content-type': 'application/json' };

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

test('a quota is 403, what belongs to operators too, another project in the path 400', async () => {
  const cloud = await startCloud({ absoluteLimits: { maxTotalInstances: 1 } });
  const image = await imageId(cloud);
  await cloud.create('a', image);
  const refused = await cloud.create('b', image);
  expect([refused.status, await refused.json()]).toEqual([
    403,
    {
      forbidden: {
        code: 403,
        message: 'Quota exceeded for instances: Requested 1, but already used 1 of 1 instances',
      },
    },
  ]);
  expect((await cloud.compute('/flavors', { method: 'POST', body: '{}' })).status).toBe(403);
  expect((await cloud.ask('/dfw/v2.1/abcdef/flavors')).status).toBe(400);
});

test('a bad token is answered in the identity service’s shape, with its address', async () => {
  const cloud = await startCloud();
  const response = await fetch(`${cloud.url}/dfw/v2.1/flavors`, { headers: { 'x-auth-token': 'bad' } });
  expect([response.status, response.headers.get('www-authenticate')]).toEqual([
    401,
    `Keystone uri="${cloud.url}"`,
  ]);
  expect(await response.json()).toMatchObject({ error: { code: 401, title: 'Unauthorized' } });
});

test('a body beyond 112 KiB is 413 without Retry-After, and no JSON fault', async () => {
  const cloud = await startCloud();
  const body = JSON.stringify({ server: { name: 'x'.repeat(120_000) } });
  const answer = await cloud.compute('/servers', { method: 'POST', headers: JSON_BODY, body });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([413, null]);
  expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
});

test('without Glance images are 500 with a computeFault, and so is a create', async () => {
  const cloud = await startCloud();
  const image = await imageId(cloud);
  cloud.simulator.control.setConditions('DFW', { imagesDown: true, scarcity: false });
  for (const answer of [await cloud.compute('/images'), await cloud.create('a', image)])
    expect([answer.status, Object.keys((await answer.json()) as object)]).toEqual([500, ['computeFault']]);
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
