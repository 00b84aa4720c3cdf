import { expect, test } from 'vitest';
import { ask } from '../../support/ask.ts';
import { type Cloud, startCloud } from '../../support/openstack-simulator.ts';
import { overWire } from '../../support/wire.ts';

/** /v2 against /v2.1 of a Nova 26, which are the same code; each title is one thing that was seen there. */

const imageId = async (cloud: Cloud) =>
  ((await (await cloud.compute('/images?limit=1')).json()) as { images: { id: string }[] }).images[0]!.id;

const version = (minor: number) => ({ headers: { 'openstack-api-version': `compute 2.${minor}` } });

test('the microversion is told in two headers and two Vary lines, asked for in either, in a list too', async () => {
  const cloud = await startCloud();
  const told = async (headers: Record<string, string>) => {
    const response = await cloud.compute('/flavors/2', { headers });
    return [
      response.status,
      response.headers.get('openstack-api-version'),
      response.headers.get('x-openstack-nova-api-version'),
      response.headers.get('vary'),
    ];
  };
  const vary = 'OpenStack-API-Version, X-OpenStack-Nova-API-Version';
  expect(await told({})).toEqual([200, 'compute 2.1', '2.1', vary]);
  expect(await told({ 'openstack-api-version': 'compute latest' })).toEqual([
    200,
    'compute 2.93',
    '2.93',
    vary,
  ]);
  expect(await told({ 'x-openstack-nova-api-version': '2.60' })).toEqual([200, 'compute 2.60', '2.60', vary]);
  expect(await told({ 'openstack-api-version': 'identity 3.1, compute 2.61' })).toEqual([
    200,
    'compute 2.61',
    '2.61',
    vary,
  ]);
  expect(await told({ 'openstack-api-version': 'volume 3.4' })).toEqual([200, 'compute 2.1', '2.1', vary]);
  expect(await told({ 'openstack-api-version': 'compute 2.99' })).toEqual([
    406,
    'compute 2.99',
    '2.99',
    vary,
  ]);
  expect(await told({ 'openstack-api-version': 'compute abc' })).toEqual([400, null, null, null]);
});

test('/v2 knows no microversions and tolerates members that /v2.1 refuses', async () => {
  const cloud = await startCloud();
  const old = await cloud.ask(`/dfw/v2/${cloud.project}/flavors/2`, version(61));
  expect([old.headers.get('openstack-api-version'), old.headers.get('vary')]).toEqual([null, null]);
  expect(((await old.json()) as { flavor: object }).flavor).not.toHaveProperty('extra_specs');
  const body = JSON.stringify({
    server: { name: 'a', flavorRef: '2', imageRef: await imageId(cloud), stray: 1 },
  });
  const json = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
  expect((await cloud.ask(`/dfw/v2/${cloud.project}/servers`, json)).status).toBe(202);
  const refused = await cloud.compute('/servers', json);
  expect([refused.status, await refused.text()]).toEqual([
    400,
    expect.stringContaining('Additional properties are not allowed'),
  ]);
});

test('microversions change what is shown: flavors, limits, and images that are gone from 2.36 on', async () => {
  const cloud = await startCloud();
  const keys = async (path: string, minor: number, pick: (body: never) => object) =>
    Object.keys(pick((await (await cloud.compute(path, version(minor))).json()) as never));
  const flavor = ({ flavor }: { flavor: object }) => flavor;
  expect(await keys('/flavors/2', 54, flavor)).not.toContain('description');
  expect(await keys('/flavors/2', 55, flavor)).toContain('description');
  expect(await keys('/flavors/2', 61, flavor)).toContain('extra_specs');
  const absolute = ({ limits }: { limits: { absolute: object } }) => limits.absolute;
  expect(await keys('/limits', 35, absolute)).toEqual(
    expect.arrayContaining(['maxSecurityGroups', 'maxImageMeta', 'maxPersonality']),
  );
  expect(await keys('/limits', 36, absolute)).not.toContain('maxSecurityGroups');
  expect(await keys('/limits', 39, absolute)).not.toContain('maxImageMeta');
  expect(await keys('/limits', 57, absolute)).not.toContain('maxPersonality');
  expect((await cloud.compute('/images', version(35))).status).toBe(200);
  expect((await cloud.compute('/images', version(36))).status).toBe(404);
});

