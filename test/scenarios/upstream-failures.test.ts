import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import {
  type Answer,
  brokenJson,
  chunkedCut,
  closeEnded,
  hang,
  json,
  raw,
  reset,
  resetMidBody,
  text,
  thenClose,
  truncated,
  unavailable,
} from '../support/stub-answers.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let upstream: StubUpstream;
let gateway: TestGateway;
let dfw: StubRegion;
let base: string;

beforeAll(async () => {
  upstream = await startStubUpstream();
  dfw = upstream.region('DFW');
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { upstream: { retries: 2 } },
  });
  base = `${gateway.url}/dfw/v2/700100`;
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** The gateway outlives whatever was done to it. */
afterEach(async () => {
  for (const pattern of [
    'GET /servers',
    'POST /servers',
    'GET /images',
    '* /os-keypairs',
    'DELETE /servers/1',
  ])
    dfw.off(pattern);
  dfw.forget();
  expect((await ask(`${base}/servers`)).status).toBe(200);
  dfw.forget();
});

const body = { servers: [{ id: '1', name: 'a server with a long enough name' }] };
const good = json(body);
const post = {
  method: 'POST',
  body: '{"server":{"name":"n"}}',
  headers: { 'content-type': 'application/json' },
};

/** What goes wrong, and what a read that it lasts for ends in. */
const failures: [string, Answer, number][] = [
  ['a reset before the answer', reset, 503],
  ['a reset in the middle of the body', resetMidBody(body), 503],
  ['a body shorter than announced', truncated(body), 503],
  ['a chunked body without its end', chunkedCut(body), 503],
  ['JSON that is none', brokenJson, 503],
  ['an empty body', text('', 200, { 'content-type': 'application/json' }), 503],
  ['HTML with status 200', text('<h1>Welcome</h1>', 200, { 'content-type': 'text/html' }), 503],
  ['no HTTP at all', raw('SSH-2.0-OpenSSH_9.2\r\n'), 503],
  ['an answer that says gzip and is none', text('{"servers":[]}', 200, { 'content-encoding': 'gzip' }), 503],
  ['an unknown coding', text('{"servers":[]}', 200, { 'content-encoding': 'zstd-own' }), 503],
  ['503', unavailable, 503],
  ['502', text('bad gateway', 502), 502],
  ['504', text('gateway timeout', 504), 504],
];

describe.each(['/servers', '/images'])('a read of %s that meets', (path) => {
  it.each(failures)('%s, lastingly, ends in a fault after three attempts', async (_what, answer, status) => {
    await gateway.close();
    gateway = await startGateway({ identityUrl: upstream.identityUrl });
    base = `${gateway.url}/dfw/v2/700100`;
    dfw.on(`GET ${path}`, answer);
    dfw.forget();
    const answered = await ask(base + path);
    expect(answered.status).toBe(status);
    const [[name, fault] = []] = Object.entries(
      answered.json<Record<string, { code: number; message: string }>>(),
    );
    expect(name).toMatch(/^(serviceUnavailable|computeFault)$/);
    expect(fault).toMatchObject({ code: status, message: expect.stringMatching(/./) });
    expect(dfw.count(`GET ${path}`)).toBe(3);
  });

  it.each(failures)('%s twice ends in the answer', async (_what, answer) => {
    const member = path.slice(1);
    await gateway.close();
    gateway = await startGateway({ identityUrl: upstream.identityUrl });
    base = `${gateway.url}/dfw/v2/700100`;
    dfw.on(`GET ${path}`, answer, answer, json({ [member]: [] }));
    const answered = await ask(base + path);
    expect(answered.status).toBe(200);
    expect(answered.json()).toEqual({ [member]: [] });
  });
});

describe('a create that meets', () => {
  it.each<[string, Answer, number, RegExp]>([
    ['503', unavailable, 503, /503 Service Unavailable/],
    ['502', text('bad gateway', 502), 500, /may have been done/],
    ['a reset', reset, 500, /may have been done/],
    ['a reset in the middle of the body', resetMidBody(body), 500, /may have been done/],
    ['a body shorter than announced', truncated(body), 500, /may have been done/],
    ['JSON that is none', brokenJson, 500, /may have been done/],
    ['silence', hang, 500, /may have been done/],
  ])('%s is sent once and never again', async (_what, answer, status, message) => {
    const front = await startGateway({
      identityUrl: upstream.identityUrl,
      settings: { upstream: { headersTimeoutMs: 3_000 } },
    });
    dfw.on('POST /servers', answer, json({ server: { id: '2' } }, 202));
    const answered = await ask(`${front.url}/dfw/v2/700100/servers`, post);
    expect(answered.status).toBe(status);
    expect(answered.text).toMatch(message);
    expect(dfw.count('POST /servers')).toBe(1);
    await front.close();
  });

  it('a connection that is refused cannot have arrived: 503, try again', async () => {
    await dfw.refuse();
    const answered = await ask(`${base}/servers`, post);
    await dfw.accept();
    expect(answered.status).toBe(503);
    expect(answered.json()).toHaveProperty(
      'serviceUnavailable.message',
      expect.stringMatching(/cannot be reached/),
    );
  });
});

