import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json, reset, text } from '../support/stub-answers.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let clock: FakeClock;
let upstream: StubUpstream;
let gateway: TestGateway;
let dfw: StubRegion;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-outage-'));
  clock = new FakeClock(Date.now());
  upstream = await startStubUpstream({ now: () => clock.now(), tokenLifeMs: 30 * 86_400_000 });
  dfw = upstream.region('DFW');
  publish(30);
  gateway = await start();
  await ask(url('/limits'));
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
  await rm(directory, { recursive: true, force: true });
});

const start = (limits = {}) =>
  startGateway({
    identityUrl: upstream.identityUrl,
    clock,
    settings: { limits: { maxWaitMs: 0, ...limits }, upstream: { retries: 0, circuit: { failures: 0 } } },
  });

const url = (path: string) => `${gateway.url}/dfw/v2/700100${path}`;

/** What the region says is left of GET /servers, 30 a day. */
function publish(remaining: number, value = 30): void {
  const row = { verb: 'GET', value, remaining, unit: 'DAY', 'next-available': '2026-01-01T00:00:00Z' };
  dfw.publish([{ uri: '/servers', regex: '^/servers', limit: [row] }]);
}

async function remaining(): Promise<number> {
  interface Limits {
    limits: { rate: { limit: { remaining: number }[] }[] };
  }
  const { rate } = (await ask(url('/limits'))).json<Limits>().limits;
  return rate[0]!.limit[0]!.remaining;
}

async function resync(body?: object): Promise<{ status: number; json: unknown }> {
  const answer = await fetch(`${gateway.adminUrl}/admin/limits/resync`, {
    method: 'POST',
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: await answer.json() };
}

describe.each([
  ['breaks every connection', reset],
  ['is answered for by its proxy', text('down', 503)],
])('a region that %s for a while', (_what, answer) => {
  it('has not spent the day when it is back', async () => {
    dfw.on('GET /servers', answer, ...Array.from({ length: 29 }, () => answer), json({ servers: [] }));
    for (let call = 0; call < 30; call++) expect((await ask(url('/servers'))).status).toBe(503);
    const refused = await ask(url('/servers'));
    expect(refused.status).toBe(413);
    // The region is asked in seconds: nobody is sent away for a day.
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(10);
    clock.tick(10_000);
    expect(await remaining()).toBe(30);
    expect((await ask(url('/servers'))).status).toBe(200);
  });
});

describe('POST /admin/limits/resync', () => {
  it('takes what the region says is left for true, upwards and downwards', async () => {
    dfw.on('GET /servers', json({ servers: [] }));
    for (let call = 0; call < 30; call++) expect((await ask(url('/servers'))).status).toBe(200);
    expect((await ask(url('/servers'))).status).toBe(413);
    publish(12);
    expect(await resync()).toEqual({ status: 200, json: { resynced: [{ account: 'main', region: 'DFW' }] } });
    expect(await remaining()).toBe(12);
    publish(4);
    await resync({ account: 'main', region: 'dfw' });
    expect(await remaining()).toBe(4);
  });

  it('names what it does not know or cannot do', async () => {
    expect(await resync({ account: 'nobody' })).toEqual({ status: 200, json: { resynced: [] } });
    expect((await resync({ regoin: 'DFW' })).status).toBe(400);
    dfw.on('GET /limits', text('down', 500));
    expect(await resync()).toMatchObject({
      status: 200,
      json: { resynced: [{ account: 'main', region: 'DFW', problem: expect.any(String) }] },
    });
  });
});

it('with limits.ledger a restart counts what was used once, and leaves the end of the day where it was', async () => {
  const ledger = join(directory, 'ledger.json');
  publish(12, 12);
  await gateway.close();
  gateway = await start({ ledger });
  await ask(url('/limits'));
  dfw.on('GET /servers', json({ servers: [] }));
  for (let call = 0; call < 2; call++) await ask(url('/servers'));
  publish(10, 12);
  for (const hours of [0, 0, 5, 10]) {
    await gateway.close();
    clock.tick(hours * 3_600_000);
    gateway = await start({ ledger });
    expect(await remaining()).toBe(10);
  }
  // 15 hours later all the rest is used: the first two come free in 9 hours.
  for (let call = 0; call < 10; call++) expect((await ask(url('/servers'))).status).toBe(200);
  const refused = await ask(url('/servers'));
  expect(refused.status).toBe(413);
  expect(Number(refused.headers['retry-after'])).toBeLessThan(9 * 3_600 + 600);
});
