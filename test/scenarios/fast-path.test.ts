import { afterEach, beforeEach, describe, expect } from 'vitest';
import { FAST_PATH } from '../support/gateway.ts';
import { connectRaw, type RawAnswer, type RawConnection } from '../support/raw-connection.ts';
import { scenario } from '../support/scenario.ts';

const P = '/dfw/v2/700100';

const { it, gateway, clock, dfw } = scenario('test', {
  standstill: true,
  settings: { access: { clients: [{ name: 'billing' }] }, cache: { derive: { images: true } } },
});

let connection: RawConnection;
beforeEach(async () => {
  connection = await connectRaw(gateway.url);
  await connection.ask(`${P}/flavors/detail`);
  await connection.ask(`${P}/images/detail`);
});
afterEach(() => connection.close());

/** Answers from the socket's bytes end with the request id; those that Node writes begin with it. */
const isFast = ({ fields }: RawAnswer) => fields.at(-1)![0] === 'X-Compute-Request-Id';

/** What must be the same whoever writes an answer. */
function essence({ status, fields, body }: RawAnswer) {
  const same = fields
    .map(([name, value]) => [name, /^(?:X-Compute-Request-Id|Date)$/.test(name) ? '' : value].join(': '))
    .sort();
  return { status, body, fields: same };
}

describe('a hit on a kept-alive connection is answered like one on a new connection', () => {
  it.each<[string, string, Record<string, string>?]>([
    ['JSON', '/flavors/detail'],
    ['XML by Accept', '/flavors/detail', { Accept: 'application/xml' }],
    ['XML by suffix', '/flavors/detail.xml'],
    ['gzip', '/flavors/detail', { 'Accept-Encoding': 'gzip' }],
    ['br', '/flavors/detail', { 'Accept-Encoding': 'gzip;q=0.5, br' }],
    ['any validator', '/flavors/detail', { 'If-None-Match': '*' }],
    ['an old validator', '/flavors/detail', { 'If-None-Match': '"other"' }],
    ['an item computed from its list', '/flavors/2'],
    ['a list without details computed from its list', '/images'],
    ['a filter', '/flavors/detail?minRam=1024'],
    ['a doubled slash', '//flavors/detail'],
    ['a name of its own', '/flavors/detail', { 'X-Sluice-Client': 'billing' }],
    ['a region in a header', '/flavors/detail', { 'X-Region': 'DFW' }],
  ])('%s', async (_what, path, fields) => {
    // Computed and rendered once, so that both are the same kind of hit.
    await connection.ask(P + path, fields);
    const fresh = await connectRaw(gateway.url);
    const byNode = await fresh.ask(P + path, { Host: new URL(gateway.url).host, ...fields });
    fresh.close();
    const fast = await connection.ask(P + path, fields);
    expect(isFast(byNode)).toBe(false);
    expect(isFast(fast)).toBe(FAST_PATH);
    expect(essence(fast)).toEqual(essence(byNode));
  });

  it('with an id of its own each, its age, and a line in the log', async () => {
    clock.tick(7_000);
    const answers = [
      await connection.ask(`${P}/flavors/detail`),
      await connection.ask(`${P}/flavors/detail`),
    ];
    const ids = answers.map((answer) => answer.field('X-Compute-Request-Id'));
    expect(new Set(ids).size).toBe(2);
    expect(answers.map((answer) => answer.field('Age'))).toEqual(['7', '7']);
    const lines = gateway.logged().filter(({ id }) => ids.includes(id as string));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({
      operation: 'listFlavorsDetail',
      region: 'DFW',
      cache: 'hit',
      status: 200,
    });
  });

  it('and counted like it', async () => {
    const labels = { operation: 'listFlavorsDetail', status: '200', client: 'billing' };
    for (let time = 0; time < 3; time++)
      await connection.ask(`${P}/flavors/detail`, { 'X-Sluice-Client': 'billing' });
    expect(await gateway.metric('sluice_http_requests_total', labels)).toBe(3);
    expect(await gateway.metric('sluice_cache_requests_total', { resource: 'flavors', result: 'hit' })).toBe(
      3,
    );
  });
});

describe('everything else goes the ordinary way', () => {
  it.each<[string, string, Record<string, string>, number]>([
    ['what is never cached', '/servers', {}, 200],
    ['what is not in memory', '/extensions', {}, 200],
    ['a caller that wants no cache', '/flavors/detail', { 'Cache-Control': 'no-cache' }, 200],
    ['a caller that wants nothing stored', '/flavors/detail', { 'Cache-Control': 'no-store' }, 200],
    ['a format nobody speaks', '/flavors/detail', { Accept: 'text/html' }, 406],
    ['a path that leads aside', '/flavors/../servers', {}, 400],
    ['another microversion', '/flavors/detail', { 'X-OpenStack-Nova-API-Version': '2.61' }, 200],
  ])('%s', async (_what, path, fields, status) => {
    const answer = await connection.ask(P + path, fields);
    expect(isFast(answer)).toBe(false);
    expect(answer.status).toBe(status);
    expect(isFast(await connection.ask(`${P}/flavors/detail`))).toBe(FAST_PATH);
  });

  it('a stale answer, whose refresh then serves the next one fast', async () => {
    clock.tick(3_600_001);
    const before = dfw.count('GET /flavors/detail');
    const stale = await connection.ask(`${P}/flavors/detail`);
    expect([isFast(stale), stale.field('X-Cache')]).toEqual([false, 'STALE']);
    await expect.poll(async () => isFast(await connection.ask(`${P}/flavors/detail`))).toBe(FAST_PATH);
    expect(dfw.count('GET /flavors/detail')).toBe(before + 1);
  });

  it('an unknown tenant and an unknown region', async () => {
    expect((await connection.ask('/dfw/v2/999/flavors/detail')).status).toBe(404);
    expect((await connection.ask('/nowhere/v2/700100/flavors/detail')).status).toBe(404);
  });

  it('an image deleted on the same connection is not served from memory a moment later', async () => {
    const id = (JSON.parse((await connection.ask(`${P}/images/detail`)).body) as { images: { id: string }[] })
      .images[0]!.id;
    expect(isFast(await connection.ask(`${P}/images/${id}`))).toBe(FAST_PATH);
    await connection.ask(`${P}/images/${id}`, {}, 'DELETE');
    expect(isFast(await connection.ask(`${P}/images/${id}`))).toBe(false);
  });
});

