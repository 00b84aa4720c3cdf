import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import {
  type Answer,
  chunked,
  fault,
  json,
  reset,
  type StubRequest,
  text,
  tooMany,
  unavailable,
} from '../support/stub-answers.ts';
import { publishedAs } from '../support/stub-rates.ts';

const { it, upstream, gateway, dfw } = scenario('file', {
  script(upstream) {
    upstream.region('DFW').publish(publishedAs([{ verb: 'POST', uri: '*', value: 100, unit: 'SECOND' }]));
  },
});

let base: string;
beforeEach(() => {
  base = `${gateway.url}/dfw/v2/700100`;
  dfw.forget();
});

/** Answers with what it was asked. */
const echo: Answer = json((request: StubRequest) => ({
  method: request.method,
  url: request.url,
  body: request.body,
}));

describe('a path that is no operation of the guide', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'carries the body of a %s to the region byte for byte',
    async (method) => {
      dfw.on('* /os-keypairs', echo);
      const body = '{ "keypair" :  {"name":"k\\u00e9y", "n": 1.50} }\n';
      const { status, json: parse } = await ask(`${base}/os-keypairs`, {
        method,
        body,
        headers: { 'content-type': 'application/json; charset=UTF-8' },
      });
      expect(status).toBe(200);
      expect(parse()).toMatchObject({ method, body });
      const [seen] = dfw.requests('* /os-keypairs');
      expect(seen?.headers['content-type']).toBe('application/json; charset=UTF-8');
      expect(seen?.headers['content-length']).toBe(String(Buffer.byteLength(body)));
    },
  );

  it("hands the region's body to the caller byte for byte", async () => {
    const odd = `{"links":[{"href":"${dfw.url}/os-odd/1"}],  "n": 1.0}`;
    dfw.on(
      'GET /os-odd',
      text(odd, 203, { 'content-type': 'application/weird', etag: '"e1"', 'x-own': 'kept' }),
    );
    const answered = await ask(`${base}/os-odd`);
    expect(answered).toMatchObject({ status: 203, text: odd });
    expect(answered.headers).toMatchObject({
      'content-type': 'application/weird',
      etag: '"e1"',
      'x-own': 'kept',
    });
  });

  it('hands a compressed body on as it is', async () => {
    const packed = gzipSync('{"keypairs":[]}');
    dfw.on('GET /os-keypairs', ({ response }) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length });
      response.end(packed);
    });
    const response = await fetch(`${base}/os-keypairs`);
    expect(await response.text()).toBe('{"keypairs":[]}');
    expect(dfw.requests('GET /os-keypairs')[0]?.headers['accept-encoding']).toContain('gzip');
  });

  it('keeps query, suffix and Accept as the caller wrote them', async () => {
    dfw.on('GET /os-things/report.xml', echo);
    const { json: parse } = await ask(`${base}/os-things/report.xml?b=2&a=%20x&format=json&cacheid=5&b=2`, {
      headers: { accept: 'text/csv' },
    });
    expect(parse()).toMatchObject({
      url: '/v2/700100/os-things/report.xml?b=2&a=%20x&format=json&cacheid=5&b=2',
    });
    expect(dfw.requests()[0]?.headers.accept).toBe('text/csv');
  });

  it('keeps percent-encoding as the caller wrote it', async () => {
    for (const path of [
      '/os-things/a%20b',
      '/os-things/a%2Fb',
      '/os-things/%C3%A9',
      '/os-things/x..y',
      '/os-things/..hidden',
    ]) {
      dfw.forget();
      expect((await ask(base + path)).status, path).toBe(404);
      expect(dfw.requests()[0]?.url).toBe(`/v2/700100${path}`);
    }
  });

  it.each(['POST', 'PUT', 'DELETE'])(
    'turns a chunked %s into one with Content-Length, which real servers need',
    async (method) => {
      dfw.on('* /os-keypairs', echo);
      const { status, json: parse } = await ask(`${base}/os-keypairs`, {
        method,
        body: '{"a":1}',
        chunked: true,
      });
      expect(status).toBe(200);
      expect(parse()).toMatchObject({ body: '{"a":1}' });
      const { headers } = dfw.requests()[0]!;
      expect(headers['content-length']).toBe('7');
      expect(headers['transfer-encoding']).toBeUndefined();
    },
  );

  it('takes a GET that has a body, and an empty chunked body', async () => {
    dfw.on('* /os-keypairs', echo);
    expect((await ask(`${base}/os-keypairs`, { body: '{}' })).status).toBe(200);
    expect((await ask(`${base}/os-keypairs`, { method: 'POST', body: '', chunked: true })).status).toBe(200);
  });

  it('takes JSON as the content type of no body, and any content type at all', async () => {
    dfw.on('* /os-keypairs', echo);
    for (const method of ['GET', 'DELETE', 'POST'])
      expect(
        (await ask(`${base}/os-keypairs`, { method, headers: { 'content-type': 'application/json' } }))
          .status,
      ).toBe(200);
    for (const type of [
      'text/plain',
      'text/csv',
      'multipart/form-data; boundary=x',
      'application/x-own+thing',
    ])
      expect(
        (await ask(`${base}/os-keypairs`, { method: 'POST', body: 'x', headers: { 'content-type': type } }))
          .status,
        type,
      ).toBe(200);
  });

  it('with a content type that is none is 415 badMediaType, not an error of Sluice', async () => {
    const { status, json: parse } = await ask(`${base}/os-keypairs`, {
      method: 'POST',
      body: 'x',
      headers: { 'content-type': 'text' },
    });
    expect(status).toBe(415);
    expect(parse()).toHaveProperty('badMediaType.code', 415);
  });

  it('streams a body of many megabytes both ways', async () => {
    const large = randomBytes(3 * 1024 * 1024).toString('hex');
    dfw.on('PUT /os-blobs/1', ({ request, response }) => void response.end(request.body));
    const { text: back, status } = await ask(`${base}/os-blobs/1`, { method: 'PUT', body: large });
    expect(status).toBe(200);
    expect(back === large).toBe(true);
    expect(dfw.requests()[0]?.headers['content-length']).toBe(String(large.length));
  });

  it('gives a HEAD its headers and no body', async () => {
    dfw.on(
      'HEAD /os-keypairs',
      text('', 200, { 'content-length': '15', 'content-type': 'application/json' }),
    );
    const answered = await ask(`${base}/os-keypairs`, { method: 'HEAD' });
    expect(answered).toMatchObject({ status: 200, text: '' });
    expect(answered.headers['content-length']).toBe('15');
  });
});

