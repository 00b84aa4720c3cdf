import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

/**
 * A service that answers as soon as it has read a request's head, and closes with the body unread: what proxies in front of
 * real services do with what is too large for them. The kernel then resets the connection.
 */
let hasty: Server;
let status = 413;
let says = '';
let upstream: StubUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  hasty = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.pause();
      const head = `HTTP/1.1 ${status} Early\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n${says}\r\n`;
      socket.write(`${head}early`, () => socket.destroy());
    });
  });
  await new Promise<void>((resolve) => hasty.listen(0, '127.0.0.1', resolve));
  const { port } = hasty.address() as { port: number };
  const publicURL = `http://127.0.0.1:${port}`;
  upstream = await startStubUpstream({
    services: [{ name: 'glance', type: 'image', endpoints: [{ region: 'DFW', publicURL }] }],
  });
  gateway = await startGateway({ identityUrl: upstream.identityUrl });
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await new Promise((resolve) => hasty.close(resolve));
});

const upload = (bytes: number) =>
  ask(`${gateway.url}/dfw/services/image/v2/images/1/file`, {
    method: 'PUT',
    body: Buffer.alloc(bytes, 'x'),
  });

describe.each([
  ['with Connection: close', 'Connection: close\r\n'],
  ['without a word of it', ''],
])('a service that answers in the middle of a body and closes, %s', (_what, words) => {
  it.each([
    ['held whole', 900_000],
    ['streamed', 2 * 1024 * 1024],
    ['streamed, larger than all buffers', 24 * 1024 * 1024],
  ])('is heard, the body %s', async (_size, bytes) => {
    says = words;
    status = 413;
    const statuses: number[] = [];
    for (let time = 0; time < 20; time++) {
      const answered = await upload(bytes);
      expect(answered.text).toBe('early');
      statuses.push(answered.status);
    }
    expect(new Set(statuses)).toEqual(new Set([413]));
  });

  it('is heard when it refuses the token: the caller is told to come back', async () => {
    says = words;
    status = 401;
    for (let time = 0; time < 3; time++) {
      const { status: got, headers } = await upload(2 * 1024 * 1024);
      expect(got).toBe(503);
      expect(headers['retry-after']).toMatch(/^\d+$/);
    }
  });
});

it.each([
  ['held whole', 900_000],
  ['streamed', 2 * 1024 * 1024],
  ['streamed, larger than all buffers', 24 * 1024 * 1024],
])(
  'a service that answers early and reads no more holds up nobody behind, the body %s',
  async (_size, bytes) => {
    let connections = 0;
    const deaf = createServer((socket) => {
      connections++;
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 413 Early\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nearly');
      });
    });
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
    const { port } = deaf.address() as { port: number };
    const cloud = await startStubUpstream({
      services: [
        {
          name: 'glance',
          type: 'image',
          endpoints: [{ region: 'DFW', publicURL: `http://127.0.0.1:${port}` }],
        },
      ],
    });
    const front = await startGateway({
      identityUrl: cloud.identityUrl,
      settings: { upstream: { connections: 1 } },
    });
    try {
      for (let time = 1; time <= 3; time++) {
        const { status: given, text } = await ask(`${front.url}/dfw/services/image/v2/images/1/file`, {
          method: 'PUT',
          body: Buffer.alloc(bytes, 'x'),
        });
        expect([given, text, connections]).toEqual([413, 'early', time]);
      }
    } finally {
      await front.close();
      await cloud.close();
      deaf.close();
    }
  },
);
