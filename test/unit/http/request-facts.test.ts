import { describe, expect, it } from 'vitest';
import { TrustedProxies } from '../../../src/access/addresses.ts';
import type { ListenerTerms } from '../../../src/http/caller.ts';
import { RequestFacts, urlHost } from '../../../src/http/request-facts.ts';
import { createRouter } from '../../../src/routing/route.ts';

const TERMS: ListenerTerms = {
  access: { mode: 'open', passThrough: false },
  proofTtlMs: 0,
  publicUrl: undefined,
  allowedHosts: null,
  isLocal: true,
  trusted: new TrustedProxies([]),
  certified: undefined,
};

const baseOf = (host: string | undefined, localAddress = '::1') => {
  const route = createRouter({ rootRegion: undefined, maxTargetBytes: () => 8192 })('GET', '/');
  const headers = host === undefined ? {} : { host };
  const context = { terms: TERMS, rootRegion: undefined, now: 0 };
  return new RequestFacts(
    { method: 'GET', headers, route, socket: { localAddress, localPort: 8080 } },
    context,
  ).publicBase;
};

describe('an address in a URL', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '[::1]'],
    ['2001:db8::1', '[2001:db8::1]'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::FFFF:10.1.2.3', '10.1.2.3'],
    ['fe80::1%eth0', '[fe80::1]'],
    ['localhost', 'localhost'],
  ])('%s is %s', (address, host) => {
    expect(urlHost(address)).toBe(host);
    expect(URL.canParse(`http://${host}:8080/`)).toBe(true);
  });
});

describe('the base of links', () => {
  it.each([
    'sluice.test',
    'sluice.test:8080',
    '127.0.0.1:1',
    '[::1]:8080',
    '[::ffff:127.0.0.1]:8080',
    '[2001:db8::1]',
    'a_b',
  ])('is the Host %s', (host) => {
    expect(baseOf(host)).toBe(`http://${host}`);
  });

  it.each([
    undefined,
    '',
    '::1',
    '::1:8080',
    'a b',
    'a/b',
    'a"b',
    'x:y',
    '[x]',
    '[::1',
    'a:1:2',
    'a:123456',
    'h'.repeat(256),
  ])('is this end of the connection where the Host is none: %j', (host) => {
    expect(baseOf(host)).toBe('http://[::1]:8080');
    expect(baseOf(host, '::ffff:10.1.2.3')).toBe('http://10.1.2.3:8080');
  });
});
