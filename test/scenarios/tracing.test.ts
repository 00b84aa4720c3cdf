import { Agent, request as nodeRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts';
import { redisAvailable, startRedis } from '../support/redis-server.ts';
import { fault, json } from '../support/stub-answers.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const P = '/dfw/v2/700100';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const traceparent = `00-${TRACE}-${PARENT}-01`;
const headers = { traceparent, tracestate: 'vendor=1' };

let upstream: StubUpstream;
let collector: OtlpReceiver;
let gateway: TestGateway;
beforeEach(async () => {
  upstream = await startStubUpstream();
  collector = await startOtlpReceiver();
});
afterEach(async () => {
  await gateway?.close();
  await collector.close();
  await upstream.close();
});

const start = async (tracing: object, more: object = {}) => {
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { tracing, cache: { warm: [] }, limits: { enabled: false }, ...more },
  });
  const dfw = upstream.region('DFW');
  dfw.on('GET /os-keypairs', json({ keypairs: [] }));
  return dfw;
};

/** The spans there are once the gateway has ended, which sends what it has. */
async function spans(): Promise<ReceivedSpan[]> {
  await gateway.close();
  return collector.spans;
}

const named = (all: readonly ReceivedSpan[], name: string) => all.filter((span) => span.name === name);

describe('trace context', () => {
  it.each([
    ['a list', `${P}/servers/detail`, 'GET /servers/detail'],
    ['a cacheable list', `${P}/flavors/detail`, 'GET /flavors/detail'],
    ['what streams through', `${P}/os-keypairs`, 'GET /os-keypairs'],
  ])('goes up as it came for %s where nothing is traced', async (_what, path, asked) => {
    const dfw = await start({});
    await ask(gateway.url + path, { headers });
    expect(dfw.requests(asked).at(-1)!.headers).toMatchObject(headers);
    expect(collector.requests).toBe(0);
  });

  it.each([
    'rubbish',
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `ff-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01\\`,
  ])('that is none (%s) goes up to no region for a cacheable list', async (wrong) => {
    const dfw = await start({});
    await ask(`${gateway.url}${P}/flavors/detail`, { headers: { ...headers, traceparent: wrong } });
    const [seen] = dfw.requests('GET /flavors/detail');
    expect(seen!.headers).not.toHaveProperty('traceparent');
    expect(seen!.headers).not.toHaveProperty('tracestate');
  });
});

