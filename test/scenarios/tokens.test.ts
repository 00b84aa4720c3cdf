import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { unauthorized } from '../support/stub-answers.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let clock: FakeClock;
let upstream: StubUpstream;
let gateway: TestGateway | undefined;
let dfw: StubRegion;
let base: string;

beforeEach(async () => {
  // The stub answers with the machine's own date, by which expiry is reckoned.
  clock = new FakeClock(Date.now());
  upstream = await startStubUpstream({ now: () => clock.now() });
  dfw = upstream.region('DFW');
});

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await upstream.close();
});

async function start(untilReady = true): Promise<TestGateway> {
  gateway = await startGateway({ identityUrl: upstream.identityUrl, clock, untilReady });
  base = `${gateway.url}/dfw/v2/700100`;
  return gateway;
}

const logins = () => upstream.identity.count('POST /tokens');

/** Turns the clock, a second at a time, until the condition holds; sockets need turns of the event loop meanwhile. */
async function advanceUntil(holds: () => boolean, mostSeconds = 60): Promise<void> {
  for (let second = 0; second < mostSeconds && !holds(); second++) {
    for (let turn = 0; turn < 50 && !holds(); turn++) await settle();
    if (!holds()) await clock.advance(1000);
  }
}

describe('the first requests', () => {
  it('share one login, all 200 of them, on every kind of path', async () => {
    const gate = upstream.identity.hold('POST /tokens');
    await start(false);
    const paths = ['/servers', '/flavors', '/os-keypairs', '/limits'];
    const asked = Array.from({ length: 200 }, (_, at) => ask(base + paths[at % paths.length]));
    await gate.arrived(1);
    gate.open();
    const statuses = new Set((await Promise.all(asked)).map(({ status }) => status));
    expect(statuses).toEqual(new Set([200, 404]));
    expect(logins()).toBe(1);
  });
});

