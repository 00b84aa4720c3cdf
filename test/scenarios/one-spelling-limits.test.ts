import { expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { STUB } from '../support/stub-documents.ts';
import { publishedAs } from '../support/stub-rates.ts';

const { it, gateway } = scenario('test', {
  script: (upstream) =>
    upstream.region('DFW').publish(
      publishedAs([
        { verb: 'POST', uri: '/servers', value: 3, unit: 'DAY' },
        { verb: 'GET', uri: '/servers', regex: '^/servers.*changes-since.*', value: 2, unit: 'DAY' },
      ]),
    ),
});

const base = () => `${gateway.url}/dfw/v2/700100`;
const get = (path: string) => ask(base() + path);

it('a write is charged to its limit however it is spelled', async () => {
  const create = (path: string) =>
    ask(base() + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ server: { name: 'a', imageRef: STUB.imageId, flavorRef: '2' } }),
    });
  for (const path of ['/servers', '/%73ervers', '/server%73.json'])
    expect((await create(path)).status).toBe(202);
  for (const path of ['/servers', '/%73ervers', '//servers/']) expect((await create(path)).status).toBe(413);
  for (const query of ['changes-since=2026-01-01T00:00:00Z', 'ch%61nges%2Dsince=2026-01-01T00%3A00%3A00Z'])
    expect((await get(`/servers?${query}`)).status).toBe(200);
  expect((await get('/servers?changes%2dsinc%65=2026-01-01T00:00:00Z')).status).toBe(413);
  expect(await gateway.metric('sluice_upstream_overlimit_total')).toBe(0);
});
