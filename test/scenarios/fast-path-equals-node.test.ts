import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { callerScripts, type Step } from '../support/caller-scripts.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { playScript } from '../support/play-script.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { json, noContent } from '../support/stub-answers.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';
import type { ReadAnswer } from '../support/transcript.ts';

/**
 * Whatever a caller writes on one connection, however it is cut into pieces, it is answered by a gateway with the fast path exactly
 * as by one without: the same answers in the same order, and the same end.
 */

const P = '/dfw/v2/700100';
const billing = testClient('billing');
const scripts = callerScripts(billing.key, testClient('billing').key);
const RUNS = 120;

let upstream: StubUpstream;
let gateways: readonly TestGateway[];

beforeAll(async () => {
  const clock = new FakeClock(Date.now());
  upstream = await startStubUpstream({ now: () => clock.now(), tokenLifeMs: 30 * 86_400_000 });
  scriptRegion(upstream.region('DFW'));
  const start = (fastPath: boolean) =>
    startGateway({
      identityUrl: upstream.identityUrl,
      clock,
      settings: {
        ...keysMode([billing]),
        limits: { enabled: false },
        upstream: { retries: 0 },
        trustProxy: ['127.0.0.1'],
        listen: [
          { port: 0, fastPath, access: { mode: 'open' } },
          { port: 0, fastPath },
        ],
      } as never,
    });
  gateways = [await start(true), await start(false)];
  // What is cached of it is cached before, since requests that come at once may be served at once.
  for (const url of gateways.flatMap(({ urls }) => urls)) {
    const connection = await connectRaw(url);
    for (const path of ['/flavors/detail', '/flavors/2', '/images/detail', '/extensions', '/limits'])
      for (const fields of [{}, { Accept: 'application/xml' }, { 'Accept-Encoding': 'gzip' }])
        await connection.ask(P + path, { Host: 'gw', ...billing.headers, ...fields });
    connection.close();
  }
});

afterAll(async () => {
  for (const gateway of gateways) await gateway.close();
  await upstream.close();
});

function scriptRegion(region: StubRegion): void {
  region.on(
    'GET /servers/*',
    json(({ path }: { path: string }) => ({ server: { id: path, name: 'größer' } })),
  );
  region.on('GET /servers/dropped', ({ takeOver }) => void takeOver().destroy());
  region.on('GET /servers/slow', async (exchange) => {
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    return json({ server: { id: 'slow' } })(exchange);
  });
  region.on('GET /servers/wrong', json({ unknown: 'kind' }, 404));
  region.on('GET /os-held', json({ held: [{ links: [{ rel: 'self', href: 'http://elsewhere/1' }] }] }));
  region.on('GET /os-nothing', noContent());
  region.on(
    'GET /os-failed',
    json({ computeFault: { code: 500, message: 'no' } }, 500, { 'X-Own': 'größer' }),
  );
  region.on('GET /os-streamed', async ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    for (let part = 0; part < 3; part++) {
      response.write(`part ${part} `);
      await new Promise(setImmediate);
    }
    response.end('the end');
  });
  region.on('GET /os-bytes', ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': 200_000 });
    response.end(Buffer.alloc(200_000, 'bytes'));
  });
  region.on('GET /os-coded', ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.end(gzipSync('{"coded":true}'));
  });
  region.on(
    'POST /os-taken',
    json(({ body }: { body: string }) => ({ taken: body.length }), 201),
  );
}

/** What must be the same whoever writes an answer. */
function essence({ status, fields, body }: ReadAnswer) {
  const same = fields.map((field) => field.replace(/^(X-(?:Compute|Openstack)-Request-Id|Date): .*/i, '$1'));
  return { status, fields: same.sort(), body: body.replaceAll(/req-[0-9a-f-]{36}|sluice_token_[\w-]+/g, '') };
}

/** Plays a script at each gateway: what came back, and how it ended. */
const playAtBoth = (listener: number, steps: readonly Step[]) =>
  Promise.all(
    gateways.map(async ({ urls }) => {
      const { answers, ...how } = await playScript(urls[listener]!, steps);
      return { answers: answers.map(essence), ...how };
    }),
  );

it('requests one after another are answered, counted and logged as without the fast path', async () => {
  await fc.assert(
    fc.asyncProperty(scripts, async ({ listener, steps }) => {
      // Of those behind an answer that ends the connection it is chance which are begun.
      const inTurn = steps.map((step) => ({ ...step, waits: true, cuts: [] }));
      const [fast, plain] = await playAtBoth(listener, inTurn);
      expect(fast).toEqual(plain);
    }),
    { numRuns: RUNS },
  );
  const [fast, plain] = gateways as [TestGateway, TestGateway];
  const wanted = await counted(plain);
  await expect.poll(() => counted(fast)).toEqual(wanted);
  expect(logged(fast)).toEqual(logged(plain));
});

it('requests that are cut anywhere and sent behind one another are answered as without it', async () => {
  await fc.assert(
    fc.asyncProperty(scripts, async ({ listener, steps }) => {
      const [fast, plain] = await playAtBoth(listener, steps);
      expect(fast).toEqual(plain);
    }),
    { numRuns: RUNS },
  );
});

it('whenever its caller leaves, nothing of it is left', async () => {
  const leaving = fc.record({
    after: fc.integer({ min: 0, max: 8 }),
    how: fc.constantFrom('resetAndDestroy' as const, 'destroy' as const, 'end' as const),
  });
  await fc.assert(
    fc.asyncProperty(scripts, leaving, async ({ listener, steps }, how) => {
      await Promise.all(gateways.map(({ urls }) => playScript(urls[listener]!, steps, how)));
    }),
    { numRuns: RUNS },
  );
  for (const gateway of gateways) {
    const gauges = ['http_connections', 'http_requests_in_flight', 'upstream_requests_in_flight'];
    const held = () => Promise.all(gauges.map((name) => gateway.metric(`sluice_${name}`)));
    await expect.poll(held).toEqual([0, 0, 0]);
  }
});

/** What was counted of requests; the bytes of a stream behind others are known roughly. */
async function counted({ adminUrl }: TestGateway): Promise<string[]> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => /^sluice_(?:http_requests|cache_\w+|access_\w+)_total/.test(line))
    .sort();
}

/** The lines of the log, the audit log's among them, apart from when it was, how much and whose. */
const logged = (gateway: TestGateway): string[] =>
  gateway
    .logged()
    .map((line) => JSON.stringify({ ...line, time: 0, id: '', 'http.response.body.size': 0 }))
    .map((line) => line.replaceAll(/req-[0-9a-f-]{36}/g, 'req'))
    .sort();
