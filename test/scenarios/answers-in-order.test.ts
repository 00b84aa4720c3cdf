import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { connectRaw, type RawConnection } from '../support/raw-connection.ts';
import { json } from '../support/stub-answers.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const P = '/dfw/v2/700100';
const get = (path: string, ...fields: string[]) =>
  `GET ${P}${path} HTTP/1.1\r\n${['Host: gw', ...fields].join('\r\n')}\r\n\r\n`;
const HIT = get('/flavors/detail');
const post = (body: string, ...fields: string[]) =>
  `POST ${P}/servers HTTP/1.1\r\n${['Host: gw', 'Content-Type: application/json', ...fields].join('\r\n')}\r\n\r\n${body}`;

/** What no HTTP parser takes for a request, or for one more. */
const RUBBISH: [string, string][] = [
  ['noise', 'rubbish\r\n\r\n'],
  ['one byte that begins no method', '\u0001'],
  ['a version nobody speaks', 'GET / HTTP/9.9\r\n\r\n'],
  ['the beginning of a TLS session', '\u0016\u0003\u0001\u0002\u0000'],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  ['a head that is too large', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`],
];

describe.each([true, false])('with the fast path: %s', (fastPath) => {
  let upstream: StubUpstream;
  let gateway: TestGateway;
  let dfw: StubRegion;
  let connection: RawConnection;

  beforeAll(async () => {
    upstream = await startStubUpstream();
    dfw = upstream.region('DFW');
    dfw.on('GET /servers/*', json({ server: { id: '1', links: [] } }));
    gateway = await startGateway({
      identityUrl: upstream.identityUrl,
      settings: { listen: { fastPath, headersTimeoutMs: 3_000 } },
    });
  });

  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  beforeEach(async () => {
    connection = await connectRaw(gateway.url);
    await connection.ask(`${P}/flavors/detail`);
    return () => connection.close();
  });

  const statuses = async (count: number) => {
    const seen: number[] = [];
    while (seen.length < count) seen.push((await connection.answer()).status);
    return seen;
  };
  /** Nothing more came, and the connection is over. */
  const ended = () => expect(connection.answer()).rejects.toThrow('ended after ""');

  describe('a hit, and behind it', () => {
    it.each(RUBBISH)('%s: the hit is answered, then the 400', async (_what, rubbish) => {
      connection.write(HIT + rubbish);
      expect(await statuses(2)).toEqual([200, 400]);
      await ended();
    });

    it.each(RUBBISH)('%s in a packet of its own', async (_what, rubbish) => {
      connection.write(HIT);
      connection.write(rubbish);
      expect(await statuses(2)).toEqual([200, 400]);
      await ended();
    });

    it('the end of the connection: the hit is answered', async () => {
      connection.socket.end(HIT, 'latin1');
      expect(await statuses(1)).toEqual([200]);
      await ended();
    });

    it('half a head that never ends: the hit, then 408 with a fault', async () => {
      connection.write(`${HIT}GET /dfw HTT`);
      expect((await connection.answer()).status).toBe(200);
      const late = await connection.answer();
      expect(late.status).toBe(408);
      expect(JSON.parse(late.body)).toMatchObject({ computeFault: { code: 408 } });
      await ended();
    });

    it('a request that says it is the last, and rubbish that is then nobody’s', async () => {
      connection.write(`${HIT + get('/flavors', 'Connection: close')}rubbish\r\n\r\n`);
      expect(await statuses(2)).toEqual([200, 200]);
      await ended();
    });

    it('CONNECT, which is refused', async () => {
      connection.write(`${HIT}CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n`);
      expect(await statuses(2)).toEqual([200, 405]);
      await ended();
    });
  });

  describe('CONNECT', () => {
    const CONNECT = 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n';

    it('by a caller that breaks its connection then ends nothing but that', async () => {
      const errors: unknown[] = [];
      const note = (error: unknown) => void errors.push(error);
      process.on('uncaughtException', note);
      const connections = () => gateway.metric('sluice_http_connections');
      const before = await connections();
      const gate = dfw.hold('GET /servers/1');
      const caller = await connectRaw(gateway.url);
      caller.write(get('/servers/1') + CONNECT);
      await gate.arrived(1);
      caller.socket.resetAndDestroy();
      const other = await connectRaw(gateway.url);
      expect((await other.ask('a:443', {}, 'CONNECT')).status).toBe(405);
      other.socket.resetAndDestroy();
      await expect.poll(connections).toBe(before);
      gate.open();
      process.off('uncaughtException', note);
      expect(errors).toEqual([]);
    });

    it('behind a long stream leaves that whole', async () => {
      const bytes = Buffer.alloc(4 * 1024 * 1024, 'bytes');
      dfw.on('GET /os-long', ({ response }) => {
        response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
      });
      connection.write(get('/os-long') + CONNECT);
      expect((await connection.answer()).body).toHaveLength(bytes.length);
      expect(await statuses(1)).toEqual([405]);
      await ended();
    });
  });

  describe('a request that takes its time, and behind it', () => {
    it.each(RUBBISH)('%s: it is answered first', async (_what, rubbish) => {
      const gate = dfw.hold('GET /servers/1');
      connection.write(HIT + get('/servers/1') + HIT + rubbish);
      await gate.arrived(1);
      gate.open();
      expect(await statuses(4)).toEqual([200, 200, 200, 400]);
      await ended();
    });

    it('hits, and refusals, and writes: all in their order', async () => {
      const gate = dfw.hold('GET /servers/2');
      const body = '{"server":{"name":"a","imageRef":"1","flavorRef":"2"}}';
      connection.write(get('/servers/2') + HIT + get('/nowhere/../x'));
      connection.write(post(body, `Content-Length: ${body.length}`) + HIT);
      await gate.arrived(1);
      gate.open();
      expect(await statuses(5)).toEqual([200, 200, 400, 202, 200]);
    });

    it('the end of the connection: its caller has left', async () => {
      const gate = dfw.hold('GET /servers/3');
      connection.write(get('/servers/3') + get('/servers/4'));
      await gate.arrived(1);
      connection.socket.end();
      const [request] = dfw.requests('GET /servers/3');
      await request!.closed;
      expect(request!.aborted).toBe(true);
      gate.open();
    });

    it('more requests whose caller leaves: none of them is left waiting', async () => {
      const gate = dfw.hold('GET /servers/*');
      connection.write(get('/servers/5') + get('/servers/6') + get('/servers/7'));
      await gate.arrived(3);
      connection.close();
      const left = ['5', '6', '7'].map((id) => dfw.requests(`GET /servers/${id}`)[0]!);
      await Promise.all(left.map(({ closed }) => closed));
      expect(left.map(({ aborted }) => aborted)).toEqual([true, true, true]);
      gate.open();
    });
  });

  describe('a body that turns out to be none', () => {
    it.each([
      ['a chunk whose length is no number', 'Transfer-Encoding: chunked', 'xyz\r\n'],
      ['a chunk that is longer than it says', 'Transfer-Encoding: chunked', '1\r\nabc\r\n'],
    ])('%s is 400, once', async (_what, framing, body) => {
      connection.write(HIT + post(body, framing));
      expect(await statuses(2)).toEqual([200, 400]);
      await ended();
    });

    it('is 400 when the caller closes its side too early', async () => {
      connection.socket.end(HIT + post('{"server"', 'Content-Length: 100'), 'latin1');
      expect(await statuses(2)).toEqual([200, 400]);
    });
  });

  describe('thousands of requests at once', () => {
    it('are all answered, in their order, and a body among them stays one', async () => {
      const numbered = Array.from({ length: 3_000 }, (_, at) => get(`/flavors/${(at % 2) + 2}`));
      const body = `{"server":{"name":"${'n'.repeat(20_000)}","imageRef":"1","flavorRef":"2"}}`;
      numbered.splice(1_500, 0, post(body, `Content-Length: ${body.length}`));
      connection.write(numbered.join(''));
      for (let at = 0; at < numbered.length; at++) {
        const answer = await connection.answer();
        if (at === 1_500) expect(answer.status).toBe(202);
        else expect(answer.body).toContain(`flavors/${((at < 1_500 ? at : at - 1) % 2) + 2}"`);
      }
    });

    it('do not keep another caller from its turn', async () => {
      const gate = dfw.hold('GET /servers');
      const flood = get('/servers');
      connection.write(flood.repeat(5_000));
      await gate.arrived(1);
      expect((await (await connectRaw(gateway.url)).ask(`${P}/flavors/detail`)).status).toBe(200);
      expect(dfw.count('GET /servers')).toBeLessThan(500);
      connection.close();
      gate.open();
    });
  });

  it('a head of more than a hundred fields is refused, and nothing of it is dropped on the way', async () => {
    const fields = (count: number) => Array.from({ length: count - 1 }, (_, at) => `X-${at}: a`);
    connection.write(get('/flavors/detail', ...fields(100)));
    expect((await connection.answer()).status).toBe(200);
    for (const count of [101, 102, 2_500]) {
      connection.write(get('/flavors/detail', ...fields(count)));
      expect((await connection.answer()).status).toBe(400);
    }
  });

  it('a target that is longer than a head may be is 414', async () => {
    for (const length of [40_000, 200_000]) {
      const other = await connectRaw(gateway.url);
      other.write(`GET /${'x'.repeat(length)} HTTP/1.1\r\nHost: gw\r\n\r\n`);
      const answer = await other.answer();
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([414, { computeFault: { code: 414 } }]);
      if (!other.socket.destroyed) await once(other.socket, 'close');
    }
  });
});
