import { expect, test } from 'vitest';
import type { Exchange } from '../../src/simulator/exchange.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { faultOf, startSimulator } from '../unit/simulator/running-simulator.ts';

const ok = async (answer: Promise<Response>) => (await answer).status;

test('a rule fails as many requests as it says, with its status and Retry-After', async () => {
  const { session, simulator } = await startSimulator();
  const { ask } = await session();
  simulator.control.chaos.add({ path: '^/flavors', effect: 'status', status: 503, retryAfter: 7, times: 1 });
  const failed = await ask('/flavors');
  expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '7']);
  expect(await faultOf(failed)).toBe('serviceUnavailable');
  simulator.control.chaos.add({ path: '^/images', effect: 'status', status: 503, times: 1 });
  expect(await (await ask('/images.xml')).text()).toContain('<serviceUnavailable');
  expect(await ok(ask('/flavors'))).toBe(200);
  expect(await ok(ask('/images'))).toBe(200);
});

test('a reset breaks the connection before the request is done, resetAfter behind it', async () => {
  const { session, simulator } = await startSimulator();
  const { ask } = await session();
  const { images } = (await (await ask('/images')).json()) as { images: { id: string }[] };
  const create = () =>
    ask('/servers', {
      method: 'POST',
      body: JSON.stringify({ server: { name: 'one', imageRef: images[0]!.id, flavorRef: '2' } }),
    });
  const servers = async () =>
    ((await (await ask('/servers')).json()) as { servers: object[] }).servers.length;
  simulator.control.chaos.add({ method: 'POST', effect: 'reset', times: 1 });
  await expect(create()).rejects.toThrow();
  expect(await servers()).toBe(0);
  simulator.control.chaos.clear();
  simulator.control.chaos.add({ method: 'POST', effect: 'resetAfter', times: 1 });
  await expect(create()).rejects.toThrow();
  expect(await servers()).toBe(1);
});

test('a truncated body ends before its length, a broken one does not parse', async () => {
  const { session, simulator } = await startSimulator();
  const { ask } = await session();
  simulator.control.chaos.add({ effect: 'truncate', times: 1 });
  const truncated = await ask('/flavors/detail');
  expect(truncated.status).toBe(200);
  await expect(truncated.text()).rejects.toThrow();
  simulator.control.chaos.clear();
  simulator.control.chaos.add({ effect: 'brokenJson', times: 1 });
  const broken = await ask('/flavors/detail');
  expect(broken.status).toBe(200);
  const text = await broken.text();
  expect(() => JSON.parse(text)).toThrow();
});

test('a hang ends when the caller gives up, and closing does not wait for it', async () => {
  const { session, simulator } = await startSimulator();
  const { ask } = await session();
  simulator.control.chaos.add({ effect: 'hang' });
  const abort = new AbortController();
  const hanging = ask('/flavors', { signal: abort.signal });
  hanging.catch(() => {});
  const alsoHanging = ask('/images');
  alsoHanging.catch(() => {});
  while (simulator.control.chaos.list()[0]!.hits < 2) await settle();
  abort.abort();
  await expect(hanging).rejects.toThrow();
  await simulator.close();
  await expect(alsoHanging).rejects.toThrow();
});

test('a delayed answer comes when its time has come', async () => {
  const clock = new FakeClock();
  const { session, simulator } = await startSimulator({}, clock);
  const { ask } = await session();
  simulator.control.chaos.add({ latency: { ms: 5_000 }, times: 1 });
  let answered = false;
  const answer = ask('/flavors').then((response) => {
    answered = true;
    return response;
  });
  while (clock.pending === 0) await settle();
  clock.tick(4_999);
  await settle();
  expect(answered).toBe(false);
  clock.tick(1);
  expect((await answer).status).toBe(200);
});

test('a region that is down resets every connection while the others go on', async () => {
  const { session, simulator } = await startSimulator();
  const [dfw, ord] = [await session('DFW'), await session('ORD')];
  simulator.control.setRegionDown('dfw', true);
  await expect(dfw.ask('/flavors')).rejects.toThrow();
  expect(await ok(ord.ask('/flavors'))).toBe(200);
  simulator.control.setRegionDown('DFW', false);
  expect(await ok(dfw.ask('/flavors'))).toBe(200);
  expect(() => simulator.control.setRegionDown('MARS', true)).toThrow(/MARS/);
});

