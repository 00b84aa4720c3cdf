import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json } from '../support/stub-answers.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const TTL_MS = 60_000;
let clock: FakeClock;
let upstream: StubUpstream;
let gateway: TestGateway;
let dfw: StubRegion;
let base: string;

beforeAll(async () => {
  clock = new FakeClock(Date.now());
  upstream = await startStubUpstream({ now: () => clock.now() });
  dfw = upstream.region('DFW');
  dfw.on('GET /os-keypairs', json({ keypairs: [] }));
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    clock,
    settings: { upstream: { connections: 1, connectionTtlMs: TTL_MS } },
  });
  base = `${gateway.url}/dfw/v2/700100`;
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** How many connections the region has seen after these requests, and what the last of them said about its own. */
async function asked(...paths: string[]) {
  for (const path of paths) expect((await ask(base + path)).status).toBe(200);
  return { connections: dfw.connections, last: dfw.requests().at(-1)?.headers['connection'] };
}

describe('a connection to a region', () => {
  it('serves until its time is over, then one request more that says so; the next has a new one', async () => {
    expect(await asked('/servers', '/os-keypairs', '/servers')).toEqual({
      connections: 1,
      last: 'keep-alive',
    });
    clock.tick(TTL_MS * 0.79);
    expect(await asked('/servers', '/os-keypairs')).toEqual({ connections: 1, last: 'keep-alive' });
    clock.tick(TTL_MS * 0.22);
    expect(await asked('/os-keypairs')).toEqual({ connections: 1, last: 'close' });
    expect(await asked('/servers', '/os-keypairs')).toEqual({ connections: 2, last: 'keep-alive' });
  });

  it('has a new life of its own each time', async () => {
    const before = dfw.connections;
    for (let life = 1; life <= 3; life++) {
      clock.tick(TTL_MS + 1);
      expect(await asked('/servers')).toMatchObject({ last: 'close' });
      expect(await asked('/servers')).toEqual({ connections: before + life, last: 'keep-alive' });
    }
  });
});
