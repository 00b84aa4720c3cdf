import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { describe, expect } from 'vitest';
import { type AskOptions, ask } from '../support/ask.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { scenario } from '../support/scenario.ts';
import { fault } from '../support/stub-answers.ts';

const GRACE_MS = 60_000;
const DELAY_MS = 1_500;
const KEY = { 'idempotency-key': 'k-1' };
const refuseToken = fault('unauthorized', 401, 'The stub takes no token.');

const { it, gateway, upstream, dfw } = scenario('test');

const servers = () => `${gateway.url}/dfw/v2/700100/servers`;

it('requests under way get their whole answers, known and passed through', async () => {
  dfw.on('GET /os-keypairs', ({ response }) => void response.end('{"keypairs":[]}'));
  const gate = dfw.hold('GET /*');
  const running = [ask(servers()), ask(`${gateway.url}/dfw/v2/700100/os-keypairs`)];
  await gate.arrived(2);
  const closed = gateway.close(GRACE_MS);
  gate.open();
  const answers = await Promise.all(running);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(answers[0]!.text).toContain('"servers"');
  expect(answers[1]!.text).toBe('{"keypairs":[]}');
  await closed;
});

it('new callers are refused, and /readyz says that it stops, while one is still served', async () => {
  const gate = dfw.hold('GET /servers');
  const running = ask(servers());
  await gate.arrived(1);
  const closed = gateway.close(GRACE_MS);
  const ready = await ask(`${gateway.adminUrl}/readyz`);
  expect(ready.status).toBe(503);
  expect(ready.json()).toMatchObject({ status: 'stopping' });
  await expect(ask(servers())).rejects.toThrow(/ECONNREFUSED/);
  gate.open();
  expect((await running).status).toBe(200);
  await closed;
});

it('kept-alive connections end: idle ones do not hold the process up, busy ones after their answer', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const send = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const outgoing = request(servers(), { agent }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0));
      });
      outgoing.once('error', reject);
      outgoing.end();
    });
  await Promise.all([send(), send()]);
  const gate = dfw.hold('GET /servers');
  const running = send();
  await gate.arrived(1);
  const closed = gateway.close(GRACE_MS);
  gate.open();
  expect(await running).toBe(200);
  await closed;
  agent.destroy();
});

it('a kept-alive caller loses no request: the next one is answered, and its connection ends with the answer', async () => {
  dfw.on('GET /os-keypairs', ({ response }) => void response.end('{"keypairs":[]}'));
  const paths = ['/flavors', '/servers', '/os-keypairs', '/'].map((path) => `/dfw/v2/700100${path}`);
  const connections = await Promise.all(paths.map(() => connectRaw(gateway.url)));
  for (const connection of connections) await connection.ask('/dfw/v2/700100/flavors');
  const closed = gateway.close(GRACE_MS);
  for (const [at, connection] of connections.entries()) {
    const answer = await connection.ask(paths[at]!);
    expect([answer.status, answer.field('connection')], paths[at]).toEqual([200, 'close']);
  }
  await closed;
});

describe('whoever still waits for a region when the time is up', () => {
  const base = () => `${gateway.url}/dfw/v2/700100`;
  const running = async (route: string, url: string, options: AskOptions = {}) => {
    const gate = dfw.hold(route);
    const answer = ask(url, options);
    await gate.arrived(1);
    await gateway.close(1);
    return answer;
  };
  const line = () => gateway.logged().find(({ msg }) => msg === 'request')!;

  it.each([
    ['a read', '/servers'],
    ['a read that may be cached', '/flavors'],
    ['what goes through', '/os-keypairs'],
  ])('%s gets a 503 fault that says when to come back', async (_what, path) => {
    const { status, headers, json } = await running(`GET ${path}`, base() + path);
    expect([status, headers['retry-after'], headers.connection]).toEqual([503, '1', 'close']);
    expect(json()).toHaveProperty('serviceUnavailable.message', expect.stringContaining('shutting down'));
    expect(line()).toMatchObject({ status: 503, 'error.type': 'stopping' });
    expect(gateway.logged().filter(({ msg }) => msg === 'request')).toHaveLength(1);
  });

  it('a list of every region likewise', async () => {
    const { status } = await running('GET /servers', `${gateway.url}/all/v2/700100/servers`);
    expect(status).toBe(503);
  });

  it.each([
    ['a create', 'POST', '/servers', {}, 'Look before you send it again.', undefined],
    ['a create with a key', 'POST', '/servers', KEY, 'Send it again with the same Idempotency-Key', '5'],
    [
      'an action with a key',
      'POST',
      '/servers/1/action',
      KEY,
      'use a new key to have it done again',
      undefined,
    ],
    ['a change', 'PUT', '/servers/1', {}, 'Look before you send it again.', undefined],
    ['a write that goes through', 'POST', '/os-keypairs', {}, 'Look before you send it again.', undefined],
  ])(
    '%s is told that it may have been done, and what to do',
    async (_what, method, path, key, todo, after) => {
      const { status, headers, json } = await running(`${method} ${path}`, base() + path, {
        method,
        headers: { 'content-type': 'application/json', ...key },
        body: path.endsWith('/action')
          ? '{"reboot": {"type": "SOFT"}}'
          : '{"server": {"name": "a", "imageRef": "1", "flavorRef": "1"}}',
      });
      expect([status, headers['retry-after']]).toEqual([500, after]);
      expect(json()).toHaveProperty('computeFault.message', expect.stringContaining('may have been done'));
      expect(json()).toHaveProperty('computeFault.message', expect.stringContaining(todo));
      expect(line()).toMatchObject({ status: 500, 'error.type': 'stopping' });
    },
  );

  it('an answer that has begun and does not end is cut', async () => {
    dfw.on('GET /os-things', async ({ request: { closed }, response }) => {
      response.writeHead(200, { 'content-length': 100 }).write('{');
      await closed;
    });
    const connection = await connectRaw(gateway.url);
    connection.write('GET /dfw/v2/700100/os-things HTTP/1.1\r\nHost: gw\r\n\r\n');
    await once(connection.socket, 'data');
    const closed = once(connection.socket, 'close');
    await gateway.close(1);
    await closed;
  });
});

