import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { connectRaw, type RawConnection } from '../support/raw-connection.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const P = '/dfw/v2/700100';
const MEBIBYTE = 1024 * 1024;

describe.each([true, false])('with the fast path: %s', (fastPath) => {
  let upstream: StubUpstream;
  let gateway: TestGateway;
  let dfw: StubRegion;

  beforeAll(async () => {
    upstream = await startStubUpstream();
    dfw = upstream.region('DFW');
    const times = { headersTimeoutMs: 1_500, bodyTimeoutMs: 1_500, writeTimeoutMs: 1_500 };
    gateway = await startGateway({
      identityUrl: upstream.identityUrl,
      settings: { listen: { fastPath, ...times } },
    });
  });

  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  const url = (listener: string) => (listener === 'callers' ? gateway.url : gateway.adminUrl);

  /** Goes on sending a byte now and then until the connection is over. */
  function drip({ socket }: RawConnection, byte: string): void {
    const timer = setInterval(() => socket.writableEnded || socket.write(byte), 20);
    socket.once('close', () => clearInterval(timer));
  }

  async function over({ socket }: RawConnection): Promise<void> {
    if (!socket.closed) await once(socket.end(), 'close');
  }

  describe.concurrent.each(['callers', 'operators'])('at the listener of %s', (listener) => {
    it.each([
      ['says nothing', ''],
      ['has begun a request line', 'GET /dfw'],
      ['has begun a field', `GET ${P}/flavors HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A`],
      ['has not ended its head', `GET ${P}/flavors HTTP/1.1\r\nHost: 127.0.0.1\r\n`],
      ['has answers behind it', 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /h'],
    ])('a connection that %s is told 408 with a fault, and ends', async (_what, bytes) => {
      const connection = await connectRaw(url(listener));
      if (bytes !== '') connection.write(bytes);
      if (bytes.endsWith('/h')) await connection.answer();
      const answer = await connection.answer();
      expect([answer.status, answer.field('connection')]).toEqual([408, 'close']);
      expect(JSON.parse(answer.body)).toMatchObject({ computeFault: { code: 408 } });
      await over(connection);
    });

    it('a head that comes byte by byte is told so, too', async () => {
      const connection = await connectRaw(url(listener));
      connection.write('GET / HTTP/1.1\r\nX: ');
      drip(connection, 'x');
      expect((await connection.answer()).status).toBe(408);
      await over(connection);
    });
  });

  const post = (path: string, framing: string, ...fields: string[]) =>
    `POST ${path} HTTP/1.1\r\n${['Host: 127.0.0.1', 'Content-Type: application/json', framing, ...fields].join('\r\n')}\r\n\r\n`;

  describe.concurrent('a body that does not come in', () => {
    it.each([
      ['of an operation', `${P}/servers`, 'Content-Length: 100', '{'],
      ['in chunks', `${P}/servers`, 'Transfer-Encoding: chunked', '1\r\n{\r\n'],
      ['of a login', '/v2.0/tokens', 'Content-Length: 100', '{'],
      ['of what is passed on', `${P}/os-things`, 'Content-Length: 100', '{'],
      ['of a large thing that is streamed on', `${P}/os-things`, `Content-Length: ${4 * MEBIBYTE}`, '{'],
    ])('%s is 408', async (_what, path, framing, begin) => {
      const connection = await connectRaw(gateway.url);
      connection.write(post(path, framing) + begin);
      const answer = await connection.answer();
      expect([answer.status, answer.field('connection')]).toEqual([408, 'close']);
      expect(Object.values(JSON.parse(answer.body))).toMatchObject([{ code: 408 }]);
      await over(connection);
    });

    it('but byte by byte, is 408 in the format of its caller', async () => {
      const connection = await connectRaw(gateway.url);
      connection.write(post(`${P}/servers`, 'Content-Length: 100000', 'Accept: application/xml'));
      drip(connection, ' ');
      const answer = await connection.answer();
      expect([answer.status, answer.body]).toEqual([408, expect.stringContaining('code="408"')]);
      await over(connection);
    });

    it('ends what was begun with it at the region', async ({ expect }) => {
      const connection = await connectRaw(gateway.url);
      connection.write(post(`${P}/os-streamed`, `Content-Length: ${4 * MEBIBYTE}`));
      connection.write(' '.repeat(MEBIBYTE));
      expect((await connection.answer()).status).toBe(408);
      await expect.poll(() => dfw.connections).toBeGreaterThan(0);
      await over(connection);
      // The next one finds a region that still answers.
      expect((await (await connectRaw(gateway.url)).ask(`${P}/servers`)).status).toBe(200);
    });

    it('of a purge is 408', async () => {
      const connection = await connectRaw(gateway.adminUrl);
      connection.write(`${post('/admin/cache/purge', 'Content-Length: 100')}{`);
      expect((await connection.answer()).status).toBe(408);
      await over(connection);
    });
  });

  it('a body that takes long but comes in is taken, however long it is', async () => {
    const connection = await connectRaw(gateway.url);
    const body = `{"server":{"name":"a","imageRef":"1","flavorRef":"2"}}`.padEnd(512 * 1024);
    connection.write(post(`${P}/servers`, `Content-Length: ${body.length}`));
    for (let at = 0; at < body.length; at += 32 * 1024) {
      connection.write(body.slice(at, at + 32 * 1024));
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect((await connection.answer()).status).toBe(202);
    connection.close();
  });

  it('a request that waits for its answer is in nobody’s debt', async () => {
    const gate = dfw.hold('GET /servers/detail');
    const connection = await connectRaw(gateway.url);
    connection.write(`GET ${P}/servers/detail HTTP/1.1\r\nHost: gw\r\n\r\nGET ${P}/flav`);
    await gate.arrived(1);
    const silent = await connectRaw(gateway.url);
    // By then the head that has begun behind it is late as well, but nobody was reading it.
    expect((await silent.answer()).status).toBe(408);
    expect((await (await connectRaw(gateway.url)).answer()).status).toBe(408);
    gate.open();
    expect((await connection.answer()).status).toBe(200);
    connection.write('ors HTTP/1.1\r\nHost: gw\r\n\r\n');
    expect((await connection.answer()).status).toBe(200);
    connection.close();
  });

  it('a caller that never reads its answer loses it, and so does the region that was sending it', async () => {
    const image = { id: '1', name: 'x'.repeat(64 * MEBIBYTE), status: 'ACTIVE', links: [] };
    dfw.on('GET /os-large', ({ response }) => void response.end(JSON.stringify({ image })));
    const connection = await connectRaw(gateway.url);
    expect((await connection.ask(`${P}/flavors`)).status).toBe(200);
    connection.socket.pause();
    connection.write(`GET ${P}/os-large HTTP/1.1\r\nHost: gw\r\n\r\n`);
    await expect.poll(() => dfw.count('GET /os-large')).toBe(1);
    const [request] = dfw.requests('GET /os-large');
    await request!.closed;
    connection.socket.resume();
    await expect(connection.answer()).rejects.toThrow('the connection ended');
    dfw.forget();
  });
});
