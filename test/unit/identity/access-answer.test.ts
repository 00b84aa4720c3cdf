import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { facadeCatalog } from '../../../src/facade/catalog.ts';
import { parseAccess, parseExpires, parseV3Token } from '../../../src/identity/access-answer.ts';
import { chooseEndpoints } from '../../../src/identity/catalog.ts';
import { LoginError } from '../../../src/identity/login-error.ts';
import { isAtIdentity, serviceEndpoints } from '../../../src/identity/service-endpoints.ts';
import type { Token } from '../../../src/identity/token.ts';
import type { JsonObject, JsonValue } from '../../../src/json.ts';
import { createLinkRewriter } from '../../../src/links/rewrite.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

const nested = (depth: number): JsonValue => (depth === 0 ? 'x' : [nested(depth - 1)]);

function answer(token: JsonObject = {}, access: JsonObject = {}): JsonObject {
  return {
    access: {
      token: { id: 't-1', expires: '2026-01-02T00:00:00Z', tenant: { id: '424242', name: 'acme' }, ...token },
      user: {
        id: '9',
        name: 'mara',
        'RAX-AUTH:defaultRegion': 'ORD',
        roles: [{ id: '3', name: 'identity:user-admin', description: 'Admin.' }],
      },
      serviceCatalog: [
        { name: 'cloudDNS', type: 'rax:dns', endpoints: [{ publicURL: 'https://d.test' }], extra: 1 },
      ],
      ...access,
    },
  };
}

describe('expires', () => {
  it.each([
    ['2026-01-01T10:00:00.585-05:00', '2026-01-01T15:00:00.585Z'],
    ['2026-01-01T10:00:00+0200', '2026-01-01T08:00:00.000Z'],
    ['2026-01-01T10:00:00Z', '2026-01-01T10:00:00.000Z'],
    ['2026-01-01T10:00:00.123456Z', '2026-01-01T10:00:00.123Z'],
    ['2026-01-01T10:00:00', '2026-01-01T10:00:00.000Z'],
    [' 2026-01-01T10:00:00Z ', '2026-01-01T10:00:00.000Z'],
    ['2026-01-01t10:00:00z', '2026-01-01T10:00:00.000Z'],
    ['2026-01-01 10:00:00', '2026-01-01T10:00:00.000Z'],
    ['2026-01-01 10:00:00 UTC', '2026-01-01T10:00:00.000Z'],
    ['2026-01-01 10:00:00 -0500', '2026-01-01T15:00:00.000Z'],
    ['2026-01-01T10:00:00-05', '2026-01-01T15:00:00.000Z'],
    ['2026-01-01T10:00:00.000000', '2026-01-01T10:00:00.000Z'],
    ['2026-01-01T10:00:00,5Z', '2026-01-01T10:00:00.500Z'],
    ['2026-01-01T10:00Z', '2026-01-01T10:00:00.000Z'],
    ['2026-01-02', '2026-01-02T00:00:00.000Z'],
    ['Thu, 01 Jan 2026 10:00:00 GMT', '2026-01-01T10:00:00.000Z'],
    ['1767261600', '2026-01-01T10:00:00.000Z'],
    ['1767261600.5', '2026-01-01T10:00:00.500Z'],
    ['1767261600000', '2026-01-01T10:00:00.000Z'],
  ])('%s is %s', (text, utc) => {
    expect(new Date(parseExpires(text)).toISOString()).toBe(utc);
  });
});