describe("a caller's own condition on a path that goes through", () => {
  it('is answered 304 as the region does, length of the document or not', async () => {
    for (const headers of [{ etag: '"e1"', 'content-length': '500' }, { etag: '"e1"' }]) {
      dfw.on('GET /os-things', ({ response }) => void response.writeHead(304, headers).end());
      const answered = await ask(`${base}/os-things`, { headers: { 'if-none-match': '"e1"' } });
      expect(answered).toMatchObject({ status: 304, text: '' });
      expect(answered.headers.etag).toBe('"e1"');
      expect(dfw.requests('GET /os-things').at(-1)?.headers['if-none-match']).toBe('"e1"');
    }
  });
});

describe('headers of a request that goes through', () => {
  it("carry Sluice's token and nothing of the caller's secrets or forwarding", async () => {
    dfw.on('GET /os-keypairs', echo);
    await ask(`${base}/os-keypairs`, {
      headers: {
        'x-auth-token': 'a-callers-own',
        'x-storage-token': 'a-callers-own',
        authorization: 'Bearer a-callers-own',
        cookie: 'session=a-callers-own',
        'x-forwarded-host': 'evil.test',
        'x-forwarded-proto': 'https',
        'x-forwarded-prefix': '/evil',
        'x-forwarded-for': '10.0.0.1',
        forwarded: 'host=evil.test',
        'x-sluice-client': 'billing',
        'x-region': 'DFW',
        connection: 'close, x-secret-hop',
        'x-roles': 'admin',
        'x-object-meta-own': 'goes up',
        'openstack-api-version': 'compute 2.1',
      },
    });
    const { headers } = dfw.requests()[0]!;
    expect(headers['x-auth-token']).toBe(upstream.identity.tokens.at(-1));
    expect(JSON.stringify(headers)).not.toMatch(/a-callers-own|evil|x-forwarded|x-sluice|x-region|x-roles/);
    expect(headers).toMatchObject({
      host: new URL(dfw.url).host,
      'x-object-meta-own': 'goes up',
      'openstack-api-version': 'compute 2.1',
    });
  });

  it("come back with Sluice's marks, and without the upstream's secrets", async () => {
    dfw.on(
      'GET /os-keypairs',
      json({}, 200, {
        'x-compute-request-id': 'req-of-the-region',
        'x-auth-token': 'secret',
        'set-cookie': 'a=b',
        server: 'Apache/2.2.3 (Of The Region)',
        'www-authenticate': 'Keystone uri="http://identity.test"',
        location: `${dfw.url}/os-keypairs/1`,
      }),
    );
    const { headers } = await ask(`${base}/os-keypairs`);
    expect(headers).toMatchObject({
      'x-compute-request-id': 'req-of-the-region',
      via: '1.1 sluice',
      'x-sluice-region': 'DFW',
      location: `${base}/os-keypairs/1`,
    });
    for (const name of ['x-auth-token', 'set-cookie', 'www-authenticate', 'server'])
      expect(headers[name]).toBeUndefined();
  });
});