test('from 2.37 on a create names its networks, and from 2.45 on an image is told in the body', async () => {
  const cloud = await startCloud();
  const image = await imageId(cloud);
  expect((await cloud.create('a', image, {}, 37)).status).toBe(400);
  const created = await cloud.create('a', image, { networks: 'auto' }, 37);
  const { server } = (await created.json()) as { server: { id: string } };
  cloud.simulator.control.advance(60_000);
  const snapshot = (minor: number) =>
    cloud.compute(`/servers/${server.id}/action`, {
      method: 'POST',
      headers: { ...version(minor).headers, 'content-type': 'application/json' },
      body: '{"createImage":{"name":"s"}}',
    });
  const old = await snapshot(44);
  expect([old.status, old.headers.get('location')]).toEqual([
    202,
    expect.stringContaining('/image/dfw/images/'),
  ]);
  cloud.simulator.control.advance(60_000);
  expect(await (await snapshot(45)).json()).toEqual({ image_id: expect.any(String) });
});

test('below /v2 both headers are overlooked, right or wrong, and links lead below /v2', async () => {
  const cloud = await startCloud();
  for (const headers of [
    { 'openstack-api-version': 'compute 9.1' },
    { 'openstack-api-version': 'compute abc' },
    { 'x-openstack-nova-api-version': '2.61' },
  ] as Record<string, string>[]) {
    const answer = await cloud.ask(`/dfw/v2/${cloud.project}/flavors/2`, { headers });
    expect(answer.status).toBe(200);
    for (const name of ['openstack-api-version', 'x-openstack-nova-api-version', 'vary'])
      expect(answer.headers.get(name)).toBeNull();
    const { flavor } = (await answer.json()) as { flavor: { links: { href: string }[] } };
    expect(flavor).not.toHaveProperty('extra_specs');
    expect(flavor.links[0]!.href).toBe(`${cloud.url}/dfw/v2/${cloud.project}/flavors/2`);
  }
});

test('Vary is two lines, on errors too, but not where the token or the version is none', async () => {
  const cloud = await startCloud();
  const vary = async (path: string, headers: Record<string, string> = {}) => {
    const fields = { host: 'x', 'x-auth-token': await cloud.token(), connection: 'close', ...headers };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    const { text } = await overWire(cloud.url, `GET /ord/v2.1${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    return [text.slice(9, 12), ...(text.match(/(?<=\nvary: ).*/gi) ?? [])];
  };
  const both = ['OpenStack-API-Version', 'X-OpenStack-Nova-API-Version'];
  expect(await vary('/flavors')).toEqual(['200', ...both]);
  expect(await vary('/flavors/none')).toEqual(['404', ...both]);
  expect(await vary('/servers?limit=abc')).toEqual(['400', ...both]);
  expect(await vary('/flavors', { 'openstack-api-version': 'compute 2.99' })).toEqual(['406', ...both]);
  expect(await vary('/flavors', { 'openstack-api-version': 'compute abc' })).toEqual(['400']);
  expect(await vary('/flavors', { 'x-auth-token': 'bad' })).toEqual(['401']);
});

test('too high a version is a computeFault with its own code; from 2.90 on flavors have description and extra specs', async () => {
  const cloud = await startCloud();
  const refused = await cloud.compute('/flavors/2', version(99));
  expect([refused.status, await refused.json()]).toEqual([
    406,
    { computeFault: { code: 406, message: expect.stringContaining('2.99') } },
  ]);
  const { flavor } = (await (await cloud.compute('/flavors/2', version(90))).json()) as { flavor: object };
  expect(flavor).toMatchObject({ description: null, extra_specs: {} });
});

test('from 2.36 on no proxy of another service is there', async () => {
  const cloud = await startCloud();
  const paths = ['/images', '/images/detail', '/os-security-groups', '/os-floating-ips', '/os-networks'];
  for (const path of paths) {
    const statuses = [35, 36].map(async (minor) => (await cloud.compute(path, version(minor))).status);
    expect([path, ...(await Promise.all(statuses))]).toEqual([path, 200, 404]);
  }
});

test('a server’s flavor is id and links up to 2.46, and without both from 2.47 on', async () => {
  const cloud = await startCloud();
  const created = await cloud.create('web', await imageId(cloud));
  const { server } = (await created.json()) as { server: { id: string } };
  const flavorAt = async (minor: number) => {
    const answer = await ask(`${cloud.url}/dfw/v2.1/servers/${server.id}`, {
      headers: { ...version(minor).headers, 'x-auth-token': await cloud.token() },
    });
    return Object.keys(answer.json<{ server: { flavor: object } }>().server.flavor).sort();
  };
  expect(await flavorAt(46)).toEqual(['id', 'links']);
  expect(await flavorAt(47)).toEqual([
    'disk',
    'ephemeral',
    'extra_specs',
    'original_name',
    'ram',
    'swap',
    'vcpus',
  ]);
});
