import { connect } from 'node:net';
import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { type Answer, fault, json, text, tooMany, unavailable } from '../support/stub-answers.ts';

const { it, gateway, dfw } = scenario('file');

let base: string;
beforeEach(() => {
  base = `${gateway.url}/dfw/v2/700100`;
  dfw.forget();
});

type FaultBody = Record<string, { code: number; message: string }>;
const asJson = { 'content-type': 'application/json' };
const asXml = { 'content-type': 'application/xml' };

describe('a method a path does not have', () => {
  it.each<[string, string, string]>([
    ['PUT', '/servers', 'GET, HEAD, POST'],
    ['POST', '/flavors', 'GET, HEAD'],
    ['DELETE', '/limits', 'GET, HEAD'],
    ['PATCH', '/images/1', 'DELETE, GET, HEAD'],
    ['GET', '/servers/1/action', 'POST'],
    ['OPTIONS', '/servers/detail', 'GET, HEAD'],
  ])('%s %s is 405 badMethod with Allow: %s', async (method, path, allow) => {
    const { status, headers, json: parse } = await ask(base + path, { method });
    expect(status).toBe(405);
    expect(headers.allow?.split(', ').sort().join(', ')).toBe(allow);
    expect(parse<FaultBody>()['badMethod']?.code).toBe(405);
    expect(dfw.requests(`${method} ${path}`)).toEqual([]);
  });

  it("is told in the caller's format", async () => {
    for (const [path, accept] of [
      ['/servers.xml', ''],
      ['/servers', 'application/xml'],
    ] as const) {
      const { headers, text: body } = await ask(base + path, { method: 'PUT', headers: { accept } });
      expect(headers['content-type']).toContain('application/xml');
      expect(body).toMatch(/<badMethod [^>]*code="405"/);
    }
  });

  it('is 405 on a path that goes through too when HTTP has no such thing there', async () => {
    const { status, json: parse } = await ask(`${base}/os-keypairs`, { method: 'PROPFIND' });
    expect(status).toBe(405);
    expect(parse()).toHaveProperty('badMethod.code', 405);
  });
});

describe('a body that cannot be read', () => {
  it.each<[string, string, Record<string, string>, RegExp]>([
    ['JSON cut short', '{"server":\n {"name": ', asJson, /line 2/],
    ['JSON with a stray comma', '{"server":{"name":"n",}}', asJson, /line 1,? column \d+/],
    ['no JSON at all', 'name=n', asJson, /line 1/],
    ['XML cut short', '<server\n name="n"', asXml, /line 2/],
    ['XML with a wrong end', '<server name="n">\n</sever>', asXml, /line 2,? column \d+/],
    ['an array', '[1]', asJson, /object/],
    ['nothing', '', asJson, /body/],
    ['a DTD', '<!DOCTYPE server [<!ENTITY a "b">]><server name="&a;"/>', asXml, /DOCTYPE|DTD|document type/i],
    ['an unknown entity', '<server name="&nope;"/>', asXml, /entity/i],
    ['another element', '<serve name="n"/>', asXml, /serve/],
  ])('%s is 400 badRequest that says where', async (_what, body, headers, says) => {
    const { status, json: parse } = await ask(`${base}/servers`, { method: 'POST', body, headers });
    expect(status).toBe(400);
    expect(parse<FaultBody>()['badRequest']).toMatchObject({
      code: 400,
      message: expect.stringMatching(says),
    });
    expect(dfw.count('POST /servers')).toBe(0);
  });

  it.each([
    ['two actions', '{"reboot":{},"rescue":null}'],
    ['none', '{}'],
    ['no object', '"reboot"'],
  ])('an action with %s is 400', async (_what, body) => {
    const { status } = await ask(`${base}/servers/1/action`, { method: 'POST', body, headers: asJson });
    expect(status).toBe(400);
    expect(dfw.count('POST /servers/*/action')).toBe(0);
  });

  it('in a login is 400', async () => {
    const { status, json: parse } = await ask(`${gateway.url}/v2.0/tokens`, {
      method: 'POST',
      body: '{"auth":',
      headers: asJson,
    });
    expect(status).toBe(400);
    expect(parse<FaultBody>()['badRequest']?.message).toMatch(/line 1/);
  });
});

