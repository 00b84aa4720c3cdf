import { once } from 'node:events';
import { connect } from 'node:net';
import { beforeEach, describe, expect } from 'vitest';
import { connectRaw, type RawAnswer, type RawConnection, requestText } from '../support/raw-connection.ts';
import { scenario } from '../support/scenario.ts';
import { json } from '../support/stub-answers.ts';

/** Plain GETs on a kept-alive connection that memory has no answer for: what asks the region, is refused, or streams. */

const P = '/dfw/v2/700100';
const IDLE_MS = 400;

const { it, gateway, dfw } = scenario('test', {
  settings: { listen: { keepAliveTimeoutMs: IDLE_MS } },
  script(upstream) {
    const region = upstream.region('DFW');
    region.on('GET /servers/1', json({ server: { id: '1', name: 'größer' } }));
    region.on('GET /os-keypairs', json({ keypairs: [] }));
    region.on('GET /os-streamed', ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).write('some ');
      response.end('bytes');
    });
  },
});

let connection: RawConnection;
beforeEach(async () => {
  connection = await connectRaw(gateway.url);
  await connection.ask(`${P}/flavors/detail`);
  return () => connection.close();
});

/** Asks what the region does not answer before its gate is opened, and has asked for. */
async function askAndWait() {
  const gate = dfw.hold('GET /servers/1');
  connection.write(requestText('gw', `${P}/servers/1`, {}));
  await gate.arrived(1);
  return gate;
}

/** What must be the same whoever writes an answer, but for the order of its fields. */
function essence({ status, fields, body }: RawAnswer) {
  const same = fields
    .map(([name, value]) =>
      [name, /^(?:X-(?:Compute|Openstack)-Request-Id|Date)$/i.test(name) ? '' : value].join(': '),
    )
    .sort();
  return { status, body: body.replace(/req-[0-9a-f-]{36}/g, 'req'), fields: same };
}

describe('a request that waits on a kept-alive connection is answered like one on a new connection', () => {
  it.each<[string, string, Record<string, string>?]>([
    ['a read of the region', `${P}/servers/1`],
    ['the same in XML', `${P}/servers/1`, { Accept: 'application/xml' }],
    ['a read that nothing is known of', `${P}/os-keypairs`],
    ['a resource that there is not', `${P}/servers/404`],
    ['a tenant that there is not', '/dfw/v2/999/servers'],
    ['a format there is none of', `${P}/servers`, { Accept: 'image/png' }],
    ['a URL that is refused', `${P}/servers/%zz`],
    ['a list of every region', '/all/v2/700100/servers'],
    ['version documents', '/dfw/v2/'],
    ['Identity’s versions', '/v3'],
    ['a token that is nobody’s', '/v3/auth/tokens', { 'X-Auth-Token': 'none' }],
    ['the published limits', `${P}/limits`],
    ['a page for people', '/', { Accept: 'text/html' }],
    ['the description', '/openapi.json'],
  ])('%s', async (_what, path, fields) => {
    // What is cached of it is cached by now.
    await connection.ask(path, fields);
    const fresh = await connectRaw(gateway.url);
    const byNode = await fresh.ask(path, { Host: new URL(gateway.url).host, ...fields });
    fresh.close();
    const beside = await connection.ask(path, fields);
    expect(essence(beside)).toEqual(essence(byNode));
    const { status } = await connection.ask(`${P}/flavors/detail`);
    expect(status).toBe(200);
  });
});

describe('while it waits', () => {
  it('what comes in behind it is answered behind it', async () => {
    const gate = await askAndWait();
    connection.write(requestText('gw', `${P}/flavors/detail`, {}));
    connection.write(requestText('gw', `${P}/servers`, {}, 'HEAD').slice(0, 20));
    gate.open();
    expect((await connection.answer()).body).toContain('"id":"1"');
    expect((await connection.answer()).body).toContain('"flavors"');
    connection.write(requestText('gw', `${P}/servers`, {}, 'HEAD').slice(20));
    expect((await connection.answer('HEAD')).status).toBe(200);
  });

  it('its connection is not idle, and is once it is answered', async () => {
    const gate = await askAndWait();
    const silent = await connectRaw(gateway.url);
    await silent.ask(`${P}/flavors/detail`);
    // Both said their last word at about the same time.
    await once(silent.socket, 'close');
    gate.open();
    expect((await connection.answer()).status).toBe(200);
    await once(connection.socket, 'close');
  });

  it('a caller that leaves ends it at the region, and is counted as 499', async () => {
    await askAndWait();
    connection.close();
    const [request] = dfw.requests('GET /servers/1');
    await request!.closed;
    expect(request!.aborted).toBe(true);
    await expect.poll(() => gateway.metric('sluice_http_requests_total', { status: '499' })).toBe(1);
  });

  it('a caller that closes its side has left, too', async () => {
    const gate = dfw.hold('GET /servers/1');
    const { hostname, port } = new URL(gateway.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.write(requestText('gw', `${P}/flavors/detail`, {}));
    await once(socket, 'data');
    socket.write(requestText('gw', `${P}/servers/1`, {}));
    await gate.arrived(1);
    socket.end();
    const [request] = dfw.requests('GET /servers/1');
    await request!.closed;
    expect(request!.aborted).toBe(true);
    socket.destroy();
  });

  it('a gateway that stops answers it, and says that the connection ends', async () => {
    const gate = await askAndWait();
    const closed = gateway.close(60_000);
    gate.open();
    const answer = await connection.answer();
    expect([answer.status, answer.field('Connection')]).toEqual([200, 'close']);
    await expect(connection.answer()).rejects.toThrow('ended after ""');
    await closed;
  });

  it('a gateway whose time is over tells it so', async () => {
    const gate = await askAndWait();
    const closed = gateway.close(0);
    expect((await connection.answer()).status).toBe(503);
    await closed;
    gate.open();
  });
});

describe('an answer that turns out to stream', () => {
  it('streams, and what comes behind it is answered behind it', async () => {
    const gate = dfw.hold('GET /os-streamed');
    connection.write(requestText('gw', `${P}/os-streamed`, {}));
    await gate.arrived(1);
    connection.write(requestText('gw', `${P}/flavors/detail`, {}));
    const seen: string[] = [];
    connection.socket.on('data', (text) => seen.push(String(text)));
    gate.open();
    await expect.poll(() => seen.join('').split('HTTP/1.1 200 OK').length).toBe(3);
    const [, streamed, hit] = seen.join('').split('HTTP/1.1 200 OK');
    expect(streamed).toMatch(/transfer-encoding: chunked/i);
    expect(streamed!.replace(/\r\n[0-9a-f]+\r\n/g, '')).toContain('some bytes');
    expect(hit).toContain('"flavors"');
    await expect
      .poll(() => gateway.metric('sluice_http_requests_total', { operation: 'other', status: '200' }))
      .toBe(1);
  });

  it('is ended at the region when its caller leaves', async () => {
    const bytes = Buffer.alloc(64 * 1024);
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      dfw.on('GET /os-endless', ({ response }) => {
        response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
        const more = () => {
          sent += bytes.length;
          response.write(bytes);
        };
        response.on('drain', more).on('close', () => resolve());
        more();
      });
    });
    connection.socket.pause();
    connection.write(requestText('gw', `${P}/os-endless`, {}));
    await expect.poll(() => sent).toBeGreaterThan(8 * bytes.length);
    connection.close();
    await closed;
  });
});