test('a rule may revoke every token or take a region down', async () => {
  const { session, simulator } = await startSimulator();
  const { ask } = await session();
  simulator.control.chaos.add({ effect: 'revokeTokens', times: 1 });
  expect(await ok(ask('/flavors'))).toBe(401);
  const next = await session();
  simulator.control.chaos.add({ effect: 'regionDown', region: 'DFW', times: 1 });
  await expect(next.ask('/flavors')).rejects.toThrow();
  expect(simulator.control.regionsDown()).toEqual(['DFW']);
});

test('rules of the configuration apply only while chaos is enabled, and so does the admin API', async () => {
  const rules = [{ effect: 'status', status: 500, service: 'compute' }] as const;
  const calm = await startSimulator({ chaos: { rules } });
  expect(await ok((await calm.session()).ask('/flavors'))).toBe(200);
  expect((await fetch(`${calm.url}/_simulator`)).status).toBe(404);
  const wild = await startSimulator({ chaos: { enabled: true, rules } });
  expect(await ok((await wild.session()).ask('/flavors'))).toBe(500);
  expect((await fetch(`${wild.url}/_simulator`)).status).toBe(200);
});

test('the admin API adds and removes rules, turns time, revokes tokens and breaks servers', async () => {
  const { session, url, simulator, clock } = await startSimulator({ chaos: { enabled: true } });
  const { ask } = await session();
  const admin = async (method: string, path: string, body?: object) => {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${url}/_simulator${path}`, { method, ...json });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const added = await admin('POST', '/chaos', { id: 'gone', effect: 'status', status: 500 });
  expect(added).toEqual({ status: 200, body: { id: 'gone' } });
  expect(await ok(ask('/flavors'))).toBe(500);
  expect((await admin('GET', '/chaos')).body).toMatchObject({ rules: [{ id: 'gone', hits: 1 }] });
  expect((await admin('DELETE', '/chaos/gone')).status).toBe(200);
  expect((await admin('DELETE', '/chaos/gone')).status).toBe(404);
  const wrong = async (rule: object) => JSON.stringify((await admin('POST', '/chaos', rule)).body);
  expect(await wrong({ effect: 'explode' })).toContain('allowed values: none, status, reset');
  expect(await wrong({ efect: 'reset' })).toContain('efect (there are id, service');
  expect(await wrong({ path: '((' })).toContain('no regular expression');
  await admin('POST', '/chaos', { id: 'twice', path: 'never' });
  expect(await wrong({ id: 'twice' })).toContain('there is a chaos rule twice already');

  const { images } = (await (await ask('/images')).json()) as { images: { id: string }[] };
  const server = { name: 'one', imageRef: images[0]!.id, flavorRef: '2' };
  const created = await ask('/servers', { method: 'POST', body: JSON.stringify({ server }) });
  const { id } = ((await created.json()) as { server: { id: string } }).server;
  const broken = await admin('POST', '/regions/DFW/fail', {
    kind: 'server',
    id,
    message: 'the host caught fire',
    code: 404,
    details: 'rack 7',
  });
  expect(broken.status).toBe(200);
  expect(await (await ask(`/servers/${id}`)).json()).toMatchObject({
    server: {
      status: 'ERROR',
      fault: { code: 404, message: 'the host caught fire', details: 'rack 7' },
    },
  });

  const xml = await (await ask(`/servers/${id}.xml`)).text();
  expect(xml).toMatch(/<fault code="404"[^>]*><message>the host caught fire<\/message><details>rack 7</);
  expect((await admin('POST', '/regions/DFW/status', { id, status: 'SHUTOFF' })).status).toBe(200);
  expect(await (await ask(`/servers/${id}`)).json()).toMatchObject({
    server: { status: 'SHUTOFF', 'OS-EXT-STS:power_state': 4 },
  });
  for (const status of ['DELETED', 'ASLEEP'])
    expect((await admin('POST', '/regions/DFW/status', { id, status })).status).toBe(400);
  expect((await admin('POST', '/regions/DFW/status', { id: 'none', status: 'ACTIVE' })).status).toBe(404);

  await admin('POST', '/regions/DFW', { scarcity: true, imagesDown: true });
  expect(await ok(ask('/images'))).toBe(500);
  await admin('POST', '/regions/DFW', { imagesDown: false });
  const full = await ask('/servers', { method: 'POST', body: JSON.stringify({ server }) });
  expect(await faultOf(full)).toBe('serverCapacityUnavailable');
  await admin('POST', '/regions/DFW', { scarcity: false, databaseDown: true });
  expect(await (await ask('/servers')).json()).toMatchObject({
    computeFault: { code: 500, message: expect.stringContaining('The database of DFW cannot be reached') },
  });
  await admin('POST', '/regions/DFW', { databaseDown: false, volumesDown: true });
  const attached = { volumeAttachment: { volumeId: '5f0c7a10-5555-4a6e-b0d2-31c4aa000005' } };
  const attach = () =>
    ask(`/servers/${id}/os-volume_attachments`, { method: 'POST', body: JSON.stringify(attached) });
  expect(await ok(attach())).toBe(500);
  await admin('POST', '/regions/DFW', { volumesDown: false });
  const mistaken = await admin('POST', '/regions/DFW', { databaseDown: 'yes' });
  expect([mistaken.status, JSON.stringify(mistaken.body)]).toEqual([
    400,
    expect.stringContaining('databaseDown must be a boolean'),
  ]);
  const unknown = await admin('POST', '/regions/DFW', { glanceDown: true });
  expect(JSON.stringify(unknown.body)).toContain(
    'A region has down, scarcity, imagesDown, volumesDown, databaseDown',
  );
  for (const wrong of [{}, { up: true }, { down: 'yes' }])
    expect((await admin('POST', '/regions/DFW', wrong)).status).toBe(400);

  await admin('POST', '/identity', { down: true });
  expect(await ok(ask('/flavors'))).toBe(503);
  await admin('POST', '/identity', { down: false });
  expect(await ok(ask('/flavors'))).toBe(200);

  expect((await admin('POST', '/regions/ORD', { down: true })).body).toEqual({ regionsDown: ['ORD'] });
  expect((await admin('POST', '/time', { advanceMs: 86_400_000 })).status).toBe(200);
  expect(clock.now()).toBe(new FakeClock().now());
  expect(await ok(ask('/flavors'))).toBe(401);
  await session();
  expect((await admin('POST', '/tokens/revoke')).body).toEqual({ revoked: 1 });
  expect((await admin('GET', '')).body).toMatchObject({ logins: 2, operations: { 'DFW createServer': 2 } });
  expect((await admin('POST', '/counters/reset')).status).toBe(200);
  expect(simulator.control.countOperation('createServer')).toBe(0);
  for (const advanceMs of ['x', -1]) expect((await admin('POST', '/time', { advanceMs })).status).toBe(400);
});

test('whoever observes hears what was done with each request, and how its caller was left', async () => {
  const heard: Exchange[] = [];
  const observe = (exchange: Exchange) => void heard.push(exchange);
  const { session, simulator, url } = await startSimulator(
    { chaos: { enabled: true } },
    new FakeClock(),
    observe,
  );
  const { ask } = await session();
  const outcomes = () =>
    heard.splice(0).map(({ region, fate, status, done }) => [region, fate, status, done?.answer.status]);
  expect(outcomes()).toEqual([[null, 'answered', 200, 200]]);
  await ask('/flavors');
  await ask('/nothing');
  for (const effect of ['status', 'brokenJson'] as const) {
    simulator.control.chaos.add({ effect, times: 1 });
    await ask('/flavors');
    simulator.control.chaos.clear();
  }
  for (const effect of ['reset', 'resetAfter', 'truncate'] as const) {
    simulator.control.chaos.add({ effect, times: 1 });
    await expect(ask('/flavors').then((answer) => answer.text())).rejects.toThrow();
    simulator.control.chaos.clear();
  }
  simulator.control.setRegionDown('DFW', true);
  await expect(ask('/flavors')).rejects.toThrow();
  await fetch(`${url}/_simulator`);
  expect(outcomes()).toEqual([
    ['DFW', 'answered', 200, 200],
    ['DFW', 'answered', 404, 404],
    ['DFW', 'refused', 503, undefined],
    ['DFW', 'broken', 200, 200],
    ['DFW', 'reset', undefined, undefined],
    ['DFW', 'reset', undefined, 200],
    ['DFW', 'truncate', undefined, 200],
    ['DFW', 'reset', undefined, undefined],
  ]);
});
