import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answered, ask } from '../support/ask.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { publishedAs, type StubLimit } from '../support/stub-rates.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

/** One GET of servers a minute; the fake clock stands still, so its slot never comes free by itself. */
const LIMITS: StubLimit[] = [
  { verb: 'GET', uri: '/servers', value: 1, unit: 'MINUTE' },
  { verb: 'POST', uri: '/servers', value: 1, unit: 'DAY' },
  { verb: 'DELETE', uri: '*', value: 0, unit: 'MINUTE' },
];

let clock: FakeClock;
let upstream: StubUpstream;
let gateway: TestGateway;
let dfw: StubRegion;

async function start(settings: Record<string, unknown> = {}): Promise<void> {
  clock = new FakeClock(Date.parse('2026-05-01T12:00:00.250Z'));
  upstream = await startStubUpstream({ tokenLifeMs: 30 * 86_400_000 * 365 });
  dfw = upstream.region('DFW');
  dfw.publish(publishedAs(LIMITS));
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    clock,
    settings: { limits: { maxWaitMs: 30_000 }, ...settings },
  });
  // Known limits first: this answer comes when GET /limits has been answered.
  await ask(`${gateway.url}/dfw/v2/700100/limits`);
}

beforeEach(() => start());
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const servers = (headers: Record<string, string> = {}, suffix = ''): Promise<Answered> =>
  ask(`${gateway.url}/dfw/v2/700100/servers${suffix}`, { headers });

interface OverLimit {
  overLimit: { code: number; message: string; retryAt: string };
}

describe('a request that would wait longer than it may is refused at once', () => {
  it('with 413 overLimit, integer Retry-After, retryAt and the name of the limit', async () => {
    expect((await servers()).status).toBe(200);
    const { status, headers, json } = await servers();
    expect(status).toBe(413);
    expect(headers['retry-after']).toMatch(/^\d+$/);
    const seconds = Number(headers['retry-after']);
    expect(seconds).toBeGreaterThanOrEqual(60);
    expect(seconds).toBeLessThanOrEqual(62);
    const { overLimit } = json<OverLimit>();
    expect(overLimit.code).toBe(413);
    expect(overLimit.message).toContain('GET /servers, 1 per MINUTE');
    const wait = Date.parse(overLimit.retryAt) - clock.now();
    expect(overLimit.retryAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Math.abs(wait - seconds * 1000)).toBeLessThan(1000);
    expect(dfw.count('GET /servers')).toBe(1);
  });

  it('in XML for a caller of XML', async () => {
    await servers();
    const { status, headers, text } = await servers({}, '.xml');
    expect(status).toBe(413);
    expect(headers['content-type']).toContain('application/xml');
    expect(headers['retry-after']).toMatch(/^\d+$/);
    expect(text).toMatch(/<overLimit [^>]*code="413"/);
    expect(text).toMatch(/retryAt="\d{4}-[^"]+"/);
    expect(text).toContain('GET /servers, 1 per MINUTE');
  });

  it('and whoever comes back after Retry-After gets its answer', async () => {
    await servers();
    const { headers } = await servers();
    clock.tick(Number(headers['retry-after']) * 1000);
    expect((await servers()).status).toBe(200);
  });

  it('counted by reason, and not as a refusal of the region', async () => {
    await servers();
    await servers();
    await servers();
    const labels = { account: 'main', region: 'DFW', client: 'anonymous', reason: 'wait' };
    expect(await gateway.metric('sluice_limit_rejected_total', labels)).toBe(2);
    expect(await gateway.metric('sluice_upstream_overlimit_total')).toBe(0);
  });

  it('a spent limit per day at once, however patient the caller', async () => {
    const create = () =>
      ask(`${gateway.url}/dfw/v2/700100/servers`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ server: { name: 'a', imageRef: '1', flavorRef: '2' } }),
      });
    expect((await create()).status).toBe(202);
    const { status, headers, json } = await create();
    expect(status).toBe(413);
    expect(Number(headers['retry-after'])).toBeGreaterThan(80_000);
    expect(json<OverLimit>().overLimit.message).toContain('POST /servers, 1 per DAY');
    expect(await gateway.metric('sluice_limit_rejected_total', { reason: 'spent' })).toBe(1);
    expect(dfw.count('POST /servers')).toBe(1);
  });

  it('a limit of value 0 at once', async () => {
    const { status, json } = await ask(`${gateway.url}/dfw/v2/700100/servers/1`, { method: 'DELETE' });
    expect(status).toBe(413);
    expect(json<OverLimit>().overLimit.message).toContain('DELETE *, 0 per MINUTE');
    expect(dfw.count('DELETE /servers/*')).toBe(0);
  });

  it('paths that go through too', async () => {
    const path = `${gateway.url}/dfw/v2/700100/servers/1/os-interface`;
    dfw.on('GET /servers/*/os-interface', ({ response }) => void response.end('{}'));
    expect((await ask(path)).status).toBe(200);
    const { status, headers, text } = await ask(path);
    expect(status).toBe(413);
    expect(headers['retry-after']).toMatch(/^\d+$/);
    expect(text).toContain('GET /servers, 1 per MINUTE');
  });
});