describe('a connection keeps its messages apart', () => {
  const GET = `GET ${P}/flavors/detail HTTP/1.1\r\nHost: gw\r\n\r\n`;

  it('requests sent at once are answered in their order', async () => {
    connection.write(GET.replace('/flavors/detail', '/servers') + GET + GET);
    const answers = [await connection.answer(), await connection.answer(), await connection.answer()];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.map(({ body }) => Object.keys(JSON.parse(body) as object)[0])).toEqual([
      'servers',
      'flavors',
      'flavors',
    ]);
  });

  it('a request sent while another one is under way waits for its turn', async () => {
    const gate = dfw.hold('GET /servers');
    connection.write(GET.replace('/flavors/detail', '/servers'));
    await gate.arrived(1);
    connection.write(GET);
    gate.open();
    expect(Object.keys(JSON.parse((await connection.answer()).body) as object)).toEqual(['servers']);
    expect(Object.keys(JSON.parse((await connection.answer()).body) as object)).toEqual(['flavors']);
  });

  it('a body that looks like a request is a body', async () => {
    connection.write(
      `POST ${P}/servers HTTP/1.1\r\nHost: gw\r\nContent-Type: application/json\r\nContent-Length: ${GET.length}\r\n\r\n`,
    );
    await expect.poll(() => connection.socket.bytesWritten).toBeGreaterThan(0);
    connection.write(GET);
    expect((await connection.answer()).status).toBe(400);
    expect((await connection.ask(`${P}/flavors/detail`)).status).toBe(200);
  });

  it('so is the rest of a body behind a request that was sent along with its beginning', async () => {
    const post = `POST ${P}/servers HTTP/1.1\r\nHost: gw\r\nContent-Type: application/json\r\nContent-Length: ${GET.length}\r\n\r\n`;
    const gate = dfw.hold('GET /servers');
    connection.write(GET.replace('/flavors/detail', '/servers') + post);
    await gate.arrived(1);
    gate.open();
    expect((await connection.answer()).status).toBe(200);
    connection.write(GET);
    expect((await connection.answer()).status).toBe(400);
  });

  it('a head that comes in pieces is read whole', async () => {
    connection.write(GET.slice(0, 30));
    await new Promise(setImmediate);
    connection.write(GET.slice(30));
    expect((await connection.answer()).status).toBe(200);
    expect((await connection.ask(`${P}/flavors/detail`)).status).toBe(200);
  });

  it('a write with a body leaves the connection fit for hits', async () => {
    const body = '{"server":{"name":"a","imageRef":"1","flavorRef":"2"}}';
    const created = await connection.ask(
      `${P}/servers`,
      { 'Content-Type': 'application/json' },
      'POST',
      body,
    );
    expect(created.status).toBe(202);
    expect(isFast(await connection.ask(`${P}/flavors/detail`))).toBe(FAST_PATH);
  });

  it('a chunked body leaves the connection to Node', async () => {
    connection.write(
      `POST ${P}/servers HTTP/1.1\r\nHost: gw\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    );
    expect((await connection.answer()).status).toBe(202);
    expect(isFast(await connection.ask(`${P}/flavors/detail`))).toBe(false);
  });

  it('rubbish ends it with a fault', async () => {
    connection.write('GET / HTTP/9.9\r\nrubbish\r\n\r\n');
    expect((await connection.answer()).status).toBe(400);
  });
});

describe('a drain', () => {
  it('ends kept-alive connections that were served fast', async () => {
    expect(isFast(await connection.ask(`${P}/flavors/detail`))).toBe(FAST_PATH);
    await gateway.close(60_000);
    await expect.poll(() => connection.socket.destroyed || connection.socket.readableEnded).toBe(true);
  });
});

describe('a caller that reads slowly', () => {
  it('gets its whole answer, although the gateway drains meanwhile', async () => {
    const name = 'x'.repeat(7 * 1024 * 1024);
    const image = { id: '1', name, status: 'ACTIVE', links: [] };
    dfw.on('GET /images/1', ({ response }) => void response.end(JSON.stringify({ image })));
    await connection.ask(`${P}/images/1`);
    connection.socket.pause();
    const answer = connection.ask(`${P}/images/1`);
    await expect
      .poll(() => gateway.metric('sluice_cache_requests_total', { resource: 'images', result: 'hit' }))
      .toBe(1);
    const closed = gateway.close(60_000);
    connection.socket.resume();
    expect((await answer).body.length).toBeGreaterThan(name.length);
    await closed;
  });
});

describe('a reload', () => {
  it('is in force for the next hit', async () => {
    await gateway.reload({ publicUrl: 'https://sluice.example/' });
    const answer = await connection.ask(`${P}/flavors/detail`);
    expect(isFast(answer)).toBe(FAST_PATH);
    expect(answer.body).toContain('"https://sluice.example/dfw/v2/700100/flavors/');
  });
});
