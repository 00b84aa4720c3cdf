import { brotliCompressSync, deflateRawSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import type { Answer } from '../support/stub-answers.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let upstream: StubUpstream;
let gateway: TestGateway | undefined;
let dfw: StubRegion;
let base: string;

beforeEach(async () => {
  upstream = await startStubUpstream();
  dfw = upstream.region('DFW');
});

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await upstream.close();
});

async function start(): Promise<TestGateway> {
  gateway = await startGateway({ identityUrl: upstream.identityUrl, settings: { upstream: { retries: 0 } } });
  base = `${gateway.url}/dfw/v2/700100`;
  return gateway;
}

/** An answer whose body is coded by a proxy in between. */
function coded(coding: string, body: Buffer, status = 200, headers = {}): Answer {
  return ({ response }) => {
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-encoding': coding,
      'content-length': body.length,
      ...headers,
    });
    response.end(body);
  };
}

const list = '{"servers":[]}';
const codings: [string, (text: string) => Buffer][] = [
  ['GZIP', (text) => gzipSync(text)],
  ['x-gzip', (text) => gzipSync(text)],
  ['gzip, gzip', (text) => gzipSync(gzipSync(text))],
  ['br, GZip', (text) => gzipSync(brotliCompressSync(text))],
  ['deflate', (text) => deflateRawSync(text)],
  ['identity', (text) => Buffer.from(text)],
  ['gzip', (text) => gzipSync(`\ufeff${text}`)],
];

describe.each(codings)('answers coded as %s', (coding, pack) => {
  it('are read: a success, a fault, a rate limit and the limits', async () => {
    const rate = [
      {
        uri: '/only-here',
        regex: '^/only-here',
        limit: [
          { verb: 'GET', value: 7, remaining: 7, unit: 'MINUTE', 'next-available': '2026-01-01T00:00:00Z' },
        ],
      },
    ];
    dfw.on('GET /limits', coded(coding, pack(JSON.stringify({ limits: { rate, absolute: {} } }))));
    await start();
    dfw.on('GET /servers', coded(coding, pack(list)));
    expect(await ask(`${base}/servers`)).toMatchObject({ status: 200, text: list });
    dfw.on('GET /servers/1', coded(coding, pack('{"itemNotFound":{"code":404,"message":"none"}}'), 404));
    expect((await ask(`${base}/servers/1`)).json()).toEqual({ itemNotFound: { code: 404, message: 'none' } });
    const limited = await ask(`${base}/limits`);
    expect(limited.json()).toMatchObject({ limits: { rate: [{ uri: '/only-here' }] } });
  });

  it('are read where they come from identity', async () => {
    const plain = await fetch(`${upstream.identityUrl}/tokens`, {
      method: 'POST',
      body: JSON.stringify({
        auth: { 'RAX-KSKEY:apiKeyCredentials': { username: 'stub-operator', apiKey: 'stub-api-key-7d1f' } },
      }),
    });
    const access = await plain.text();
    upstream.identity.on('POST /tokens', coded(coding, pack(access)));
    await start();
    expect((await ask(`${base}/servers`)).status).toBe(200);
  });

  it('pass by where they are not read, as they are', async () => {
    await start();
    const packed = pack('{"keypairs":[]}');
    dfw.on('GET /os-keypairs', coded(coding, packed));
    const { headers, status } = await ask(`${base}/os-keypairs`);
    expect(status).toBe(200);
    expect(headers['content-encoding']).toBe(coding);
    expect(headers['content-length']).toBe(String(packed.length));
  });
});

describe('a quota whose words are coded', () => {
  const words = gzipSync('{"overLimit":{"code":413,"message":"Quota exceeded for cores"}}');

  it.each(['/servers', '/os-keypairs'])(
    'is no rate limit for %s, whatever Retry-After says',
    async (path) => {
      await start();
      dfw.on(`POST ${path}`, coded('gzip', words, 413, { 'retry-after': '30' }));
      const { status } = await ask(base + path, {
        method: 'POST',
        body: '{"server":{}}',
        headers: { 'content-type': 'application/json' },
      });
      expect(status).toBe(413);
      expect(dfw.count(`POST ${path}`)).toBe(1);
    },
  );
});

