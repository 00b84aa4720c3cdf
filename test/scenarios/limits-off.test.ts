import { afterEach, beforeEach, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json, text, tooMany } from '../support/stub-answers.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let upstream: StubUpstream;
let gateway: TestGateway;
let dfw: StubRegion;

beforeEach(async () => {
  upstream = await startStubUpstream();
  dfw = upstream.region('DFW');
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { limits: { enabled: false } },
  });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const limits = (suffix = '', query = '') => ask(`${gateway.url}/dfw/v2/700100/limits${suffix}${query}`);

const DOCUMENT =
  '{"limits": {"rate": [{"uri": "*", "regex": ".*", "limit": [{"verb": "GET", "value": 10.0, "remaining": 3, "unit": "MINUTE", "next-available": "2031-01-01T00:00:00Z", "vendor:more": null}], "x": 1}], "absolute": {"maxTotalCores": -1, "vendor:extra": [1]}, "y": {}}}';

it('with limits.enabled: false GET /limits is what the region answered, byte for byte, each time', async () => {
  dfw.on('GET /limits', text(DOCUMENT, 200, { 'content-type': 'application/json' }));
  for (let time = 1; time <= 3; time++) {
    const { status, text: body, headers } = await limits('', '?tenant_id=7');
    expect(status).toBe(200);
    expect(body).toBe(DOCUMENT);
    expect(headers['ratelimit']).toBeUndefined();
    expect(dfw.count('GET /limits')).toBe(time);
  }
  expect(dfw.requests('GET /limits').map(({ query }) => query)).toEqual(Array(3).fill('tenant_id=7'));
});

it('a document that Sluice would not understand goes to the caller all the same', async () => {
  dfw.on('GET /limits', json({ limits: { rate: 'none', absolute: {} } }));
  expect((await limits()).json()).toEqual({ limits: { rate: 'none', absolute: {} } });
});

it('a caller of XML gets XML', async () => {
  dfw.on('GET /limits', text(DOCUMENT, 200, { 'content-type': 'application/json' }));
  const { status, text: body, headers } = await limits('.xml');
  expect(status).toBe(200);
  expect(headers['content-type']).toContain('application/xml');
  expect(body).toMatch(/<limit [^>]*remaining="3"/);
});

it('a refusal of the region goes to the caller', async () => {
  dfw.on('GET /limits', tooMany.rateBySeconds(7));
  const { status, headers } = await limits();
  expect(status).toBe(413);
  expect(headers['retry-after']).toBe('7');
});
