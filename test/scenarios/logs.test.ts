import { describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { fault, json, reset } from '../support/stub-answers.ts';

const { it, gateway, upstream, dfw } = scenario('test', {
  settings: { access: { clients: [{ name: 'billing' }] }, trustProxy: ['127.0.0.1'] },
});

const get = (path: string, headers: Record<string, string> = {}) =>
  ask(`${gateway.url}/dfw/v2/700100${path}`, { headers });

const lastLine = () =>
  gateway
    .logged()
    .filter(({ msg }) => msg === 'request')
    .at(-1)!;

it('a request’s line tells who asked what from where, what it cost and how it was answered', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const headers = {
    'x-sluice-client': 'billing',
    'user-agent': 'novaclient/1.0',
    'x-forwarded-for': '192.0.2.7',
    traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
  };
  for (const [cache, attempts] of [
    ['miss', 1],
    ['hit', undefined],
  ] as const) {
    const answer = await get('/flavors?limit=3', headers);
    expect(lastLine()).toMatchObject({
      id: answer.headers['x-compute-request-id'],
      client: 'billing',
      cache,
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.response.body.size': Buffer.byteLength(answer.text),
      'http.route': '/{region}/v2/{tenant}/flavors',
      'url.path': '/dfw/v2/700100/flavors',
      'network.peer.address': expect.stringContaining('127.0.0.1'),
      'client.address': '192.0.2.7',
      'user_agent.original': 'novaclient/1.0',
      cacheReason: cache === 'hit' ? 'fresh' : 'absent',
      trace_id: traceId,
    });
    expect(lastLine()['attempts']).toBe(attempts);
    expect(lastLine()).not.toHaveProperty('error.type');
    expect(lastLine()).toHaveProperty('instance');
  }
});

it('the id of a line is the one its caller got, on streamed paths too', async () => {
  const own = { 'x-compute-request-id': 'req-of-the-region' };
  dfw.on('GET /os-keypairs', json({ keypairs: [] }, 200, own));
  dfw.on('GET /servers', json({ servers: [] }, 200, own));
  for (const path of ['/os-keypairs', '/servers']) {
    const { headers } = await get(path);
    expect(headers['x-compute-request-id']).toBe('req-of-the-region');
    expect(lastLine()).toMatchObject({ id: 'req-of-the-region', attempts: 1 });
  }
  dfw.on('GET /os-keypairs', json({ keypairs: [] }));
  const { headers } = await get('/os-keypairs');
  expect(lastLine()['id']).toBe(headers['x-compute-request-id']);
});

it('a refusal of Sluice’s own says why; what a region refuses is not Sluice’s', async () => {
  await get('/servers', { accept: 'text/html' });
  expect(lastLine()).toMatchObject({
    status: 406,
    'error.type': 'computeFault',
    reason: expect.stringMatching(/\w/),
  });
  await ask(`${gateway.url}/nowhere/v2/700100/servers`);
  expect(lastLine()).toMatchObject({ status: 404, 'error.type': 'itemNotFound' });
  dfw.on('GET /servers/1', fault('itemNotFound', 404, 'No such server.'));
  await get('/servers/1');
  expect(lastLine()['status']).toBe(404);
  expect(lastLine()).not.toHaveProperty('error.type');
  await gateway.reload({
    limits: { source: 'static', static: [{ verb: 'DELETE', uri: '*', value: 0, unit: 'DAY' }] },
  });
  await ask(`${gateway.url}/dfw/v2/700100/servers/1`, { method: 'DELETE' });
  expect(lastLine()).toMatchObject({ status: 413, 'error.type': 'limit-forbidden' });
});

