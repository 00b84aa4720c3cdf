import { createServer, connect as openSocket, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRedisPair, SILENT_LOG } from '../../../src/redis/connection.ts';
import { redisAvailable, startRedis } from '../../support/redis-server.ts';

/** A way to a Redis that ends each connection, from the second one on, as it asks for a subscription. */
async function startCutter(redisPort: number) {
  const sockets = new Set<Socket>();
  let subscriptions = 0;
  const server = createServer((caller) => {
    const onward = openSocket(redisPort, '127.0.0.1');
    for (const socket of [caller, onward]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    onward.pipe(caller);
    caller.on('data', (bytes) => {
      if (!/\bsubscribe\b/i.test(bytes.toString())) return void onward.write(bytes);
      subscriptions += 1;
      if (subscriptions === 1) onward.write(bytes);
      else caller.destroy();
    });
    caller.on('close', () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  onTestFinished(async () => {
    cut();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `redis://127.0.0.1:${port}`, cut, subscriptions: () => subscriptions };
}

describe.skipIf(!redisAvailable())('the connection that hears of others’ changes', () => {
  it('leaves no promise behind when it ends as it subscribes again, which would end the process', async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const cutter = await startCutter(server.port);
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
    onTestFinished(() => {
      process.removeAllListeners('unhandledRejection');
      for (const other of others) process.on('unhandledRejection', other);
    });

    const settings = { url: cutter.url, sentinels: null, cluster: null, signingKeys: [] };
    const pair = createRedisPair(settings, SILENT_LOG, { purpose: 'test' })!;
    onTestFinished(() => {
      pair.redis.disconnect();
      pair.subscriber.disconnect();
    });
    const outcomes: string[] = [];
    pair.subscriber.on('ready', () => {
      pair.subscriber.subscribe('news').then(
        () => outcomes.push('done'),
        () => outcomes.push('failed'),
      );
    });
    await expect.poll(() => outcomes).toEqual(['done']);

    cutter.cut();
    await expect.poll(() => outcomes.length).toBeGreaterThan(2);
    expect(unhandled).toEqual([]);
  });
});