describe('a region that refuses the token', () => {
  it('causes one login for all who meet it, and each is sent once more', async () => {
    await start();
    await clock.advance(10_000);
    upstream.identity.revokeAll();
    dfw.forget();
    const gates = [dfw.hold('GET /servers'), dfw.hold('GET /os-keypairs')];
    const sent = Array.from({ length: 50 }, (_, at) => ask(base + (at % 2 ? '/servers' : '/os-keypairs')));
    // All of them are at the region with the old token before the first hears of it.
    for (const gate of gates) await gate.arrived(25);
    for (const gate of gates) gate.open();
    const asked = await Promise.all(sent);
    expect(asked.filter(({ status }) => status === 401)).toEqual([]);
    expect(logins()).toBe(2);
    expect(dfw.count('GET /servers')).toBe(50);
    expect(dfw.count('GET /os-keypairs')).toBe(50);
  });

  it('gets the body once more, on paths of the guide and others', async () => {
    await start();
    for (const path of ['/servers', '/os-keypairs']) {
      await clock.advance(700_000);
      upstream.identity.revokeAll();
      const body = '{"server":{"name":"n"}}';
      await ask(base + path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
      expect(dfw.requests(`POST ${path}`).map((request) => request.body)).toEqual([body, body]);
    }
    expect(logins()).toBe(3);
  });

  it.each(['/servers', '/flavors', '/os-keypairs'])(
    'refuses the next one too: %s is answered 503, without a storm of logins',
    async (path) => {
      await start();
      await clock.advance(10_000);
      dfw.on(`GET ${path}`, unauthorized);
      let over = false;
      const asked = ask(base + path).finally(() => {
        over = true;
      });
      await advanceUntil(() => over);
      const { status, headers } = await asked;
      expect([status, headers['retry-after']]).toEqual([503, '5']);
      expect(headers['www-authenticate']).toBeUndefined();
      expect(dfw.count(`GET ${path}`)).toBeLessThanOrEqual(3);
      expect(logins()).toBe(2);
    },
  );

  it('that is seconds old gets it again after a moment, before a new login', async () => {
    await start();
    dfw.on('GET /servers', unauthorized, ({ response }) => void response.end('{"servers":[]}'));
    let over = false;
    const asked = ask(`${base}/servers`).finally(() => {
      over = true;
    });
    await advanceUntil(() => over);
    expect((await asked).status).toBe(200);
    expect(logins()).toBe(1);
  });

  it('while identity is down is a 503 fault, not a 401', async () => {
    await start();
    await clock.advance(10_000);
    upstream.identity.revokeAll();
    upstream.identity.on('POST /tokens', ({ response }) => void response.writeHead(500).end());
    for (const path of ['/servers', '/os-keypairs']) {
      const { status, headers } = await ask(base + path);
      expect(status, path).toBe(503);
      expect(headers['retry-after'], path).toMatch(/^\d+$/);
    }
  });
});

describe('identity that is down at the start', () => {
  it('leaves the gateway alive and not ready; requests are 503 faults until it is back', async () => {
    upstream.identity.on('POST /tokens', ({ response }) => void response.writeHead(503).end());
    const front = await start(false);
    for (const path of [
      '/dfw/v2/700100/servers',
      '/dfw/v2/700100/os-keypairs',
      '/v2/700100/flavors',
      '/dfw/',
      '/dfw/v2/',
    ]) {
      const { status, json, headers } = await ask(front.url + path);
      expect(status, path).toBe(503);
      expect(json(), path).toHaveProperty('serviceUnavailable.code', 503);
      expect(headers['retry-after'], path).toMatch(/^\d+$/);
    }
    expect((await ask(`${front.adminUrl}/readyz`)).status).toBe(503);
    expect((await ask(`${front.adminUrl}/healthz`)).status).toBe(200);
    expect((await ask(`${front.url}/`)).status).toBe(200);

    upstream.identity.off('POST /tokens');
    await advanceUntil(() => upstream.identity.tokens.length > 0, 120);
    for (let turn = 0; turn < 50; turn++) await settle();
    expect((await ask(`${front.url}/dfw/v2/700100/servers`)).status).toBe(200);
    expect((await ask(`${front.adminUrl}/readyz`)).status).toBe(200);
  });

  it('is not asked by every request that comes', async () => {
    upstream.identity.on('POST /tokens', ({ response }) => void response.writeHead(503).end());
    const front = await start(false);
    for (let time = 0; time < 20; time++) await ask(`${front.url}/dfw/v2/700100/servers`);
    expect(logins()).toBe(1);
  });

  it('in a façade login is 503 as well', async () => {
    upstream.identity.on('POST /tokens', ({ response }) => void response.writeHead(503).end());
    const front = await start(false);
    const login = '{"auth":{"passwordCredentials":{"username":"u","password":"p"}}}';
    const { status } = await ask(`${front.url}/v2.0/tokens`, { method: 'POST', body: login });
    expect(status).toBe(503);
  });
});

describe("a caller's own token", () => {
  it('never reaches a region, and that of Sluice never reaches a caller', async () => {
    const front = await start();
    const paths = ['/servers', '/flavors', '/os-keypairs', '/limits', '/nothing/here', '/images/none'];
    for (const path of paths) {
      const { text, headers } = await ask(base + path, { headers: { 'x-auth-token': 'of-the-caller' } });
      expect(text + JSON.stringify(headers), path).not.toContain('stub-token');
    }
    const login = '{"auth":{"passwordCredentials":{"username":"u","password":"p"}}}';
    expect((await ask(`${front.url}/v2.0/tokens`, { method: 'POST', body: login })).text).not.toContain(
      'stub-token',
    );
    const seen = dfw.requests().map(({ headers }) => headers['x-auth-token']);
    expect(new Set(seen.filter((token) => token !== undefined))).toEqual(new Set(['stub-token-1']));
  });
});

it('a token is renewed ahead of its end, in the background', async () => {
  await start();
  await advanceUntil(() => logins() > 1, 0);
  for (let hour = 0; hour < 24 && logins() < 2; hour++) {
    await clock.advance(3_600_000);
    for (let turn = 0; turn < 30 && upstream.identity.tokens.length < 2; turn++) await settle();
  }
  expect(logins()).toBe(2);
  expect((await ask(`${base}/servers`)).status).toBe(200);
  expect(upstream.identity.accepts('stub-token-1')).toBe(true);
});
