import { expect, test } from 'vitest';
import { startCloud } from '../support/openstack-simulator.ts';

/** What a cloud of today can be set to beside its defaults. */

interface CatalogEntry {
  type: string;
  endpoints: { interface: string; region_id: string; url: string }[];
}

test('an identity service a region: its tokens and its catalog are good there alone', async () => {
  const cloud = await startCloud({ keystone: { perRegion: true } });
  const at = (region: string) =>
    fetch(`${cloud.url}/identity/${region}/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth: { identity: cloud.identity } }),
    });
  const response = await at('dfw');
  const { token } = (await response.json()) as { token: { catalog: CatalogEntry[] } };
  expect(new Set(token.catalog.flatMap(({ endpoints }) => endpoints.map((one) => one.region_id)))).toEqual(
    new Set(['DFW']),
  );
  const headers = { 'x-auth-token': response.headers.get('x-subject-token')! };
  const statuses = [];
  for (const path of [
    '/dfw/v2.1/flavors',
    '/ord/v2.1/flavors',
    '/identity/dfw/v3/auth/projects',
    '/identity/ord/v3/auth/projects',
    '/v3',
  ])
    statuses.push((await fetch(cloud.url + path, { headers })).status);
  expect(statuses).toEqual([200, 401, 200, 401, 404]);
});
