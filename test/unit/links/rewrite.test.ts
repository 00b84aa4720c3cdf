import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLinkRewriter } from '../../../src/links/rewrite.ts';

const BASE = 'http://sluice.test:8080';
const ID = '6d5e0f2c-93a1-4a54-8a0e-1f7d5c1b9a10';

const rewriter = createLinkRewriter({
  endpoints: [
    { region: 'DFW', origin: 'https://dfw.compute.test', basePath: '/v2/700100' },
    { region: 'ORD', origin: 'https://ord.compute.test:443', basePath: '/v2/700100/' },
    { region: 'LON', origin: 'http://127.0.0.1:8774', basePath: '/lon/v2/700100' },
    { region: 'SYD', origin: 'http://127.0.0.1:8774', basePath: '/syd/v2/700100' },
    { region: 'HKG', origin: 'http://nova.test:8774', basePath: '/v2.1', tenant: 'c0ffee' },
    { region: 'IAD', origin: 'https://cloud.test', basePath: '/compute/v2.1/c0ffee' },
  ],
});

describe('one URL', () => {
  const cases: [title: string, url: string, expected: string | undefined][] = [
    ['self', `https://dfw.compute.test/v2/700100/servers/${ID}`, `/dfw/v2/700100/servers/${ID}`],
    ['http for https', 'http://dfw.compute.test/v2/700100/flavors/2', '/dfw/v2/700100/flavors/2'],
    ['default port of https', 'https://dfw.compute.test:443/v2/700100/flavors/2', '/dfw/v2/700100/flavors/2'],
    ['default port of http', 'http://dfw.compute.test:80/v2/700100/flavors/2', '/dfw/v2/700100/flavors/2'],
    [
      'a port the catalog spells out',
      'https://ord.compute.test/v2/700100/flavors/2',
      '/ord/v2/700100/flavors/2',
    ],
    ['host in capitals', 'HTTPS://DFW.Compute.test/v2/700100/images', '/dfw/v2/700100/images'],
    ['bookmark', `https://dfw.compute.test/700100/servers/${ID}`, `/dfw/700100/servers/${ID}`],
    ['the tenant alone', 'https://dfw.compute.test/v2/700100', '/dfw/v2/700100'],
    ['the tenant with slash', 'https://dfw.compute.test/v2/700100/', '/dfw/v2/700100/'],
    ['version', 'https://dfw.compute.test/v2', '/dfw/v2/'],
    ['version with slash', 'https://dfw.compute.test/v2/', '/dfw/v2/'],
    ['version with query', 'https://dfw.compute.test/v2?format=json', '/dfw/v2/?format=json'],
    ['another version', 'https://dfw.compute.test/v2.1/', '/dfw/v2.1/'],
    [
      'another version of a resource',
      'https://dfw.compute.test/v2.1/700100/images',
      '/dfw/v2.1/700100/images',
    ],
    ['root', 'https://dfw.compute.test/', '/dfw/'],
    ['root without slash', 'https://dfw.compute.test', '/dfw/'],
    ['root with query', 'https://dfw.compute.test?a=b', '/dfw/?a=b'],
    [
      'query and fragment',
      'https://dfw.compute.test/v2/700100/images?limit=2&marker=a%2Fb#x',
      '/dfw/v2/700100/images?limit=2&marker=a%2Fb#x',
    ],
    ['another region', 'https://ord.compute.test/v2/700100/images/1', '/ord/v2/700100/images/1'],
    ['a region by path', 'http://127.0.0.1:8774/syd/v2/700100/images/1', '/syd/v2/700100/images/1'],
    ['a region by path, other scheme', 'https://127.0.0.1:8774/lon/700100/images/1', '/lon/700100/images/1'],
    ['root of a region by path', 'http://127.0.0.1:8774/lon', '/lon/'],
    ['no project in the path', 'http://nova.test:8774/v2.1/servers/9', '/hkg/v2.1/c0ffee/servers/9'],
    ['project after all', 'http://nova.test:8774/v2.1/c0ffee/servers/9', '/hkg/v2.1/c0ffee/servers/9'],
    ['bookmark without project', 'http://nova.test:8774/servers/9', '/hkg/c0ffee/servers/9'],
    ['version without project', 'http://nova.test:8774/v2.1/', '/hkg/v2.1/'],
    ['prefix', 'https://cloud.test/compute/v2.1/c0ffee/servers/9', '/iad/v2.1/c0ffee/servers/9'],
    ['bookmark behind a prefix', 'https://cloud.test/compute/c0ffee/servers/9', '/iad/c0ffee/servers/9'],

    ['another service of the host', 'https://cloud.test/image/v2/images/1', undefined],
    ['no collection of compute', 'http://nova.test:8774/image/1', undefined],
    ['the image service', `https://images.test/700100/images/${ID}`, undefined],
    ['another tenant', 'https://dfw.compute.test/v2/999999/servers/1', undefined],
    ['a tenant that only begins alike', 'https://dfw.compute.test/v2/7001009/servers/1', undefined],
    ['a host that only begins alike', 'https://dfw.compute.test.evil.test/v2/700100/servers/1', undefined],
    ['another port', 'https://dfw.compute.test:8443/v2/700100/servers/1', undefined],
    ['a prefix that only begins alike', 'http://127.0.0.1:8774/lonely/v2/700100/images', undefined],
    ['an unknown region by path', 'http://127.0.0.1:8774/v2/700100/images', undefined],
    ['another scheme', 'ftp://dfw.compute.test/v2/700100/images', undefined],
    ['credentials in the URL', 'https://me@dfw.compute.test/v2/700100/images', undefined],
    ['no URL', 'servers', undefined],
    ['empty', '', undefined],
  ];

  it.each(cases)('%s: %s', (_title, url, expected) => {
    expect(rewriter.rewriteUrl(url, BASE, 'DFW')).toBe(expected && BASE + expected);
  });

  it.each(cases)('in a body, %s: %s', (_title, url, expected) => {
    const body = JSON.stringify({ links: [{ rel: 'self', href: url }] });
    const wanted = expected ? JSON.stringify({ links: [{ rel: 'self', href: BASE + expected }] }) : body;
    expect(rewriter.rewriteBody(body, BASE, 'DFW')).toBe(wanted);
  });

  it('reads a path as one of the region that answered', () => {
    expect(rewriter.rewriteUrl('/v2/700100/servers/1', BASE, 'ord')).toBe(`${BASE}/ord/v2/700100/servers/1`);
    expect(rewriter.rewriteUrl('/syd/v2/700100/servers/1', BASE, 'SYD')).toBe(
      `${BASE}/syd/v2/700100/servers/1`,
    );
    expect(rewriter.rewriteUrl('//evil.test/v2/700100', BASE, 'ORD')).toBeUndefined();
    expect(rewriter.rewriteUrl('/v2/700100/servers/1', BASE, 'XYZ')).toBeUndefined();
  });

  it('lets the region that answered win where two share a host and path', () => {
    const shared = createLinkRewriter({
      endpoints: ['DFW', 'ORD'].map((region) => ({
        region,
        origin: 'http://one.test',
        basePath: '/v2/700100',
      })),
    });
    const url = 'http://one.test/v2/700100/images/1';
    expect(shared.rewriteUrl(url, BASE, 'ORD')).toBe(`${BASE}/ord/v2/700100/images/1`);
    expect(shared.rewriteUrl(url, BASE, 'dfw')).toBe(`${BASE}/dfw/v2/700100/images/1`);
    expect(shared.rewriteUrl(url, BASE, 'LON')).toBe(`${BASE}/dfw/v2/700100/images/1`);
  });

  it('keeps two accounts of one region apart from a third tenant', () => {
    const two = createLinkRewriter({
      endpoints: ['11', '22'].map((tenant) => ({
        region: 'DFW',
        origin: 'http://one.test',
        basePath: `/v2/${tenant}`,
      })),
    });
    expect(two.rewriteUrl('http://one.test/v2/22/images', BASE, 'DFW')).toBe(`${BASE}/dfw/v2/22/images`);
    expect(two.rewriteUrl('http://one.test/v2/33/images', BASE, 'DFW')).toBeUndefined();
  });

  it('knows an endpoint without a version by its tenant', () => {
    const plain = createLinkRewriter({
      endpoints: [{ region: 'DFW', origin: 'http://one.test', basePath: '/api/77', tenant: '77' }],
    });
    expect(plain.rewriteUrl('http://one.test/api/77/servers', BASE, 'DFW')).toBe(`${BASE}/dfw/77/servers`);
  });

  it('refuses an endpoint that is no URL', () => {
    const endpoints = [{ region: 'DFW', origin: 'dfw', basePath: '/v2/1' }];
    expect(() => createLinkRewriter({ endpoints })).toThrow(TypeError);
  });
});

