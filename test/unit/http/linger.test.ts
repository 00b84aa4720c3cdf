import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LINGER_BOUNDS, type LingerBounds, linger } from '../../../src/http/linger.ts';

const AMPLE: LingerBounds = { bytes: 1e9, silenceMs: 60_000, totalMs: 60_000 };
let server: Server;
let caller: Socket;
let served: Socket;

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const connected = once(server, 'connection');
  caller = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  caller.on('error', () => {});
  [served] = (await connected) as [Socket];
  served.on('error', () => {});
});

afterEach(() => {
  caller.destroy();
  served.destroy();
  server.close();
});

it('ends what is said, and then waits for the other side to end', async () => {
  served.write('answer');
  linger(served, AMPLE);
  const [answer] = await once(caller, 'data');
  expect(String(answer)).toBe('answer');
  await once(caller, 'end');
  expect(served.destroyed).toBe(false);
  caller.end('more');
  await once(served, 'close');
});

it('closes at once where the other side has ended already', async () => {
  caller.end();
  served.resume();
  await once(served, 'end');
  linger(served, AMPLE);
  await once(served, 'close');
});

it.each<[string, Partial<LingerBounds>, (caller: Socket) => void]>([
  ['more than it takes', { bytes: 1_000_000 }, (socket) => void socket.write(Buffer.alloc(8_000_000))],
  ['nothing for long', { silenceMs: 50 }, () => {}],
  [
    'a little now and then, for too long',
    { totalMs: 100 },
    (socket) => {
      const timer = setInterval(() => socket.write('x'), 5);
      socket.once('close', () => clearInterval(timer));
    },
  ],
])('closes on a caller that sends %s', async (_what, bounds, act) => {
  linger(served, { ...AMPLE, ...bounds });
  caller.resume();
  act(caller);
  await once(served, 'close');
});

it('waits two seconds for a caller that has said everything and keeps its side open', () => {
  expect(LINGER_BOUNDS.silenceMs).toBeLessThanOrEqual(2_000);
  expect(LINGER_BOUNDS.totalMs).toBeLessThanOrEqual(30_000);
});