describe('an access answer', () => {
  it('becomes a token with tenant, user and the catalog as it was sent', () => {
    expect(parseAccess(answer(), NOW)).toEqual({
      id: 't-1',
      issuedAtMs: NOW,
      expiresAtMs: NOW + 86_400_000,
      tenant: { id: '424242', name: 'acme' },
      user: {
        id: '9',
        name: 'mara',
        defaultRegion: 'ORD',
        roles: [{ id: '3', name: 'identity:user-admin', description: 'Admin.' }],
      },
      catalog: [
        { name: 'cloudDNS', type: 'rax:dns', endpoints: [{ publicURL: 'https://d.test' }], extra: 1 },
      ],
    });
  });

  it('may leave out the user and the catalog, and send junk in the catalog', () => {
    const bare = parseAccess({ access: { token: (answer()['access'] as JsonObject)['token']! } }, NOW);
    expect(bare.user).toEqual({ id: '', name: '', roles: [] });
    expect(bare.catalog).toEqual([]);
    const junk = parseAccess(answer({}, { serviceCatalog: [null, 7, { endpoints: 'none' }] }), NOW);
    expect(junk.catalog).toEqual([{ name: '', type: '', endpoints: [] }]);
  });

  it('has its expiry moved onto our clock when the clocks differ', () => {
    const hourAhead = new Date(NOW + 3_600_000).toUTCString();
    expect(parseAccess(answer(), NOW, hourAhead).expiresAtMs).toBe(NOW + 23 * 3_600_000);
    const dayBehind = new Date(NOW - 86_400_000).toUTCString();
    expect(parseAccess(answer({ expires: '2025-12-31T12:00:00Z' }), NOW, dayBehind).expiresAtMs).toBe(
      NOW + 12 * 3_600_000,
    );
    expect(parseAccess(answer(), NOW, new Date(NOW + 2_000).toUTCString()).expiresAtMs).toBe(
      NOW + 86_400_000,
    );
  });

  it.each<[string, JsonValue]>([
    ['is null', null],
    ['is a list', []],
    ['has no access', {}],
    ['has no token id', answer({ id: '' })],
    ['has no expiry', answer({ expires: null })],
    ['has an expiry that is no date', answer({ expires: 'tomorrow' })],
    ['has no tenant', answer({ tenant: null })],
    ['has expired', answer({ expires: '2025-12-31T23:59:59Z' })],
    ['has a token id that no header takes', answer({ id: 'a\nb' })],
    ['has a token id longer than any', answer({ id: 'a'.repeat(20_000) })],
    ['has a tenant that no path takes', answer({ tenant: { id: '\ud800' } })],
    ['is nested deeper than anything', answer({}, { more: nested(40) })],
  ])('is a malformed login when it %s', (_name, body) => {
    const read = () => parseAccess(body, NOW);
    expect(read).toThrow(LoginError);
    expect(read).toThrow(/cannot be used/);
  });

  it('with a number for an expiry, or one in the year 9999, is believed for ten years at most', () => {
    expect(parseAccess(answer({ expires: 1767312000 }), NOW).expiresAtMs).toBe(1767312000_000);
    const { expiresAtMs } = parseAccess(answer({ expires: '9999-12-31T23:59:59Z' }), NOW);
    expect(expiresAtMs - NOW).toBe(10 * 366 * 86_400_000);
    expect(() => new Date(expiresAtMs).toISOString()).not.toThrow();
    const far = parseAccess(
      answer({ expires: '+275760-09-13T00:00:00Z' }),
      NOW,
      'Thu, 01 Jan 1970 00:00:00 GMT',
    );
    expect(() => new Date(far.expiresAtMs).toISOString()).not.toThrow();
  });

  it('of whatever shape is a token or a malformed login, and its catalog breaks nothing', () => {
    const words = fc.constantFrom<JsonValue>(
      'compute',
      'identity',
      'image',
      'cloudServersOpenStack',
      'http://a.test/v2/424242',
      'https://[::1]:1/%zz//',
      'http://',
      'RegionOne',
      '__proto__',
      '\ud800',
      '',
      null,
    );
    const leaf = fc.oneof(words, fc.string(), fc.integer(), fc.boolean());
    const key = fc.constantFrom(
      'name',
      'type',
      'endpoints',
      'region',
      'tenantId',
      'publicURL',
      'adminURL',
      'internalURL',
      'roles',
      '__proto__',
    );
    const { tree } = fc.letrec<{ tree: JsonValue }>((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('tree')), fc.dictionary(key, tie('tree'))),
    }));
    const entry = fc.dictionary(key, tree);
    const catalog = fc.array(
      fc.oneof(tree, fc.record({ name: words, type: words, endpoints: fc.array(entry) })),
    );
    const bodies = fc.oneof(
      tree,
      fc.record({ token: tree, user: tree, serviceCatalog: tree }).map((access) => ({ access }) as JsonValue),
      fc
        .tuple(catalog, tree, tree)
        .map(([serviceCatalog, user, id]) => answer({ tenant: { id } }, { serviceCatalog, user })),
      fc.tuple(catalog, tree).map(([serviceCatalog, user]) => answer({}, { serviceCatalog, user })),
    );
    fc.assert(
      fc.property(bodies, fc.option(fc.string()), (body, date) => {
        let token: Token;
        try {
          token = parseAccess(body as JsonValue, NOW, date ?? undefined);
        } catch (error) {
          expect(error).toBeInstanceOf(LoginError);
          return;
        }
        const account = { service: 'cloudServersOpenStack', interface: 'public' as const, regions: null };
        const choice = { ...account, tenantId: token.tenant.id };
        const { endpoints } = chooseEndpoints(token.catalog, choice);
        const others = serviceEndpoints(token.catalog, { ...choice, identityUrl: 'us' });
        for (const byRegion of others.values())
          for (const service of byRegion.values()) isAtIdentity(service, '/v3/users');
        for (const services of ['all', 'none'] as const)
          JSON.stringify(
            facadeCatalog({ token, baseUrl: 'http://s.test', account, services, identity: 'v3' }),
          );
        const links = createLinkRewriter({
          endpoints: [...endpoints.values()].flatMap(({ otherUrls, url, ...one }) =>
            [url, ...otherUrls].map(({ origin }) => ({ ...one, origin, tenant: one.tenantId })),
          ),
        });
        links.rewriteUrl('http://a.test/v2/424242/servers/1', 'http://s.test', 'RegionOne');
      }),
      { numRuns: 300 },
    );
  });
});

