import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answered, ask } from '../support/ask.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { publishedAs } from '../support/stub-rates.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let clock: FakeClock;
let upstream: StubUpstream;
let other: StubUpstream;
let gateway: TestGateway;

const identityAt = (url: string) => ({
  url,
  username: STUB_CREDENTIALS.username,
  apiKey: STUB_CREDENTIALS.apiKey,
});
const main = () => ({ name: 'main', identity: identityAt(upstream.identityUrl) });
const third = () => ({ name: 'third', identity: identityAt(other.identityUrl) });
const second = () => ({ name: 'second', identity: identityAt(other.identityUrl) });

beforeEach(async () => {
  clock = new FakeClock(Date.now());
  const life = { now: () => clock.now(), tokenLifeMs: 30 * 86_400_000 };
  upstream = await startStubUpstream(life);
  other = await startStubUpstream({ ...life, tenant: '700200' });
  upstream.region('DFW').publish(publishedAs([{ verb: 'GET', uri: '/servers', value: 2, unit: 'MINUTE' }]));
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    clock,
    settings: { accounts: [main(), second()], limits: { maxWaitMs: 1000 } },
  });
  await get('/limits');
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
  await other.close();
});

const get = (path: string, tenant = '700100'): Promise<Answered> =>
  ask(`${gateway.url}/dfw/v2/${tenant}${path}`);

describe('a reload puts in force', () => {
  it("a public URL, for the next request's links", async () => {
    await get('/flavors');
    await gateway.reload({ publicUrl: 'https://compute.sluice.test' });
    const { text } = await get('/flavors');
    expect(text).toContain('https://compute.sluice.test/dfw/v2/700100/flavors/2');
    expect(text).not.toContain(gateway.url);
  });

  it('the names of clients', async () => {
    await gateway.reload({ access: { clients: [{ name: 'billing' }] } });
    await ask(`${gateway.url}/dfw/v2/700100/flavors`, { headers: { 'x-sluice-client': 'billing' } });
    expect(await gateway.metric('sluice_http_requests_total', { client: 'billing' })).toBe(1);
  });

  it('which requests are logged', async () => {
    await gateway.reload({ log: { requests: 'none' } });
    const before = gateway.logged().length;
    await get('/flavors');
    expect(gateway.logged().slice(before)).toEqual([]);
  });

  it('the log level', async () => {
    await gateway.reload({ log: { level: 'error' } });
    const before = gateway.logged().length;
    await get('/flavors');
    expect(gateway.logged().slice(before)).toEqual([]);
    await gateway.reload({ log: { level: 'info' } });
    await get('/flavors');
    expect(gateway.logged().at(-1)).toMatchObject({ operation: 'listFlavors' });
  });

  it('the status of refusals', async () => {
    await gateway.reload({ limits: { overLimitStatus: 429, maxWaitMs: 0 } });
    await get('/limits');
    for (let at = 0; at < 2; at++) await get('/servers');
    expect((await get('/servers')).status).toBe(429);
  });

  it('how long answers stay fresh', async () => {
    await gateway.reload({ cache: { flavors: { ttl: 60, staleWhileRevalidate: 0, staleIfError: 0 } } });
    const { headers } = await get('/flavors');
    expect(headers['cache-control']).toBe('private, max-age=60');
  });

  it('how often the region is tried, on known paths and on those that go through', async () => {
    await gateway.reload({ upstream: { retries: 0 } });
    await upstream.region('DFW').refuse();
    expect((await get('/servers')).status).toBe(503);
    expect((await get('/os-keypairs')).status).toBe(503);
    expect(await gateway.metric('sluice_upstream_retries_total')).toBe(0);
  });

  it('a new account, next to the others', async () => {
    await gateway.reload({ accounts: [main()] });
    expect((await get('/servers', '700200')).status).toBe(404);
    await gateway.reload({ accounts: [main(), second()] });
    expect((await get('/servers', '700200')).status).toBe(200);
    expect((await get('/servers')).status).toBe(200);
  });
});

describe('what a reload does not touch goes on', () => {
  it('tokens of unchanged accounts: no new login', async () => {
    await gateway.reload({ publicUrl: 'https://compute.sluice.test' });
    await gateway.reload({ accounts: [main()], log: { requests: 'errors' } });
    expect((await get('/servers')).status).toBe(200);
    expect(upstream.identity.count('POST /tokens')).toBe(1);
  });

  it('cached answers', async () => {
    await get('/flavors');
    await gateway.reload({ access: { clients: [{ name: 'billing' }] }, log: { requests: 'none' } });
    expect((await get('/flavors')).headers['x-cache']).toBe('HIT');
    expect(upstream.region('DFW').count('GET /flavors')).toBe(1);
  });

  it.each<[string, object]>([
    ['of a matter apart', { publicUrl: 'https://compute.sluice.test' }],
    ['of the cache', { cache: { flavors: { ttl: 60 } } }],
    ['that adds a client', { access: { clients: [{ name: 'billing' }] } }],
    ['that adds an account', { accounts: 'more' }],
    ['that changes the bounds of waiting', { limits: { overLimitStatus: 429 } }],
  ])('windows: what is spent stays spent, after a reload %s', async (_what, settings) => {
    for (let at = 0; at < 2; at++) expect((await get('/servers')).status).toBe(200);
    await gateway.reload(
      'accounts' in settings ? { accounts: [main(), second(), third()] } : { ...settings },
    );
    const { status } = await get('/servers');
    expect([413, 429]).toContain(status);
    expect(upstream.region('DFW').count('GET /servers')).toBe(2);
  });

  it('a request under way', async () => {
    const gate = upstream.region('DFW').hold('GET /servers');
    const running = get('/servers');
    await gate.arrived(1);
    await gateway.reload({ accounts: [second()], cache: { maxBytes: 1_048_576 } });
    gate.open();
    expect((await running).status).toBe(200);
  });
});

it('an account that is gone stops: its tenant is unknown, its token is not renewed', async () => {
  await gateway.reload({ accounts: [main()] });
  const { status, text } = await get('/servers', '700200');
  expect(status).toBe(404);
  expect(text).toContain('700200');
  const { text: ready } = await ask(`${gateway.adminUrl}/readyz`);
  expect(ready).not.toContain('second');
  const logins = other.identity.count('POST /tokens');
  await clock.advance(31 * 86_400_000);
  expect(other.identity.count('POST /tokens')).toBe(logins);
});

it('an account whose credentials have changed logs in with the new ones', async () => {
  const { username, password } = STUB_CREDENTIALS;
  await gateway.reload({
    accounts: [{ name: 'main', identity: { url: upstream.identityUrl, username, password } }],
  });
  expect((await get('/servers')).status).toBe(200);
  expect(upstream.identity.count('POST /tokens')).toBe(2);
});
