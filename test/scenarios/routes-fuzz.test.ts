import fc from 'fast-check';
import { expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { text } from '../support/stub-answers.ts';
import { STUB } from '../support/stub-documents.ts';

const { it, upstream, gateway } = scenario('file', { regions: ['DFW', 'ORD'] });

/** Bytes that Node's client lets into a request line. */
const anyChar = fc
  .integer({ min: 0x21, max: 0xff })
  .filter((code) => code !== 0x7f)
  .map((code) => String.fromCharCode(code));
const noise = fc.array(anyChar, { maxLength: 8 }).map((chars) => chars.join(''));
const segment = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'dfw',
      'ORD',
      'v2',
      'v2.1',
      'v2.0',
      'v3',
      '700100',
      'servers',
      'images',
      'flavors',
      'detail',
      'action',
      'metadata',
      'limits',
      'extensions',
      'ips',
      'tokens',
      'tenants',
      'os-keypairs',
      STUB.serverId,
      STUB.imageId,
      'all',
      'services',
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '',
      '.',
      '..',
      '...',
      '.xml',
      '.json',
      '...xml',
      '..json',
      '..xml.json',
      '%2e%2e',
      '%2E.',
      '..%2f',
      '%2f..',
      '%2f',
      '%5c..',
      '..\\',
      '%00',
      '%zz',
      '%',
      '%c3%28',
      ';',
      '..;',
      ':',
      '@',
      '#',
      '"',
      '<>',
      'servers.xml',
      '%252e%252e',
    ),
  },
  { weight: 1, arbitrary: noise },
);
const path = fc.array(segment, { minLength: 1, maxLength: 8 }).map((segments) => `/${segments.join('/')}`);
/** Mostly below the tenant, where requests go up. */
const target = fc.oneof(
  path,
  path.map((below) => `/dfw/v2/700100${below}`),
  path.map((below) => `/ord/700100${below}`),
);
const query = fc.oneof(
  fc.constant(''),
  noise.map((raw) => `?${raw}`),
  fc.constantFrom('?format=xml', '?limit=1&marker=%zz', '?server=http%3A%2F%2Fx%2Fservers%2F..', '?&&=&'),
);
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND');
const accept = fc.constantFrom(
  undefined,
  '',
  'application/xml',
  'application/json',
  '*/*',
  'text/html',
  ';q',
  'application/xml;q=abc',
);
const body = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom(
    '',
    '{}',
    '[]',
    '{"reboot":{"type":"SOFT"}}',
    '{"server":{}}',
    '<server/>',
    '<a',
    '{"__proto__":{"x":1}}',
    '{"server":null}',
  ),
  noise,
);
const contentType = fc.constantFrom(
  undefined,
  'application/json',
  'application/xml',
  'text/plain',
  ';',
  'a/b/c',
);

it('no URL, method, Accept or body is an error of Sluice, or leads out of the tenant', async () => {
  const property = fc.asyncProperty(
    target,
    query,
    method,
    accept,
    body,
    contentType,
    async (where, asked, verb, format, payload, type) => {
      for (const name of ['DFW', 'ORD']) upstream.region(name).forget();
      const headers = {
        ...(format === undefined ? {} : { accept: format }),
        ...(type === undefined ? {} : { 'content-type': type }),
      };
      const url = gateway.url + where + asked;
      const answered = await ask(url, {
        method: verb,
        headers,
        ...(payload === undefined ? {} : { body: Buffer.from(payload, 'latin1') }),
      });
      expect(answered.status, answered.text).not.toBe(500);
      expect(answered.status).toBeLessThan(504);
      for (const name of ['DFW', 'ORD']) {
        for (const { url: reached } of upstream.region(name).requests()) {
          const raw = reached.replace(/\?.*$/s, '');
          if (raw === '/' || raw === '/v2/' || raw === '/v2') continue;
          expect(raw.startsWith('/v2/700100')).toBe(true);
          const segments = decodeURIComponent(
            raw.replace(/%(?![0-9a-f]{2})/gi, '%25').replace(/%[89a-f][0-9a-f]/gi, 'x'),
          ).split(/[/\\]/);
          expect(segments.slice(0, 3), raw).toEqual(['', 'v2', '700100']);
          expect(segments, raw).not.toContain('..');
          expect(segments, raw).not.toContain('.');
        }
      }
    },
  );
  await fc.assert(property, { numRuns: 600 });
}, 120_000);

it('what a region answers to any of it comes back without an error of Sluice', async () => {
  const status = fc.constantFrom(200, 201, 202, 203, 204, 300, 302, 304, 400, 404, 409, 413, 500, 501, 503);
  const answer = fc.oneof(
    noise,
    fc.json(),
    fc.constantFrom(
      '',
      '{"a":{"message":1}}',
      '{"badRequest":null}',
      '<x>',
      '{"servers":[{"links":[{"href":7}]}]}',
    ),
  );
  const property = fc.asyncProperty(
    fc.constantFrom('/servers', '/servers/1', '/images/1', '/os-x/1'),
    status,
    answer,
    accept,
    async (below, code, said, format) => {
      const dfw = upstream.region('DFW');
      dfw.on('GET /*', text(said, code, { 'content-type': 'application/json' }));
      dfw.on('GET /*/*', text(said, code, { 'content-type': 'application/json' }));
      const { status: got } = await ask(`${gateway.url}/dfw/v2/700100${below}`, {
        headers: { ...(format === undefined ? {} : { accept: format }), 'cache-control': 'no-cache' },
      });
      if (code !== 500) expect(got, `${code} ${said}`).not.toBe(500);
    },
  );
  await fc.assert(property, { numRuns: 150 });
}, 120_000);
