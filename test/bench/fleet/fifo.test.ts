import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createFifoProxy } from '../../../bench/fleet/fifo/proxy.ts';
import { FifoQueue } from '../../../bench/fleet/fifo/queue.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

describe('a FIFO queue', () => {
  it('lets as many through as the limit has room for, the others in the order of their coming', async () => {
    const clock = new FakeClock();
    const queue = new FifoQueue(2, 1000, clock);
    const served: number[] = [];
    const answered: (() => void)[] = [];
    for (let index = 0; index < 5; index++)
      void queue.take().then((done) => {
        served.push(index);
        answered.push(done);
      });
    await settle();
    expect([served, queue.length]).toEqual([[0, 1], 3]);
    answered[1]!();
    await clock.advance(500);
    answered[0]!();
    await clock.advance(549);
    expect(served).toEqual([0, 1]);
    await clock.advance(1);
    expect(served).toEqual([0, 1, 2]);
    await clock.advance(500);
    expect([served, queue.length]).toEqual([[0, 1, 2, 3], 1]);
  });

  it('keeps to its limit in every span of a unit, however many come', async () => {
    const clock = new FakeClock();
    const queue = new FifoQueue(3, 1000, clock);
    const at: number[] = [];
    for (let index = 0; index < 3000; index++)
      void queue.take().then((done) => {
        at.push(clock.monotonic());
        done();
      });
    await clock.advance(1_100_000);
    expect(at).toHaveLength(3000);
    expect(at.every((time, index) => index < 3 || time - at[index - 3]! > 1000)).toBe(true);
  });
});

describe('the FIFO proxy', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.closeAllConnections();
  });
  const listen = (server: Server): Promise<string> => {
    servers.push(server);
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () =>
        resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
      );
    });
  };

  it('passes requests on as they are, and holds those that a limit is about', async () => {
    const seen: string[] = [];
    const upstream = await listen(
      createServer((request, response) => {
        seen.push(
          `${request.method} ${request.url} ${request.headers.host} ${request.headers['x-auth-token']}`,
        );
        request.pipe(response.writeHead(202, { 'x-from': 'region' }));
      }),
    );
    const clock = new FakeClock();
    const limits = [{ method: 'POST', path: '^/servers', value: 1, unitMs: 60_000 }];
    const proxy = await listen(createFifoProxy(upstream, limits, clock));
    const ask = (path: string) =>
      fetch(proxy + path, { method: 'POST', body: 'a body', headers: { 'x-auth-token': 't' } });
    const first = await ask('/servers?a=b');
    expect([first.status, first.headers.get('x-from'), await first.text()]).toEqual([
      202,
      'region',
      'a body',
    ]);
    expect(seen).toEqual([`POST /servers?a=b ${new URL(proxy).host} t`]);
    await expect.poll(() => clock.pending).toBe(1);
    const second = ask('/servers/2');
    expect((await ask('/images')).status).toBe(202);
    expect(seen).toHaveLength(2);
    await clock.advance(60_050);
    expect((await second).status).toBe(202);
    expect(seen[2]).toContain('POST /servers/2');
  });

  it('breaks the connection of a caller whose answer never comes', async () => {
    const upstream = await listen(createServer((request) => request.socket.destroy()));
    const proxy = await listen(createFifoProxy(upstream, [], new FakeClock()));
    await expect(fetch(`${proxy}/x`)).rejects.toThrow();
  });
});