describe('traces', () => {
  it.each([
    ['an operation', `${P}/servers/detail`, 'listServersDetail', 'GET /servers/detail'],
    ['a cacheable list', `${P}/flavors/detail`, 'listFlavorsDetail', 'GET /flavors/detail'],
    ['what streams through', `${P}/os-keypairs`, 'other', 'GET /os-keypairs'],
  ])(
    'of %s hang from the caller’s span, and the region’s from the attempt’s',
    async (_what, path, operation, asked) => {
      const dfw = await start({ otlp: collector.url });
      await ask(gateway.url + path, { headers });
      const [seen] = dfw.requests(asked);
      const all = (await spans()).filter(({ traceId }) => traceId === TRACE);
      const [server] = all.filter(({ kind }) => kind === 2);
      expect(server).toMatchObject({
        name: `GET ${operation}`,
        parentSpanId: PARENT,
        traceState: 'vendor=1',
        attributes: {
          'http.request.method': 'GET',
          'http.response.status_code': 200,
          'sluice.operation': operation,
          'sluice.account': 'main',
          'sluice.region': 'DFW',
        },
        resource: { 'service.name': 'sluice', 'service.instance.id': expect.stringMatching(/./) },
      });
      const [attempt] = all.filter(({ kind }) => kind === 3);
      expect(attempt).toMatchObject({
        name: `GET ${operation}`,
        attributes: { 'http.response.status_code': 200, 'server.address': '127.0.0.1' },
      });
      expect(seen!.headers).toMatchObject({
        traceparent: `00-${TRACE}-${attempt!.spanId}-01`,
        tracestate: 'vendor=1',
      });
      const parents = new Map(all.map((span) => [span.spanId, span]));
      const isCached = operation === 'listFlavorsDetail';
      expect(parents.get(attempt!.parentSpanId!)?.name).toBe(isCached ? 'cache' : server!.name);
    },
  );

  it('have hits, on the fast path too', async () => {
    await start({ otlp: collector.url });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const get = (own: object) =>
      new Promise((resolve, reject) => {
        nodeRequest(`${gateway.url}${P}/flavors/detail`, { agent, headers: { ...own } }, (answer) => {
          answer.resume().once('end', () => resolve(answer.headers['x-cache']));
        })
          .once('error', reject)
          .end();
      });
    try {
      expect([await get({}), await get({}), await get(headers)]).toEqual(['MISS', 'HIT', 'HIT']);
    } finally {
      agent.destroy();
    }
    const own = (await spans()).filter(({ traceId }) => traceId === TRACE);
    const [server] = named(own, 'GET listFlavorsDetail');
    expect(server).toMatchObject({ parentSpanId: PARENT, attributes: { 'sluice.cache.verdict': 'hit' } });
    expect(named(own, 'cache')).toMatchObject([{ parentSpanId: server!.spanId }]);
    expect(own).toHaveLength(2);
  });

  it('have a span for the login, and one for each attempt', async () => {
    const dfw = await start({ otlp: collector.url });
    dfw.on('GET /servers/detail', fault('serviceUnavailable', 503, 'no'), json({ servers: [] }));
    await ask(`${gateway.url}${P}/servers/detail`, { headers });
    const all = await spans();
    expect(named(all, 'login')).toMatchObject([{ kind: 3, attributes: { 'sluice.account': 'main' } }]);
    const attempts = all.filter(({ traceId, kind }) => traceId === TRACE && kind === 3);
    expect(attempts).toMatchObject([
      { status: 2, attributes: { 'http.response.status_code': 503, 'error.type': '503' } },
      { status: 0, attributes: { 'http.response.status_code': 200, 'http.request.resend_count': 1 } },
    ]);
  });

  it('have a span for the wait for a slot', async () => {
    const dfw = await start(
      { otlp: collector.url },
      { limits: { source: 'static', static: [{ verb: 'GET', uri: '*', value: 1, unit: 'SECOND' }] } },
    );
    const get = (own: object, limit: number) =>
      ask(`${gateway.url}${P}/servers/detail?limit=${limit}`, { headers: { ...own } });
    await Promise.all([get({}, 1), get({}, 2), get(headers, 3)]);
    expect(dfw.count('GET /servers/detail')).toBe(3);
    const own = (await spans()).filter(({ traceId }) => traceId === TRACE);
    const [server] = named(own, 'GET listServersDetail').filter(({ kind }) => kind === 2);
    expect(named(own, 'wait for a slot')).toMatchObject([{ parentSpanId: server!.spanId, kind: 1 }]);
    expect(server!.attributes['sluice.limit.wait_ms']).toBeGreaterThan(0);
  });

  it.skipIf(!redisAvailable())('have a span for what Redis is asked for a request', async () => {
    const redis = await startRedis();
    try {
      await start({ otlp: collector.url }, { redis: { url: redis.url, signingKeys: ['k'.repeat(32)] } });
      const begins = () => gateway.metric('sluice_redis_duration_seconds_count', { operation: 'begin' });
      const noCache = { ...headers, 'cache-control': 'max-age=0' };
      const once = async () => {
        await ask(`${gateway.url}${P}/flavors/detail`, { headers: noCache });
        return begins();
      };
      await expect
        .poll(once, {
          timeout: 60_000,
        })
        .toBeGreaterThan(0);
      const own = (await spans()).filter(({ traceId }) => traceId === TRACE);
      const caches = named(own, 'cache').map(({ spanId }) => spanId);
      const [begin] = named(own, 'redis begin');
      expect(begin).toMatchObject({ kind: 3, attributes: { 'db.system.name': 'redis' } });
      expect(caches).toContain(begin!.parentSpanId);
    } finally {
      await redis.stop();
    }
  });

  it('that begin here are sent in their share, others as their callers have decided', async () => {
    const dfw = await start({ otlp: collector.url, ratio: 0 });
    await ask(`${gateway.url}${P}/servers/detail`);
    await ask(`${gateway.url}${P}/servers/detail`, { headers });
    await ask(`${gateway.url}${P}/servers/detail`, {
      headers: { traceparent: `00-${TRACE.replace('4', '5')}-${PARENT}-00` },
    });
    expect(
      dfw.requests('GET /servers/detail').map(({ headers: seen }) => String(seen['traceparent']).slice(-3)),
    ).toEqual(['-00', '-01', '-00']);
    expect(new Set((await spans()).map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
  });

  it('cost one line when the collector is away, and hold up neither requests nor the end', async () => {
    await collector.close();
    await start({ otlp: collector.url });
    expect((await ask(`${gateway.url}${P}/servers/detail`)).status).toBe(200);
    await gateway.close();
    const lines = gateway.logged().filter(({ msg }) => /collector of tracing\.otlp/.test(String(msg)));
    expect(lines.length).toBeLessThanOrEqual(1);
  });

  it('hold nothing secret of a request', async () => {
    await start({ otlp: collector.url });
    await ask(`${gateway.url}${P}/servers/detail?marker=a-secret-marker`, {
      headers: { 'x-auth-token': 'a-secret-token' },
    });
    const text = JSON.stringify(await spans());
    expect(text).toContain('listServersDetail');
    expect(text).not.toMatch(/a-secret|stub-token/);
  });
});