describe('a body of more than a mebibyte', () => {
  const large = JSON.stringify({ server: { name: 'x'.repeat(1024 * 1024) } });

  it.each([
    [false, 'with'],
    [true, 'without'],
  ])('(chunked: %s) is refused %s its announced length, and nothing reaches the region', async (chunked) => {
    const { status, json: parse } = await ask(`${base}/servers`, {
      method: 'POST',
      body: large,
      chunked,
      headers: asJson,
    });
    expect(status).toBe(413);
    expect(parse<FaultBody>()['overLimit']?.code).toBe(413);
    expect(dfw.count('POST /servers')).toBe(0);
  });

  it('of many megabytes gets its answer too, while it is still being sent', async () => {
    const { status } = await ask(`${base}/servers`, {
      method: 'POST',
      body: Buffer.alloc(24 * 1024 * 1024, 0x20),
      headers: asJson,
    });
    expect(status).toBe(413);
  });

  it('of exactly a mebibyte is taken', async () => {
    const shell = JSON.stringify({ server: { name: '' } });
    const body = JSON.stringify({ server: { name: 'x'.repeat(1024 * 1024 - shell.length) } });
    expect((await ask(`${base}/servers`, { method: 'POST', body, headers: asJson })).status).toBe(202);
  });
});

describe("an upstream's fault", () => {
  const shapes: [string, Answer, number, string, RegExp][] = [
    [
      'of the guide',
      fault('buildInProgress', 409, 'The stub is building.'),
      409,
      'buildInProgress',
      /^The stub is building\.$/,
    ],
    [
      'of an unknown name',
      fault('ownFault', 409, 'The stub says no.'),
      409,
      'ownFault',
      /^The stub says no\.$/,
    ],
    [
      'a quota of nova',
      fault('forbidden', 403, 'Quota exceeded for instances'),
      403,
      'forbidden',
      /^Quota exceeded for instances$/,
    ],
    ['a quota in 413', tooMany.quota, 413, 'overLimit', /^Quota exceeded in the stub: cores$/],
    ['a size in 413, as HTML', tooMany.bodySize, 413, 'overLimit', /^413 Request Entity Too Large$/],
    [
      'webob',
      json({ message: 'Not here.<br /><br />\n\n', code: '404 Not Found', title: 'Not Found' }, 404),
      404,
      'itemNotFound',
      /^Not here\.$/,
    ],
    [
      'HTML',
      text('<html><head><title>t</title></head><body><h1>404 Not Found</h1></body></html>', 404, {
        'content-type': 'text/html',
      }),
      404,
      'itemNotFound',
      /^404 Not Found$/,
    ],
    ['plain text', text('nope & <no>', 400, { 'content-type': 'text/plain' }), 400, 'badRequest', /^nope &/],
    ['a JSON string', json('no', 400), 400, 'badRequest', /^no$/],
    ['a JSON array', json(['no'], 400), 400, 'badRequest', /answered 400/],
    [
      'nothing, said to be JSON',
      text('', 500, { 'content-type': 'application/json' }),
      500,
      'computeFault',
      /answered 500/,
    ],
    ['a fault with a string for an object', json({ badRequest: 'no' }, 400), 400, 'badRequest', /./],
    ['HTML for unavailable', unavailable, 503, 'serviceUnavailable', /^503 Service Unavailable$/],
  ];

  it.each(shapes)(
    '%s reaches the caller as a fault with its own text',
    async (_what, answer, code, name, message) => {
      dfw.on('GET /servers/9', answer);
      const { status, headers, json: parse } = await ask(`${base}/servers/9`);
      expect(status).toBe(code);
      expect(headers['content-type']).toContain('application/json');
      expect(parse()).toEqual({
        [name]: expect.objectContaining({ code, message: expect.stringMatching(message) }),
      });
    },
  );

  it.each(shapes)('%s reaches an XML caller as XML', async (_what, answer, code, name) => {
    dfw.on('GET /servers/9', answer);
    const { status, headers, text: body } = await ask(`${base}/servers/9.xml`);
    expect(status).toBe(code);
    expect(headers['content-type']).toContain('application/xml');
    expect(body).toMatch(new RegExp(`<${name} [^>]*code="${code}"`));
    expect(body).toMatch(/<message>/);
  });

  it('keeps its request id, Retry-After and details', async () => {
    dfw.on(
      'GET /servers/9',
      json({ overLimit: { code: 413, message: 'Quota', details: 'more', retryAfter: 0 } }, 413, {
        'retry-after': '0',
        'x-compute-request-id': 'req-1',
      }),
    );
    const { headers, json: parse } = await ask(`${base}/servers/9`);
    expect(headers).toMatchObject({ 'retry-after': '0', 'x-compute-request-id': 'req-1' });
    expect(parse<{ overLimit: object }>().overLimit).toMatchObject({ details: 'more' });
  });
});

