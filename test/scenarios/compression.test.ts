import { request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect } from 'vitest';
import { scenario } from '../support/scenario.ts';
import { json, type StubRequest } from '../support/stub-answers.ts';
import { stubFlavor } from '../support/stub-documents.ts';

const { it, gateway } = scenario('file', {
  script(upstream) {
    const place = { prefix: '', tenant: upstream.tenant };
    const ids = ['2', '3', '4', '5', '6', '7', '8', '9'];
    upstream.region('DFW').on(
      'GET /flavors/detail',
      json((request: StubRequest) => ({ flavors: ids.map((id) => stubFlavor(place, request, id)) })),
    );
  },
});

interface Raw {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** The bytes as they came. */
function get(path: string, headers: Record<string, string> = {}): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${gateway.url}/dfw/v2/700100${path}`, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

describe('a long cached answer is compressed for a caller that takes it', () => {
  it.each([
    ['gzip', 'gzip', gunzipSync],
    ['br', 'br', brotliDecompressSync],
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['br;q=0.2, gzip;q=0.8', 'gzip', gunzipSync],
    ['*', 'br', brotliDecompressSync],
  ])('Accept-Encoding: %s is answered in %s', async (accept, encoding, decode) => {
    const plain = await get('/flavors/detail');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.body.length).toBeGreaterThan(1024);
    const { status, headers, body } = await get('/flavors/detail', { 'accept-encoding': accept });
    expect(status).toBe(200);
    expect(headers['content-encoding']).toBe(encoding);
    expect(headers['content-length']).toBe(String(body.length));
    expect(headers['vary']).toContain('Accept-Encoding');
    expect(body.length).toBeLessThan(plain.body.length);
    expect(decode(body).equals(plain.body)).toBe(true);
    expect(headers['etag']).not.toBe(plain.headers['etag']);
  });

  it('in XML as in JSON', async () => {
    const plain = await get('/flavors/detail.xml');
    const { body } = await get('/flavors/detail.xml', { 'accept-encoding': 'gzip' });
    expect(gunzipSync(body).equals(plain.body)).toBe(true);
  });

  it('and its tag makes a 304, as the tag of the plain answer does', async () => {
    const plain = await get('/flavors/detail');
    const packed = await get('/flavors/detail', { 'accept-encoding': 'gzip' });
    for (const { headers } of [plain, packed]) {
      const same = await get('/flavors/detail', {
        'accept-encoding': 'gzip',
        'if-none-match': String(headers['etag']),
      });
      expect(same.status).toBe(304);
      expect(same.body).toHaveLength(0);
    }
  });
});

describe('an answer is left plain', () => {
  it.each(['identity', 'gzip;q=0, br;q=0', 'deflate', ''])('for Accept-Encoding: "%s"', async (accept) => {
    const { headers, body } = await get('/flavors/detail', { 'accept-encoding': accept });
    expect(headers['content-encoding']).toBeUndefined();
    expect(JSON.parse(body.toString())).toHaveProperty('flavors');
  });

  it('when it is short', async () => {
    const { headers, body } = await get('/flavors/2', { 'accept-encoding': 'gzip, br' });
    expect(body.length).toBeLessThanOrEqual(1024);
    expect(headers['content-encoding']).toBeUndefined();
  });
});