describe('a region that', () => {
  it('refuses connections is a 503 fault on every kind of path, in the format asked for', async () => {
    await dfw.refuse();
    for (const path of ['/servers', '/os-keypairs', '/extensions']) {
      const answered = await ask(base + path, { headers: { accept: 'application/xml' } });
      expect(answered.status, path).toBe(503);
      expect(answered.text, path).toMatch(/<serviceUnavailable [^>]*code="503"/);
    }
    await dfw.accept();
  });

  it('hangs is a 504 fault on every kind of path', async () => {
    const front = await startGateway({
      identityUrl: upstream.identityUrl,
      settings: { upstream: { headersTimeoutMs: 3_000 } },
    });
    for (const pattern of ['GET /servers', 'GET /images', '* /os-keypairs']) dfw.on(pattern, hang);
    const answers = await Promise.all(
      ['/servers', '/images', '/os-keypairs'].map((path) => ask(`${front.url}/dfw/v2/700100${path}`)),
    );
    for (const { status, json: parse } of answers) {
      expect(status).toBe(504);
      expect(parse()).toHaveProperty('computeFault.code', 504);
    }
    await front.close();
  });

  it('stops in the middle of a body is a fault, not a hang', async () => {
    const front = await startGateway({
      identityUrl: upstream.identityUrl,
      settings: { upstream: { bodyTimeoutMs: 3_000 } },
    });
    dfw.on('GET /servers', async (exchange) => {
      exchange.response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
      exchange.response.write('{"servers":');
      await exchange.request.closed;
    });
    const answered = await ask(`${front.url}/dfw/v2/700100/servers`);
    expect(answered.status).toBe(504);
    await front.close();
  });

  it('is gone does not take the versions along', async () => {
    await dfw.refuse();
    const answered = await ask(`${gateway.url}/dfw/v2/`);
    await dfw.accept();
    expect(answered.status).toBe(200);
    expect(answered.json()).toHaveProperty('version.id', 'v2');
  });

  it('ends bodies by closing, and closes kept-alive connections, is answered from as from any other', async () => {
    dfw.on('GET /servers', closeEnded(body));
    for (let time = 0; time < 3; time++) expect((await ask(`${base}/servers`)).json()).toEqual(body);
    dfw.on(
      'DELETE /servers/1',
      thenClose(({ response }) => void response.writeHead(204).end()),
    );
    dfw.on('GET /servers', thenClose(good));
    for (let time = 0; time < 10; time++) {
      expect((await ask(`${base}/servers/1`, { method: 'DELETE' })).status).toBe(204);
      expect((await ask(`${base}/servers`)).status).toBe(200);
    }
  });
});

describe('a path that goes through whose answer breaks', () => {
  it.each<[string, Answer]>([
    ['by a reset', resetMidBody(body)],
    ['by its end', truncated(body)],
    ['without its last chunk', chunkedCut(body)],
  ])('%s in the middle of a document ends in a fault, never in a whole 200', async (_what, answer) => {
    dfw.on('* /os-keypairs', answer);
    const answered = await ask(`${base}/os-keypairs`);
    expect(answered.status).toBe(503);
    expect(answered.json()).toHaveProperty('serviceUnavailable.code', 503);
  });

  it.each<[string, Answer]>([
    ['before its head', reset],
    ['by being no HTTP', raw('noise\r\n\r\n')],
    ['before the first byte of its body', truncated(body, 0)],
  ])('%s ends in a fault', async (_what, answer) => {
    dfw.on('* /os-keypairs', answer);
    const answered = await ask(`${base}/os-keypairs`);
    expect(answered.status).toBe(503);
    expect(answered.json()).toHaveProperty('serviceUnavailable.code', 503);
    const write = await ask(`${base}/os-keypairs`, { method: 'POST', body: '{}' });
    expect(write.status).toBe(500);
  });
});
