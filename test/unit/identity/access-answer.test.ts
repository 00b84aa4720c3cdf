import { describe, expect, it } from 'vitest';
import { parseAccess, parseExpires } from '../../../src/identity/access-answer.ts';
import { LoginError } from '../../../src/identity/login-error.ts';
import type { JsonObject, JsonValue } from '../../../src/json.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

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
  ])('is a malformed login when it %s', (_name, body) => {
    const read = () => parseAccess(body, NOW);
    expect(read).toThrow(LoginError);
    expect(read).toThrow(/cannot be used/);
  });
});
