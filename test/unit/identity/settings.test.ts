import { describe, expect, it } from 'vitest';
import { locateIdentity, userOf, v2TokensUrl, v3TokensUrl } from '../../../src/identity/settings.ts';
import { createV2Login } from '../../../src/identity/v2-client.ts';

describe('the identity URL', () => {
  it.each([
    ['us', 'https://identity.api.rackspacecloud.com/v2.0/tokens'],
    ['UK', 'https://lon.identity.api.rackspacecloud.com/v2.0/tokens'],
    ['http://keys.test:5000/v2.0', 'http://keys.test:5000/v2.0/tokens'],
    ['https://keys.test/identity/v2.0/', 'https://keys.test/identity/v2.0/tokens'],
  ])('%s means %s', (setting, url) => {
    expect(v2TokensUrl(setting).href).toBe(url);
  });

  it.each([
    '',
    'de',
    'keys.test/v2.0',
    'ftp://keys.test/v2.0',
    'http://keys.test',
    'http://keys.test/v2.0?a=1',
  ])('"%s" is refused with what is accepted', (setting) => {
    expect(() => v2TokensUrl(setting)).toThrow(/"us", "uk" or an http\(s\) URL ending in \/v2\.0, in \/v3/);
  });

  it('with a password in it is refused without repeating it', () => {
    const read = () => v2TokensUrl('http://mara:letmein@keys.test/v2.0');
    expect(read).toThrow(/ending in \/v2\.0/);
    expect(read).not.toThrow(/letmein/);
  });

  it('needs a secret beside it', () => {
    expect(() => createV2Login({ url: 'us', credentials: { username: 'mara' }, timeoutMs: 1_000 })).toThrow(
      /apiKey or a password/,
    );
  });
});

describe('the version that an identity URL names', () => {
  it.each([
    ['us', 'v2.0', 'https://identity.api.rackspacecloud.com/v2.0'],
    ['https://keys.test/v3', 'v3', 'https://keys.test/v3'],
    ['https://keys.test/identity/v3//', 'v3', 'https://keys.test/identity/v3'],
    ['https://keys.test/V3/', 'v3', 'https://keys.test/V3'],
    ['http://keys.test:5000', undefined, 'http://keys.test:5000/'],
    ['http://keys.test/identity/', undefined, 'http://keys.test/identity'],
    ['http://[2001:db8::1]:5000/v3/', 'v3', 'http://[2001:db8::1]:5000/v3'],
  ])('%s', (setting, version, href) => {
    expect(locateIdentity(setting)).toMatchObject({ version, url: { href } });
  });

  it.each([
    'http://k.test/v3/auth/tokens',
    'http://k.test/v2.0/tokens',
    'http://k.test/v2',
    'http://k.test/v3.14',
    'http://k.test/v3/v2.0',
  ])('%s is refused: it is no base of an identity service', (setting) => {
    expect(() => locateIdentity(setting)).toThrow(/without a version/);
  });

  it('decides where a login goes', () => {
    expect(v3TokensUrl('https://keys.test/identity/v3/').href).toBe(
      'https://keys.test/identity/v3/auth/tokens',
    );
    expect(() => v3TokensUrl('https://keys.test/v2.0')).toThrow(/in \/v3/);
  });
});

describe('whose limits are spent', () => {
  const url = 'https://keys.test/v3';
  it('is a user, told apart by the domain, and never by a secret', () => {
    const users = [
      { url, username: 'mara', password: 'hidden-1' },
      { url, username: 'mara', userDomain: { name: 'acme' }, password: 'hidden-1' },
      { url, userId: 'u-1', password: 'hidden-1' },
      { url, applicationCredential: { id: 'c-1', secret: 'hidden-1' } },
      { url, username: 'mara', applicationCredential: { name: 'ci', secret: 'hidden-1' } },
    ].map(userOf);
    expect(new Set(users).size).toBe(users.length);
    expect(users.join('\n')).not.toContain('hidden-1');
    expect(users[0]).toBe('https://keys.test/v3 mara');
  });
});
