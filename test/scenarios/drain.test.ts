import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { scenario } from '../support/scenario.ts';
import { hang } from '../support/stub-answers.ts';

const GRACE_MS = 60_000;

const { it, gateway, dfw } = scenario('test');

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

it('a request that does not end is cut when its time is up', async () => {
  dfw.on('GET /servers', hang);
  const gate = dfw.hold('GET /servers');
  const running = ask(servers());
  const cut = expect(running).rejects.toThrow();
  await gate.arrived(1);
  gate.open();
  await gateway.close(1);
  await cut;
});

it('a request that waits for a slot of a limit is not left hanging', async () => {
  await gateway.reload({
    limits: {
      source: 'static',
      static: [{ verb: 'GET', uri: '/servers', value: 1, unit: 'MINUTE' }],
      maxWaitMs: 600_000,
    },
  });
  expect((await ask(servers())).status).toBe(200);
  const waiting = ask(servers()).then(
    ({ status }) => status,
    () => 'cut',
  );
  while ((await gateway.metric('sluice_limit_queue_depth')) === 0) await new Promise(setImmediate);
  await gateway.close(1);
  expect(['cut', 503]).toContain(await waiting);
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
