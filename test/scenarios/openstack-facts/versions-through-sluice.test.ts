import { expect, test } from 'vitest';
import type { AskOptions } from '../../support/ask.ts';
import { type Cloud, type Front, startCloud, startFront } from '../../support/openstack-simulator.ts';

/** Version documents and microversions of a Nova 26 as Sluice hands them on. */

async function front(): Promise<{ cloud: Cloud } & Front> {
  const cloud = await startCloud();
  return { cloud, ...(await startFront(cloud)) };
}

const microversion = (minor: number): AskOptions => ({
  headers: { 'openstack-api-version': `compute 2.${minor}` },
});

test('version documents are the region’s own, without a token, and lead to Sluice', async () => {
  const { ask, gateway } = await front();
  const list = (await ask('/dfw/')).json<{ versions: { id: string; links: { href: string }[] }[] }>();
  expect(list.versions).toMatchObject([
    { id: 'v2.0', version: '', min_version: '', links: [{ href: `${gateway.url}/dfw/v2/` }] },
    { id: 'v2.1', version: '2.93', min_version: '2.1', links: [{ href: `${gateway.url}/dfw/v2.1/` }] },
  ]);
  for (const path of ['/v2', '/v2/', '/v2.1', '/v2.1/']) {
    const { status, json } = await ask(`/dfw${path}`);
    const self = `${gateway.url}/dfw${path.replace(/\/$/, '')}/`;
    expect([status, json()]).toMatchObject([
      200,
      { version: { links: [{ href: self }, { rel: 'describedby' }] } },
    ]);
  }
});

test('a key of the cache has both version headers: no answer of one version goes out for another', async () => {
  const { cloud, compute } = await front();
  const flavor = async (headers: Record<string, string>) => {
    const answer = await compute('/flavors/2', { headers });
    return [
      answer.headers['x-cache'],
      answer.headers['x-openstack-nova-api-version'],
      'extra_specs' in answer.json<{ flavor: object }>().flavor,
    ];
  };
  for (const cache of ['MISS', 'HIT']) {
    expect(await flavor({})).toEqual([cache, '2.1', false]);
    expect(await flavor({ 'openstack-api-version': 'compute 2.61' })).toEqual([cache, '2.61', true]);
    expect(await flavor({ 'x-openstack-nova-api-version': '2.93' })).toEqual([cache, '2.93', true]);
  }
  const asked = cloud.arrived('DFW').filter(({ incoming }) => incoming.path.endsWith('/flavors/2'));
  expect(asked.map(({ incoming }) => incoming.headers['openstack-api-version'])).toEqual([
    undefined,
    'compute 2.61',
    'compute 2.93',
  ]);
});

test('an answer varies by both headers, hit or miss, and says which version it is in', async () => {
  const { compute } = await front();
  for (const cache of ['MISS', 'HIT']) {
    const { headers } = await compute('/flavors/2', {
      headers: { 'openstack-api-version': 'compute latest' },
    });
    expect(headers).toMatchObject({ 'x-cache': cache, 'openstack-api-version': 'compute 2.93' });
    expect(headers['vary']).toMatch(/openstack-api-version.*x-openstack-nova-api-version/i);
  }
});

test('a version that is too high or none is the region’s refusal, and another service’s is overlooked', async () => {
  const { compute } = await front();
  const refused = await compute('/flavors/2', microversion(99));
  expect([refused.status, refused.json(), refused.headers['openstack-api-version']]).toMatchObject([
    406,
    { computeFault: { code: 406 } },
    'compute 2.99',
  ]);
  const garbage = await compute('/flavors/2', { headers: { 'openstack-api-version': 'compute abc' } });
  expect([garbage.status, garbage.json()]).toMatchObject([400, { badRequest: { code: 400 } }]);
  const other = await compute('/flavors/2', { headers: { 'openstack-api-version': 'volume 3.4' } });
  expect([other.status, other.headers['openstack-api-version']]).toEqual([200, 'compute 2.1']);
});

test('shapes follow the version: images gone from 2.36 on, the flavor in a server from 2.47 on, limits', async () => {
  const { cloud, compute } = await front();
  const { images } = (await compute('/images')).json<{ images: { id: string }[] }>();
  expect((await compute('/images', microversion(36))).status).toBe(404);
  const created = await compute('/servers', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ server: { name: 'a', imageRef: images[0]!.id, flavorRef: '2' } }),
  });
  const { server } = created.json<{ server: { id: string } }>();
  cloud.simulator.control.advance(60_000);
  const flavorAt = async (minor: number) =>
    (await compute(`/servers/${server.id}`, microversion(minor))).json<{ server: { flavor: object } }>()
      .server.flavor;
  expect(Object.keys(await flavorAt(46)).sort()).toEqual(['id', 'links']);
  expect(await flavorAt(47)).not.toHaveProperty('id');
  const limitsAt = async (minor: number) =>
    (await compute('/limits', microversion(minor))).json<{ limits: { absolute: object } }>().limits.absolute;
  expect(await limitsAt(1)).toMatchObject({ maxImageMeta: 128, maxPersonality: 5, maxSecurityGroups: -1 });
  for (const gone of ['maxImageMeta', 'maxPersonality', 'maxTotalFloatingIps', 'maxSecurityGroups'])
    expect(await limitsAt(57)).not.toHaveProperty(gone);
});

test('what /v2.1 refuses for a member it does not know, callers of /v2 and of XML may send', async () => {
  const { cloud, ask, compute } = await front();
  const { images } = (await compute('/images')).json<{ images: { id: string }[] }>();
  const server = { name: 'a', imageRef: images[0]!.id, flavorRef: '2', stray: 1 };
  const json = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ server }),
  };
  expect((await compute('/servers', json)).status).toBe(400);
  expect((await ask(`/dfw/v2/${cloud.project}/servers`, json)).status).toBe(202);
  const xml = `<server xmlns="http://docs.openstack.org/compute/api/v1.1" name="a" imageRef="${images[0]!.id}" flavorRef="2" stray="1"/>`;
  const asXml = { method: 'POST', headers: { 'content-type': 'application/xml' }, body: xml };
  expect((await compute('/servers', asXml)).status).toBe(202);
});