describe('before the listener closes, for shutdown.delayMs', () => {
  it('/readyz is 503 at once while new connections are still served, and each ends with its answer', async () => {
    const kept = await connectRaw(gateway.url);
    await kept.ask('/dfw/v2/700100/flavors');
    const closed = gateway.close(GRACE_MS, DELAY_MS);
    const ready = await ask(`${gateway.adminUrl}/readyz`);
    expect([ready.status, ready.json<{ status: string }>().status]).toEqual([503, 'stopping']);
    for (const connection of [kept, await connectRaw(gateway.url)]) {
      const answer = await connection.ask('/dfw/v2/700100/flavors');
      expect([answer.status, answer.field('connection')]).toEqual([200, 'close']);
    }
    await closed;
    await expect(ask(servers())).rejects.toThrow(/ECONNREFUSED/);
  });

  it('the log says when it drains, when it takes nobody any more, and when it has stopped', async () => {
    await gateway.close(GRACE_MS, 1);
    expect(gateway.logged().map(({ msg }) => msg)).toEqual(
      expect.arrayContaining([
        'draining: not ready any more',
        'no more connections are taken; what runs may finish',
        'stopped',
      ]),
    );
  });
});

describe('whoever waits for a slot when the listener closes', () => {
  const narrow = (value: number, unit: string) =>
    gateway.reload({
      limits: {
        source: 'static',
        static: [{ verb: 'GET', uri: '/servers', value, unit }],
        maxWaitMs: 600_000,
      },
    });
  const untilWaiting = (depth: number) =>
    expect.poll(() => gateway.metric('sluice_limit_queue_depth'), { timeout: 20_000 }).toBe(depth);

  it('and cannot have one in time is told at once, with a 503 fault that says when to come back', async () => {
    await narrow(1, 'MINUTE');
    expect((await ask(servers())).status).toBe(200);
    const waiting = [ask(servers()), ask(`${servers()}.xml`), ask(`${servers()}?limit=1`)];
    await untilWaiting(3);
    const closed = gateway.close(GRACE_MS / 4);
    const answers = await Promise.all(waiting);
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    for (const { headers } of answers) expect(headers['retry-after']).toBe('1');
    expect(answers[0]!.json()).toMatchObject({ serviceUnavailable: { code: 503 } });
    expect(answers[1]!.text).toContain('<serviceUnavailable');
    await closed;
  });

  it('and can have one gets it, and its answer', async () => {
    await narrow(1, 'SECOND');
    expect((await ask(servers())).status).toBe(200);
    const waiting = ask(servers());
    await untilWaiting(1);
    const closed = gateway.close(GRACE_MS);
    expect((await waiting).status).toBe(200);
    await closed;
  });

  it('is told so even where there is no grace', async () => {
    await narrow(1, 'MINUTE');
    expect((await ask(servers())).status).toBe(200);
    const waiting = ask(servers());
    await untilWaiting(1);
    await gateway.close(0);
    expect((await waiting).status).toBe(503);
  });
});

it('whoever waits for a login that does not end is told so, and when to come back', async () => {
  const gate = upstream.identity.hold('POST /tokens');
  dfw.on('GET /servers', refuseToken);
  const waiting = ask(servers());
  await gate.arrived(1);
  await gateway.close(400);
  const { status, headers } = await waiting;
  expect([status, headers['retry-after']]).toEqual([503, '1']);
  gate.open();
});

it('connections that never sent a byte, or but half a head, hold nothing up', async () => {
  const [silent, half, later] = await Promise.all([1, 2, 3].map(() => connectRaw(gateway.url)));
  half!.write('GET /dfw/v2/700100/flavors HTTP/1.1\r\nHost: gw\r\n');
  await later!.ask('/dfw/v2/700100/flavors');
  later!.write('GET /dfw');
  const ended = [silent, half, later].map((connection) => once(connection!.socket, 'close'));
  await gateway.close(600_000);
  await Promise.all(ended);
});

it('a caller whose body was refused does not hold it up either', async () => {
  const connection = await connectRaw(gateway.url);
  connection.write('POST /dfw/v2/700100/servers HTTP/1.1\r\nHost: gw\r\nContent-Length: 100000000\r\n\r\n{');
  expect((await connection.answer()).status).toBe(413);
  await gateway.close(600_000);
});
