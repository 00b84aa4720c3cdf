import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answered, ask } from '../support/ask.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, json, unauthorized, unavailable } from '../support/stub-answers.ts';
import type { StubRate } from '../support/stub-documents.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let clock: FakeClock;
let upstream: StubUpstream;
let gateway: TestGateway | undefined;
let dfw: StubRegion;
let base: string;

beforeEach(async () => {
  clock = new FakeClock(Date.now());
  upstream = await startStubUpstream({ now: () => clock.now() });
  dfw = upstream.region('DFW');
});

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await upstream.close();
});

async function start(settings = {}): Promise<TestGateway> {
  gateway = await startGateway({ identityUrl: upstream.identityUrl, clock, settings });
  base = `${gateway.url}/dfw/v2/700100`;
  return gateway;
}

/** Turns the clock until the answer is here; sockets need turns of the event loop meanwhile. */
async function inTime(asked: Promise<Answered>): Promise<Answered> {
  let isOver = false;
  const watched = asked.finally(() => {
    isOver = true;
  });
  watched.catch(() => {});
  for (let second = 0; second < 60 && !isOver; second++) {
    for (let turn = 0; turn < 50 && !isOver; turn++) await settle();
    if (!isOver) await clock.advance(1000);
  }
  return watched;
}

const fine: Answer = ({ response }) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end('{"servers":[]}');

describe('a region that is away, then refuses the token twice, then answers', () => {
  it.each([
    ['an operation of the guide', '/servers'],
    ['a cached one', '/flavors'],
    ['a path that goes through', '/os-keypairs'],
  ])('costs the caller of %s nothing: it gets the answer', async (_what, path) => {
    await start();
    dfw.on(`GET ${path}`, unavailable, unauthorized, unauthorized, fine);
    const { status, text } = await inTime(ask(base + path));
    expect(status).toBe(200);
    expect(text).toBe('{"servers":[]}');
    expect(dfw.count(`GET ${path}`)).toBe(4);
    expect(upstream.identity.count('POST /tokens')).toBe(2);
  });

  it.each(['/servers', '/os-keypairs'])('is counted alike for %s', async (path) => {
    const front = await start();
    dfw.on(`GET ${path}`, unavailable, unauthorized, unauthorized, fine);
    await inTime(ask(base + path));
    const retries = (reason: string) => front.metric('sluice_upstream_retries_total', { reason });
    expect(await retries('503')).toBe(1);
    expect(await retries('unauthorized')).toBe(2);
    const requests = (status: string) =>
      front.metric('sluice_upstream_requests_total', {
        operation: path === '/servers' ? 'listServers' : 'other',
        status,
      });
    expect([await requests('503'), await requests('401'), await requests('200')]).toEqual([1, 2, 1]);
  });
});

describe('the limits of a region', () => {
  const rates: StubRate[] = [
    {
      uri: '/only-here',
      regex: '^/only-here',
      limit: [
        { verb: 'GET', value: 7, remaining: 7, unit: 'MINUTE', 'next-available': '2026-01-01T00:00:00Z' },
      ],
    },
  ];
  const document = { limits: { rate: rates, absolute: { maxTotalCores: 3 } } };
  const packed: Answer = ({ response }) => {
    const body = gzipSync(JSON.stringify(document));
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'content-length': body.length,
    });
    response.end(body);
  };

  async function published(): Promise<unknown[]> {
    const { json: parse } = await inTime(ask(`${base}/limits`));
    const { limits } = parse<{ limits: { rate: { uri: string }[]; absolute: object } }>();
    return [limits.rate.map(({ uri }) => uri), limits.absolute];
  }

  it('are heard behind a proxy that compresses', async () => {
    dfw.on('GET /limits', packed);
    const front = await start();
    expect(await published()).toEqual([['/only-here'], { maxTotalCores: 3 }]);
    expect(front.logText()).not.toContain('GET /limits failed');
  });

  it.each<[string, Answer[]]>([
    ['the token was refused', [unauthorized]],
    ['the region was away for a moment', [unavailable, unavailable]],
    ['both', [unavailable, unauthorized, unauthorized]],
  ])('are heard although %s', async (_what, before) => {
    dfw.on('GET /limits', before[0]!, ...before.slice(1), json(document));
    const front = await start();
    expect(await published()).toEqual([['/only-here'], { maxTotalCores: 3 }]);
    expect(front.logText()).not.toContain('GET /limits failed');
    expect(dfw.count('GET /limits')).toBe(before.length + 1);
  });

  it('that cannot be read are said in the log, and what was known holds', async () => {
    dfw.on('GET /limits', ({ response }) => void response.end('<html>'));
    const front = await start();
    const [uris] = (await published()) as [string[]];
    expect(uris).toContain('/servers');
    expect(front.logText()).toContain('GET /limits failed');
  });
});

it('with upstream.connections: 1 a region never sees two, whatever is asked', async () => {
  await start({ upstream: { connections: 1 } });
  dfw.on('* /os-keypairs', json({ keypairs: [] }));
  dfw.on('POST /servers', json({ server: { id: '1' } }, 202));
  const gate = dfw.hold('GET /servers');
  const first = ask(`${base}/servers`);
  await gate.arrived(1);
  const upload = 'x'.repeat(2 * 1024 * 1024);
  const rest = [
    ask(`${base}/os-keypairs`),
    ask(`${base}/flavors`),
    ask(`${base}/os-keypairs`, { method: 'POST', body: '{}' }),
    ask(`${base}/os-keypairs`, { method: 'PUT', body: upload }),
    ask(`${base}/servers`, {
      method: 'POST',
      body: '{"server":{}}',
      headers: { 'content-type': 'application/json' },
    }),
    ask(`${base}/images`),
  ];
  for (let turn = 0; turn < 50; turn++) await settle();
  gate.open();
  const answered = await Promise.all([first, ...rest].map(inTime));
  expect(answered.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 202, 200]);
  // The connection that a large body went over is not used again: another one comes in its place.
  expect(dfw.connections).toBeLessThanOrEqual(2);
});