describe('how long a request may wait is the smallest of what is allowed', () => {
  beforeEach(async () => {
    await gateway.close();
    await upstream.close();
    await start({
      limits: { maxWaitMs: 90_000 },
      access: { clients: [{ name: 'hasty', maxWaitMs: 1000 }, { name: 'calm' }] },
    });
    await servers();
  });

  it.each<[string, Record<string, string>]>([
    ['X-Sluice-Max-Wait in milliseconds', { 'x-sluice-max-wait': '5000' }],
    ['Prefer: wait in seconds', { prefer: 'wait=5' }],
    ['Prefer: wait among other preferences', { prefer: 'respond-async, wait=5' }],
    ["the client's own bound", { 'x-sluice-client': 'hasty' }],
    [
      "the client's own bound, however patient the caller",
      { 'x-sluice-client': 'hasty', 'x-sluice-max-wait': '80000' },
    ],
    ['the smaller of two headers', { 'x-sluice-max-wait': '80000', prefer: 'wait=1' }],
  ])('%s', async (_what, headers) => {
    expect((await servers(headers)).status).toBe(413);
    expect(dfw.count('GET /servers')).toBe(1);
  });

  it.each<[string, Record<string, string>]>([
    ['nothing but the global bound', {}],
    ['a bound that is long enough', { 'x-sluice-max-wait': '80000' }],
    ['a client without a bound', { 'x-sluice-client': 'calm' }],
    ['a bound that is no number', { 'x-sluice-max-wait': 'soon' }],
  ])('%s: the request waits and says for how long', async (_what, headers) => {
    const waiting = servers(headers);
    while ((await gateway.metric('sluice_limit_queue_depth', { region: 'DFW' })) === 0);
    clock.tick(62_000);
    const { status, headers: answered } = await waiting;
    expect(status).toBe(200);
    expect(Number(answered['x-sluice-wait-ms'])).toBeGreaterThanOrEqual(60_000);
    expect(Number(answered['x-sluice-wait-ms'])).toBeLessThanOrEqual(62_000);
  });

  it('a caller that leaves the queue costs nothing', async () => {
    const leaving = new AbortController();
    const waiting = ask(`${gateway.url}/dfw/v2/700100/servers`, { signal: leaving.signal });
    while ((await gateway.metric('sluice_limit_queue_depth')) === 0);
    leaving.abort();
    await expect(waiting).rejects.toThrow();
    while ((await gateway.metric('sluice_limit_queue_depth')) > 0);
    clock.tick(62_000);
    expect((await servers({ 'x-sluice-max-wait': '0' })).status).toBe(200);
    expect(dfw.count('GET /servers')).toBe(2);
  });
});

it('overLimitStatus 429 is what a caller gets instead', async () => {
  await gateway.close();
  await upstream.close();
  await start({ limits: { overLimitStatus: 429 } });
  await servers();
  const { status, json } = await servers();
  expect(status).toBe(429);
  expect(json<OverLimit>().overLimit.code).toBe(429);
  expect((await servers({}, '.xml')).text).toMatch(/<overLimit [^>]*code="429"/);
});

describe('a region that hangs', () => {
  it('is not run over when it comes back: what waits for a connection keeps its slots', async () => {
    await gateway.close();
    await upstream.close();
    LIMITS.push({ verb: 'GET', uri: '/images', value: 3, unit: 'SECOND' });
    await start({ upstream: { connections: 1 } });
    LIMITS.pop();
    const gate = dfw.hold('GET /images/*');
    const image = (id: string) => ask(`${gateway.url}/dfw/v2/700100/images/${id}`);
    const running = ['1', '2', '3'].map(image);
    await gate.arrived(1);
    await expect.poll(() => gateway.metric('sluice_limit_remaining', { uri: '/images' })).toBe(0);
    await clock.advance(60_000);
    running.push(image('4'), image('5'));
    await expect.poll(() => gateway.metric('sluice_limit_queue_depth')).toBe(1);
    gate.open();
    await Promise.all(running.slice(0, 3));
    await clock.advance(3_000);
    await Promise.all(running);
  });
});