describe('a request that goes through is sent', () => {
  it('again when the region is away for a moment and it is a GET, never when it is a POST', async () => {
    dfw.on('* /os-keypairs', unavailable, unavailable, echo);
    expect((await ask(`${base}/os-keypairs`)).status).toBe(200);
    expect(dfw.count('GET /os-keypairs')).toBe(3);
    dfw.on('* /os-keypairs', unavailable, echo);
    expect((await ask(`${base}/os-keypairs`, { method: 'POST', body: '{}' })).status).toBe(503);
    expect(dfw.count('POST /os-keypairs')).toBe(1);
  });

  it('once more at most by nobody but Sluice: a lasting 503 costs three attempts', async () => {
    dfw.on('* /os-keypairs', unavailable);
    expect((await ask(`${base}/os-keypairs`)).status).toBe(503);
    expect(dfw.count('GET /os-keypairs')).toBe(3);
  });

  it('again with its body when the connection breaks and it is a DELETE', async () => {
    dfw.on('* /os-keypairs', reset, echo);
    const { status, json: parse } = await ask(`${base}/os-keypairs`, { method: 'DELETE', body: '{"a":1}' });
    expect(status).toBe(200);
    expect(parse()).toMatchObject({ body: '{"a":1}' });
    expect(dfw.count('DELETE /os-keypairs')).toBe(2);
  });

  it('again after the rate limit of the region let it wait, its body intact', async () => {
    dfw.on('POST /os-keypairs', tooMany.rateBySeconds(1), echo);
    const {
      status,
      json: parse,
      headers,
    } = await ask(`${base}/os-keypairs`, { method: 'POST', body: '{"a":1}' });
    expect(status).toBe(200);
    expect(parse()).toMatchObject({ body: '{"a":1}' });
    expect(Number(headers['x-sluice-wait-ms'])).toBeGreaterThan(0);
    expect(await gateway.metric('sluice_upstream_overlimit_total')).toBe(1);
  });

  it('never again for a fault of its own: it goes to the caller as it came', async () => {
    dfw.on('POST /os-keypairs', fault('conflictingRequest', 409, 'The stub has this key already.'));
    const { status, text: body } = await ask(`${base}/os-keypairs`, { method: 'POST', body: '{}' });
    expect(status).toBe(409);
    expect(body).toBe('{"conflictingRequest":{"code":409,"message":"The stub has this key already."}}');
    expect(dfw.count('POST /os-keypairs')).toBe(1);
  });

  it('in the order its chunks came back', async () => {
    dfw.on('GET /os-keypairs', chunked({ keypairs: Array.from({ length: 50 }, (_, at) => at) }, 7));
    const { json: parse } = await ask(`${base}/os-keypairs`);
    expect(parse<{ keypairs: number[] }>().keypairs).toHaveLength(50);
  });
});

describe('the format of a fault of Sluice itself on a path that goes through', () => {
  it("is the caller's", async () => {
    await dfw.refuse();
    try {
      const answered = await ask(`${base}/os-keypairs`, {
        method: 'POST',
        body: '{}',
        headers: { accept: 'application/xml' },
      });
      expect(answered.status).toBe(503);
      expect(answered.text).toMatch(/<serviceUnavailable [^>]*code="503"/);
    } finally {
      await dfw.accept();
    }
  });
});
