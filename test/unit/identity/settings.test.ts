import { describe, expect, it } from 'vitest';
import { v2TokensUrl } from '../../../src/identity/settings.ts';
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
    expect(() => v2TokensUrl(setting)).toThrow(/"us", "uk" or an http\(s\) URL ending in \/v2\.0/);
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