describe('the line of a request that ends in a fault says what it has cost', () => {
  const WRITE = { headers: { 'content-type': 'application/json' }, body: '{"server": {"name": "a"}}' };
  const named = { 'x-compute-request-id': 'req-of-the-region' };

  it.each([
    ['a read', '/servers/1', 'GET', 3, 503],
    ['a read that may be cached', '/flavors', 'GET', 3, 503],
    ['a write', '/servers/1', 'PUT', 1, 500],
    ['what goes through', '/os-keypairs', 'GET', 3, 503],
  ])('%s that is never answered', async (_what, path, method, attempts, status) => {
    dfw.on(`${method} ${path}`, reset);
    const { headers } = await ask(`${gateway.url}/dfw/v2/700100${path}`, {
      method,
      ...(method === 'PUT' ? WRITE : {}),
    });
    expect(lastLine()).toMatchObject({ status, attempts, id: headers['x-compute-request-id'] });
    expect(lastLine()['upstreamMs']).toBeGreaterThan(0);
    expect(lastLine()).not.toHaveProperty('upstreamId');
  });

  it('a write whose answer a proxy lost, with the id that the region knows it by', async () => {
    dfw.on('DELETE /servers/1', json({}, 502, named));
    const { headers } = await ask(`${gateway.url}/dfw/v2/700100/servers/1`, { method: 'DELETE' });
    expect(headers['x-compute-request-id']).not.toBe('req-of-the-region');
    expect(lastLine()).toMatchObject({ status: 500, attempts: 3, upstreamId: 'req-of-the-region' });
  });

  it('one that the region refused for a rate, and that may not wait so long', async () => {
    dfw.on('GET /servers', json({ overLimit: { code: 413 } }, 413, { ...named, 'retry-after': '3000' }));
    const { status } = await get('/servers', { 'x-sluice-max-wait': '1000' });
    expect(status).toBe(413);
    expect(lastLine()).toMatchObject({ status: 413, attempts: 1, upstreamId: 'req-of-the-region' });
  });

  it('one that waited for a slot in vain', async () => {
    const row = { verb: 'GET', uri: '/servers', value: 1, unit: 'MINUTE' };
    await gateway.reload({ limits: { source: 'static', static: [row], maxWaitMs: 600_000 } });
    await get('/servers');
    const waiting = get('/servers');
    await expect
      .poll(() => gateway.metric('sluice_limit_queue_oldest_seconds'), { timeout: 60_000 })
      .toBeGreaterThan(0.02);
    await gateway.close(0);
    const { status, headers } = await waiting;
    expect(status).toBe(503);
    expect(Number(headers['x-sluice-wait-ms'])).toBeGreaterThanOrEqual(20);
    expect(lastLine()).toMatchObject({ status: 503, 'error.type': 'stopping' });
    expect(lastLine()['waitMs']).toBeGreaterThanOrEqual(20);
    expect(lastLine()).not.toHaveProperty('attempts');
  });
});

it('no token gets into a path, whoever puts it where', async () => {
  const token = upstream.identity.tokens.at(-1)!;
  await ask(`${gateway.url}/v2.0/tokens/${token}`);
  expect(gateway.logText()).not.toContain(token);
  const key = 'k'.repeat(64);
  await get(`/os-thing/${key}`);
  expect(gateway.logText()).not.toContain(key);
});

it('a slow request is a warning', async () => {
  await gateway.reload({ log: { slowMs: 1, requests: 'errors' } });
  const gate = dfw.hold('GET /servers');
  const running = get('/servers');
  await gate.arrived(1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  gate.open();
  await running;
  expect(lastLine()).toMatchObject({ level: 40, slow: true, status: 200 });
});

it('at level debug the decisions are told: the cache’s, the limits’, each attempt', async () => {
  await gateway.reload({ log: { level: 'debug' } });
  gateway.logLevel('debug');
  dfw.on('GET /flavors', fault('computeFault', 503, 'Not now.'), json({ flavors: [] }));
  const { headers } = await get('/flavors');
  const told = gateway.logged().filter(({ level }) => level === 20);
  expect(told.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['cache', 'slot', 'attempt']));
  const attempts = told.filter(({ msg }) => msg === 'attempt');
  expect(attempts.map((line) => [line['attempt'], line['http.response.status_code']])).toEqual([
    [1, 503],
    [2, 200],
  ]);
  expect(new Set(attempts.map(({ requestId }) => requestId)).size).toBe(1);
  expect([lastLine()['id'], lastLine()['ownId']]).toContain(attempts[0]!['requestId']);
  expect(lastLine()['id']).toBe(headers['x-compute-request-id']);
});

it('what cannot be read is told with a reason', async () => {
  const { connectRaw } = await import('../support/raw-connection.ts');
  const connection = await connectRaw(gateway.url);
  connection.write('GET / HTTP/9.9\r\n\r\n');
  await connection.answer();
  expect(gateway.logged()).toContainEqual(
    expect.objectContaining({ msg: 'a request cannot be read', 'error.type': 'unreadable' }),
  );
});