describe('bodies', () => {
  const href = (path: string) => `https://dfw.compute.test${path}`;

  it('keeps everything but the links: spacing, order, spelling of numbers', () => {
    const body = `{ "flavors" : [\n {"ram": 5.120e2, "id":"2", "links":[ {"href" :\t"${href('/v2/700100/flavors/2')}","rel":"self"}] } ],
      "big": 12345678901234567890, "href": null }`;
    expect(rewriter.rewriteBody(body, BASE, 'DFW')).toBe(
      body.replace('https://dfw.compute.test/', `${BASE}/dfw/`),
    );
  });

  it('rewrites self and bookmark and next, and leaves the image service alone', () => {
    const image = {
      links: [
        { rel: 'self', href: href(`/v2/700100/images/${ID}`) },
        { rel: 'bookmark', href: href(`/700100/images/${ID}`) },
        {
          rel: 'alternate',
          href: `https://images.test/images/${ID}`,
          type: 'application/vnd.openstack.image',
        },
      ],
    };
    const next = [{ rel: 'next', href: href('/v2/700100/images?limit=1&marker=9') }];
    const body = JSON.stringify({ images: [image], images_links: next });
    const result = JSON.parse(rewriter.rewriteBody(body, BASE, 'DFW'));
    expect(result.images[0].links.map((link: { href: string }) => link.href)).toEqual([
      `${BASE}/dfw/v2/700100/images/${ID}`,
      `${BASE}/dfw/700100/images/${ID}`,
      `https://images.test/images/${ID}`,
    ]);
    expect(result.images_links[0].href).toBe(`${BASE}/dfw/v2/700100/images?limit=1&marker=9`);
  });

  it('returns the very same string when nothing points at an upstream', () => {
    for (const body of ['', '{}', '{"a":"href"}', '{"href":"https://other.test/v2/700100/x"}', '{"href":12}'])
      expect(rewriter.rewriteBody(body, BASE, 'DFW')).toBe(body);
  });

  it('understands escaped URLs', () => {
    const body = String.raw`{"href":"https:\/\/dfw.compute.test\/v2\/700100\/images?name=\u00e9\u0022", "n": "a\"b"}`;
    const result = rewriter.rewriteBody(body, BASE, 'DFW');
    expect(JSON.parse(result).href).toBe(`${BASE}/dfw/v2/700100/images?name=é"`);
    expect(result.endsWith(String.raw`, "n": "a\"b"}`)).toBe(true);
  });

  it('escapes a base that JSON would not take as it is', () => {
    const result = rewriter.rewriteBody(`{"href":"${href('/v2/')}"}`, 'http://a"b', 'DFW');
    expect(JSON.parse(result).href).toBe('http://a"b/dfw/v2/');
  });

  it('does not take text that looks like a link for one', () => {
    const url = href('/v2/700100/images/1');
    const body = JSON.stringify({
      name: `"href": "${url}"`,
      [`my"href`]: url,
      list: ['href', url],
      href: { self: url },
    });
    expect(rewriter.rewriteBody(body, BASE, 'DFW')).toBe(body);
  });

  it('leaves metadata that is called href to the caller who wrote it', () => {
    const url = href('/v2/700100/images/1');
    const link = { href: url };
    const server = {
      metadata: { a: '}"', href: url },
      links: [link],
      image: { metadata: {}, links: [link] },
    };
    const result = JSON.parse(
      rewriter.rewriteBody(JSON.stringify({ servers: [server, server] }), BASE, 'DFW'),
    );
    const rewritten = { href: `${BASE}/dfw/v2/700100/images/1` };
    const expected = {
      metadata: server.metadata,
      links: [rewritten],
      image: { metadata: {}, links: [rewritten] },
    };
    expect(result.servers).toEqual([expected, expected]);
    const item = JSON.stringify({ meta: { href: url } });
    expect(rewriter.rewriteBody(item, BASE, 'DFW')).toBe(item);
  });

  it('survives a text that breaks off', () => {
    const body = `{"metadata":{},"links":[{"href":"${href('/v2/700100/images/1')}"}]}`;
    for (let length = 0; length < body.length; length++)
      expect(typeof rewriter.rewriteBody(body.slice(0, length), BASE, 'DFW')).toBe('string');
  });

  it('does what parsing and rewriting each href would do', () => {
    const urls = fc.oneof(
      fc.constantFrom('/v2/700100/servers/1', '/700100/images/2', '/v2', '', '/v3/other').map(href),
      fc.webUrl(),
      fc.string(),
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.string(),
        fc.double(),
        fc.record({ rel: fc.string(), href: urls }),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4 }),
      ),
    }));
    const reference = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reference);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, member]) => [
          key,
          key === 'href' && typeof member === 'string'
            ? (rewriter.rewriteUrl(member, BASE, 'DFW') ?? member)
            : reference(member),
        ]),
      );
    };
    fc.assert(
      fc.property(tree, fc.constantFrom(undefined, 2), (value, indent) => {
        // A lone path is a URL only in a Location, never in a body.
        const text = JSON.stringify([value], null, indent);
        fc.pre(!/"href":\s*"\//.test(text) && !/"meta(data)?"/.test(text));
        expect(JSON.parse(rewriter.rewriteBody(text, BASE, 'DFW'))).toEqual(reference(JSON.parse(text)));
      }),
      { numRuns: 300 },
    );
  });
});