it.each(['compress', 'gzip', 'gzip, unheard-of'])(
  'an answer that does not decode as %s is a fault of the region and not of Sluice',
  async (coding) => {
    const front = await start();
    dfw.on('GET /servers', coded(coding, Buffer.from(list)));
    const { status, json } = await ask(`${base}/servers`);
    expect(status).toBe(503);
    expect(json()).toHaveProperty('serviceUnavailable.code', 503);
    dfw.on('GET /servers/1', coded(coding, Buffer.from('not here'), 404));
    expect((await ask(`${base}/servers/1`)).json()).toHaveProperty('itemNotFound.code', 404);
    expect(front.logText()).not.toContain('an error of its own');
  },
);

it('a body with a byte-order mark reaches the region without it', async () => {
  await start();
  const body = '{"server":{"name":"a","imageRef":"1","flavorRef":"2"}}';
  const { status } = await ask(`${base}/servers`, {
    method: 'POST',
    body: `\ufeff${body}`,
    headers: { 'content-type': 'application/json' },
  });
  expect(status).toBe(202);
  expect(dfw.requests('POST /servers')[0]?.body).toBe(body);
});

it('a login at the façade with a byte-order mark is read', async () => {
  const { url } = await start();
  const credentials = { username: 'u', password: 'p' };
  const login = (path: string, auth: object) =>
    ask(url + path, { method: 'POST', body: `\ufeff${JSON.stringify({ auth })}` });
  expect((await login('/v2.0/tokens', { passwordCredentials: credentials })).status).toBe(200);
  const password = { user: { name: 'u', password: 'p', domain: { id: 'default' } } };
  const identity = { methods: ['password'], password };
  expect((await login('/v3/auth/tokens', { identity })).status).toBe(201);
});

it('an answer with a byte-order mark is read, its links too', async () => {
  await start();
  dfw.on('GET /servers', ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      `\ufeff{"servers":[{"id":"1","name":"größe","links":[{"rel":"self","href":"${dfw.url}/servers/1"}]}]}`,
    );
  });
  const { json } = await ask(`${base}/servers`);
  expect(json()).toMatchObject({ servers: [{ name: 'größe', links: [{ href: `${base}/servers/1` }] }] });
});

describe('an answer that ends with its head', () => {
  const bodiless: [string, (status: number) => Answer][] = [
    [
      'with a length',
      (status) =>
        ({ takeOver }) =>
          void takeOver().write(`HTTP/1.1 ${status} X\r\nContent-Length: 20\r\n\r\n`),
    ],
    [
      'with a body',
      (status) =>
        ({ takeOver }) =>
          void takeOver().write(`HTTP/1.1 ${status} X\r\nContent-Length: 5\r\n\r\nhello`),
    ],
    [
      'with chunks',
      (status) =>
        ({ takeOver }) =>
          void takeOver().write(
            `HTTP/1.1 ${status} X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
          ),
    ],
  ];

  it.each(bodiless)('is a whole 204 %s, for operations and for what goes through', async (_what, answer) => {
    await start();
    for (const path of ['/servers/1', '/os-keypairs/1']) {
      dfw.on(`DELETE ${path}`, answer(204));
      const deleted = await ask(base + path, { method: 'DELETE' });
      expect(deleted).toMatchObject({ status: 204, text: '' });
      expect(deleted.headers['content-length']).toBeUndefined();
      expect((await ask(`${base}/servers`)).status).toBe(200);
    }
  });

  it.each(bodiless)('is a whole 304 %s for what goes through', async (_what, answer) => {
    await start();
    dfw.on('GET /os-keypairs', answer(304));
    const { status } = await ask(`${base}/os-keypairs`, { headers: { 'if-none-match': '"e"' } });
    expect(status).toBe(304);
    expect((await ask(`${base}/servers`)).status).toBe(200);
  });
});
