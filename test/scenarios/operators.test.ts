import { afterEach, beforeEach, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const TOKEN = 'operators-token-5d1e';
const READS = ['/metrics', '/status.json', '/readyz', '/healthz', '/nothing'];

let upstream: StubUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startStubUpstream();
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const start = async (admin: object = {}) => {
  gateway = await startGateway({ identityUrl: upstream.identityUrl, settings: { admin } });
};
const get = (path: string, headers: Record<string, string> = {}) => ask(gateway.adminUrl + path, { headers });
const purge = (headers: Record<string, string>, body?: string) =>
  ask(`${gateway.adminUrl}/admin/cache/purge`, {
    method: 'POST',
    headers,
    ...(body === undefined ? {} : { body }),
  });

it('a page of another site reads nothing from the operators’ listener and changes nothing there', async () => {
  await start();
  await ask(`${gateway.url}/dfw/v2/700100/images`);
  const signs = [
    { origin: 'https://attacker.example' },
    { 'sec-fetch-site': 'cross-site' },
    { host: 'attacker.example' },
  ];
  for (const sign of signs) {
    for (const path of READS.slice(0, 2)) expect((await get(path, sign)).status, path).toBe(403);
    expect((await purge(sign)).status).toBe(403);
    expect((await purge({ ...sign, 'content-type': 'text/plain' }, '{}')).status).toBe(403);
  }
  expect((await purge({ 'content-type': 'text/plain' }, '{}')).status).toBe(415);
  expect((await ask(`${gateway.url}/dfw/v2/700100/images`)).headers['x-cache']).toBe('HIT');
  const { headers } = await get('/metrics');
  expect(headers['access-control-allow-origin']).toBeUndefined();
  expect(headers['cross-origin-resource-policy']).toBe('same-origin');
});

it('with admin.token whoever shows it is answered, and a probe is told the status alone', async () => {
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { admin: { host: '0.0.0.0', token: TOKEN } },
  });
  const shown = { authorization: `Bearer ${TOKEN}`, host: 'gateway.internal:8081' };
  for (const path of READS)
    expect((await get(path, shown)).status, path).toBe(path === '/nothing' ? 404 : 200);
  expect((await purge(shown)).status).toBe(200);
  expect((await get('/readyz', shown)).text).toContain('main');

  const probe = await get('/readyz', { host: 'gateway.internal:8081' });
  expect([probe.status, probe.json()]).toEqual([200, { status: 'ready' }]);
  expect((await get('/healthz')).status).toBe(200);
  for (const path of ['/metrics', '/status.json', '/nothing']) {
    const { status, headers, text } = await get(path, { authorization: 'Bearer guess' });
    expect([path, status]).toEqual([path, 401]);
    expect(headers['www-authenticate']).toMatch(/^Bearer/);
    expect(text).not.toContain(TOKEN);
  }
  expect((await purge({})).status).toBe(401);
  expect(gateway.logText()).not.toContain(TOKEN);
});

it('a reload replaces the token', async () => {
  await start({ token: TOKEN });
  await gateway.reload({ admin: { token: `${TOKEN}-2` } });
  expect((await get('/metrics', { authorization: `Bearer ${TOKEN}` })).status).toBe(401);
  expect((await get('/metrics', { authorization: `Bearer ${TOKEN}-2` })).status).toBe(200);
});