describe('Location', () => {
  const rewrite = (url: string, location?: '/images/' | '/servers/') =>
    rewriter.rewriteLocation(url, location, BASE, 'DFW', '/v2/700100');

  it('leads a new image to compute, whatever host the upstream named', () => {
    const expected = `${BASE}/dfw/v2/700100/images/${ID}`;
    expect(rewrite(`http://10.0.0.7:9292/images/${ID}`, '/images/')).toBe(expected);
    expect(rewrite(`http://10.0.0.7:9292//images/${ID}`, '/images/')).toBe(expected);
    expect(rewrite(`https://dfw.compute.test/v2/700100/images/${ID}/?x=/y#z`, '/images/')).toBe(expected);
    expect(rewrite(`/images/${ID}`, '/images/')).toBe(expected);
  });

  it('leads a new server to its region', () => {
    expect(rewrite('http://lb.test/v2/700100/servers/9', '/servers/')).toBe(
      `${BASE}/dfw/v2/700100/servers/9`,
    );
  });

  it('treats any other as a link', () => {
    expect(rewrite('http://dfw.compute.test/v2/')).toBe(`${BASE}/dfw/v2/`);
    expect(rewrite('https://elsewhere.test/')).toBeUndefined();
    expect(rewrite('https://elsewhere.test/', '/images/')).toBeUndefined();
  });
});