describe('every answer', () => {
  it.each([
    '/dfw/v2/700100/servers',
    '/dfw/v2/700100/flavors',
    '/dfw/v2/700100/limits',
    '/dfw/v2/700100/nothing',
    '/nowhere/',
    '/',
    '/dfw/v2/',
    '/dfw/v2/1/servers',
  ])('of %s has a request id and Via', async (path) => {
    const { headers } = await ask(gateway.url + path);
    expect(headers['x-compute-request-id']).toMatch(/./);
    expect(headers.via).toBe('1.1 sluice');
  });
});

describe('what is no HTTP', () => {
  /** What comes back for these bytes, until the connection ends. */
  function raw(bytes: string): Promise<string> {
    const { hostname, port } = new URL(gateway.url);
    return new Promise((resolve, reject) => {
      let got = '';
      const socket = connect(Number(port), hostname, () => socket.write(bytes));
      socket.on('data', (chunk) => {
        got += chunk;
      });
      socket.once('error', reject);
      socket.once('close', () => resolve(got));
    });
  }

  it.each([
    ['noise', 'hello there\r\n\r\n'],
    ['headers that never end', `GET / HTTP/1.1\r\nHost: a\r\nX-Big: ${'x'.repeat(40_000)}\r\n\r\n`],
    ['a target that is no path', 'GET dfw HTTP/1.1\r\nHost: a\r\n\r\n'],
    [
      'two lengths',
      'POST /dfw/v2/700100/servers HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    ],
  ])('%s is 400, and the connection ends', async (_what, bytes) => {
    const got = await raw(bytes);
    expect(got).toMatch(/^HTTP\/1\.1 400 /);
    expect(got).toContain('"badRequest"');
  });

  it.each([
    ['no Host', 'Connection: close', 400],
    ['two Hosts', 'Host: a\r\nhost: b\r\nConnection: close', 400],
    ['an Expect that nobody knows', 'Host: a\r\nExpect: tea\r\nConnection: close', 417],
  ])('%s is a fault', async (_what, fields, status) => {
    for (const path of ['flavors', 'os-keypairs', 'flavors.xml']) {
      const got = await raw(`GET /dfw/v2/700100/${path} HTTP/1.1\r\n${fields}\r\n\r\n`);
      expect(got, path).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(got, path).toContain(path.endsWith('xml') ? `code="${status}"` : `"code":${status}`);
    }
  });

  it('HTTP/1.0 needs no Host', async () => {
    expect(await raw('GET /dfw/v2/700100/flavors HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('an absolute request target means the same as its path', async () => {
    for (const path of ['servers', 'os-keypairs']) {
      const got = await raw(`GET ${base}/${path} HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n`);
      expect(got, path).toMatch(/X-Sluice-Region: DFW/i);
    }
  });
});
