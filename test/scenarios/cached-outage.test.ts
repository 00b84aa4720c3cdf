import { describe, expect } from 'vitest';
import { type Answered, ask } from '../support/ask.ts';
import { startGateway } from '../support/gateway.ts';
import { scenario } from '../support/scenario.ts';
import { fault } from '../support/stub-answers.ts';
import { startStubUpstream } from '../support/stub-upstream.ts';

const MINUTE_MS = 60_000;

const { it, gateway, dfw, clock } = scenario('test', {
  standstill: true,
  settings: {
    upstream: { retries: 0 },
    cache: { images: { ttl: 300, staleWhileRevalidate: 3600, staleIfError: 86_400 } },
  },
});

const get = (path = '/images/detail'): Promise<Answered> => ask(`${gateway.url}/dfw/v2/700100${path}`);

/** Resolves once so many background refreshes have ended. */
async function refreshed(count: number, outcome: string): Promise<void> {
  const ended = () => gateway.metric('sluice_cache_revalidations_total', { outcome });
  while ((await ended()) < count) await new Promise(setImmediate);
}

describe('stale-while-revalidate: an answer that has just expired', () => {
  it('is served at once while one request in the background refreshes it', async () => {
    await get();
    clock.tick(6 * MINUTE_MS);
    const gate = dfw.hold('GET /images/detail');
    for (let at = 0; at < 5; at++) {
      const { status, headers } = await get();
      expect(status).toBe(200);
      expect(headers['x-cache']).toBe('STALE');
      expect(headers.age).toBe('360');
      expect(headers['cache-control']).toBe('private, max-age=0');
      expect(headers['cache-status']).toBe('sluice; hit; ttl=-60; detail=stale-while-revalidate');
    }
    gate.open();
    await refreshed(1, 'refreshed');
    expect(dfw.count('GET /images/detail')).toBe(2);
    const { headers } = await get();
    expect(headers['x-cache']).toBe('HIT');
    expect(headers.age).toBe('0');
  });

  it('is not served when it is too old for that', async () => {
    await get();
    clock.tick((5 + 61) * MINUTE_MS);
    const { headers } = await get();
    expect(headers['x-cache']).toBe('MISS');
    expect(headers['cache-status']).toContain('fwd=stale');
  });
});

describe('the region is down: cached answers go on', () => {
  it('while they are fresh, without asking', async () => {
    await get();
    await dfw.refuse();
    expect((await get()).headers['x-cache']).toBe('HIT');
  });

  it('after a refresh has failed, again and again, and heal when it is back', async () => {
    await get();
    await dfw.refuse();
    clock.tick(6 * MINUTE_MS);
    expect((await get()).headers['x-cache']).toBe('STALE');
    await refreshed(1, 'failed');
    clock.tick(1000);
    expect((await get()).headers['x-cache']).toBe('STALE');
    await refreshed(2, 'failed');
    await dfw.accept();
    clock.tick(2000);
    await get();
    await refreshed(1, 'refreshed');
    expect((await get()).headers['x-cache']).toBe('HIT');
  });

  it('without a storm of refreshes: 1, 2, 4 … 60 s apart while they fail', async () => {
    await get();
    clock.tick(6 * MINUTE_MS);
    dfw.on('GET /images/detail', fault('computeFault', 500, 'The stub is out of order.'));
    for (let failures = 1; failures <= 4; failures++) {
      for (let caller = 0; caller < 10; caller++) expect((await get()).status).toBe(200);
      await refreshed(failures, 'failed');
      expect((await get()).headers['x-cache']).toBe('STALE');
      expect(dfw.count('GET /images/detail')).toBe(1 + failures);
      clock.tick(1000 * 2 ** (failures - 1));
    }
  });

  it('for a day after they have expired (stale-if-error), in both formats', async () => {
    await get();
    clock.tick(20 * 60 * MINUTE_MS);
    await dfw.refuse();
    for (const path of ['/images/detail', '/images/detail.xml']) {
      const { status, headers } = await get(path);
      expect(status).toBe(200);
      expect(headers['x-cache']).toBe('STALE');
      expect(headers['cache-status']).toBe('sluice; fwd=stale; detail=stale-if-error');
      expect(headers.age).toBe('72000');
    }
  });

  it('when it answers 5xx instead of refusing', async () => {
    await get();
    clock.tick(20 * 60 * MINUTE_MS);
    dfw.on('GET /images/detail', fault('computeFault', 500, 'The stub is out of order.'));
    const { status, headers } = await get();
    expect(status).toBe(200);
    expect(headers['cache-status']).toBe('sluice; fwd=stale; fwd-status=500; detail=stale-if-error');
  });

  it('but not for ever, and not for what was never asked', async () => {
    await get();
    await dfw.refuse();
    expect((await get('/flavors')).status).toBe(503);
    clock.tick(25 * 60 * MINUTE_MS);
    expect((await get()).status).toBe(503);
  });

  it('and a caller that insists on a new answer gets the fault', async () => {
    await get();
    await dfw.refuse();
    const { status, json } = await ask(`${gateway.url}/dfw/v2/700100/images/detail`, {
      headers: { 'cache-control': 'no-cache' },
    });
    expect(status).toBe(503);
    expect(json()).toHaveProperty('serviceUnavailable');
  });
});

it('identity is down and the token has expired: cached answers go on, and nothing else', async () => {
  const own = await startStubUpstream({ now: () => clock.now(), tokenLifeMs: 2 * 60 * MINUTE_MS });
  const other = await startGateway({ identityUrl: own.identityUrl, clock });
  try {
    const flavors = `${other.url}/dfw/v2/700100/flavors`;
    expect((await ask(flavors)).status).toBe(200);
    await own.identity.refuse();
    clock.tick(3 * 60 * MINUTE_MS);
    const { status, headers } = await ask(flavors);
    expect(status).toBe(200);
    expect(headers['x-cache']).toBe('STALE');
  } finally {
    await other.close();
    await own.close();
  }
});