describe('a token answer of Identity v3', () => {
  const v3 = (token: JsonObject = {}): JsonObject => ({
    token: {
      methods: ['password'],
      user: {
        id: '8b80',
        name: 'mara',
        domain: { id: 'default', name: 'Default' },
        password_expires_at: null,
      },
      expires_at: '2026-01-02T00:00:00.000000Z',
      issued_at: '2026-01-01T00:00:00.000000Z',
      project: { id: 'b07a', name: 'demo', domain: { id: 'default', name: 'Default' } },
      is_domain: false,
      roles: [{ id: '456d', name: 'member' }],
      catalog: [
        {
          id: '1673',
          type: 'compute',
          name: 'nova',
          endpoints: [
            { id: '1', interface: 'public', region: 'DFW', region_id: 'DFW', url: 'http://a.test/v2.1' },
          ],
        },
      ],
      ...token,
    },
  });

  it('becomes the same token as one of v2.0: the project is the tenant', () => {
    expect(parseV3Token('t-3', v3(), NOW)).toEqual({
      id: 't-3',
      issuedAtMs: NOW,
      expiresAtMs: NOW + 86_400_000,
      tenant: { id: 'b07a', name: 'demo' },
      user: { id: '8b80', name: 'mara', roles: [{ id: '456d', name: 'member' }] },
      catalog: [
        {
          id: '1673',
          type: 'compute',
          name: 'nova',
          endpoints: [{ region: 'DFW', publicURL: 'http://a.test/v2.1' }],
        },
      ],
    });
  });

  it.each([
    ['2026-01-01T10:00:00.000000Z', 10],
    ['2026-01-01T10:00:00Z', 10],
    ['2026-01-01T10:00:00+00:00', 10],
    ['2026-01-01T12:00:00.123456+02:00', 10],
    ['2026-01-01T05:00:00-0500', 10],
    ['2026-01-01T10:00:00.000000', 10],
  ])('expires at %s', (text, hours) => {
    const { expiresAtMs } = parseV3Token('t-3', v3({ expires_at: text }), NOW);
    expect(Math.floor((expiresAtMs - NOW) / 3_600_000)).toBe(hours);
  });

  it('has its expiry moved onto our clock when the service’s differs', () => {
    const date = new Date(NOW + 3_600_000).toUTCString();
    expect(parseV3Token('t-3', v3(), NOW, date).expiresAtMs).toBe(NOW + 86_400_000 - 3_600_000);
  });

  it('may leave out catalog and roles', () => {
    const { token } = v3() as { token: JsonObject };
    const { catalog: _c, roles: _r, ...bare } = token;
    expect(parseV3Token('t-3', { token: bare }, NOW)).toMatchObject({ catalog: [], user: { roles: [] } });
  });

  it.each<[string, string | undefined, JsonValue, RegExp]>([
    ['without a header', undefined, v3(), /no X-Subject-Token/],
    ['whose token cannot stand in a header', 'a b', v3(), /X-Subject-Token cannot stand in a header/],
    ['without an expiry', 't-3', v3({ expires_at: null }), /token\.expires_at/],
    ['with an expiry that is no date', 't-3', v3({ expires_at: 'soon' }), /token\.expires_at is no date/],
    ['that has expired', 't-3', v3({ expires_at: '2025-01-01T00:00:00Z' }), /expired already/],
    [
      'that is scoped to no project',
      't-3',
      v3({ project: null }),
      /name one in accounts\[\]\.identity\.project/,
    ],
    ['that is nothing', 't-3', [], /token/],
    ['that is of v2.0', 't-3', answer(), /token\.expires_at/],
    ['that is nested without an end', 't-3', v3({ x: nested(40) }), /nested deeper/],
  ])('%s is malformed, and says why without its text', (_what, id, body, message) => {
    const read = () => parseV3Token(id, body, NOW);
    expect(read).toThrow(LoginError);
    expect(read).toThrow(message);
  });
});
