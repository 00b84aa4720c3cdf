import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ForwardingHeaders,
  isAllowedHost,
  isLoopback,
  networkProblem,
  originOf,
  plainAddress,
  TrustedProxies,
} from '../../../src/access/addresses.ts';
import { parseForwarded, parseForwardedFor } from '../../../src/access/forwarded.ts';

const trusted = new TrustedProxies(['10.0.0.0/8', '192.168.1.1', 'fd00::/8']);
const CALLER = '203.0.113.7';

const from = (remoteAddress: string, headers: ForwardingHeaders, encrypted = false) =>
  originOf({ remoteAddress, encrypted }, { host: 'sluice.example', ...headers }, trusted);
const proxied = (headers: ForwardingHeaders) => from('10.0.0.1', headers);

describe('where a request comes from', () => {
  it('is the socket, whatever a stranger writes', () => {
    const forged: ForwardingHeaders = {
      forwarded: 'for=1.2.3.4;host=evil;proto=https',
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-host': 'evil',
      'x-forwarded-proto': 'https',
    };
    const direct = { address: CALLER, proto: 'http', host: 'sluice.example' };
    expect(from(CALLER, forged)).toEqual(direct);
    expect(from(CALLER, {}, true)).toEqual({ ...direct, proto: 'https' });
    expect(originOf({ remoteAddress: '10.0.0.1' }, forged, new TrustedProxies([])).address).toBe('10.0.0.1');
  });

  it('is what a trusted proxy says', () => {
    expect(proxied({ 'x-forwarded-for': CALLER })).toMatchObject({ address: CALLER, proto: 'http' });
    expect(
      proxied({ 'x-forwarded-for': CALLER, 'x-forwarded-proto': 'HTTPS', 'x-forwarded-host': 'api.example' }),
    ).toEqual({ address: CALLER, proto: 'https', host: 'api.example' });
    expect(proxied({ forwarded: `for=${CALLER};proto=https;host="api.example:8443"` })).toEqual({
      address: CALLER,
      proto: 'https',
      host: 'api.example:8443',
    });
  });

  it('is the nearest address that is no trusted proxy: what stands before it is the caller’s own invention', () => {
    expect(proxied({ 'x-forwarded-for': `1.2.3.4, ${CALLER}, 10.9.9.9` }).address).toBe(CALLER);
    expect(proxied({ forwarded: `for=1.2.3.4, for=${CALLER}, for=10.9.9.9` }).address).toBe(CALLER);
    expect(proxied({ 'x-forwarded-for': '10.1.1.1, 10.2.2.2' }).address).toBe('10.1.1.1');
  });

  it('stops at a proxy that does not say, or says nonsense', () => {
    for (const node of ['unknown', '_hidden', '', 'x'.repeat(1000), '1.2.3.4.5', '<script>'])
      expect(proxied({ 'x-forwarded-for': `${CALLER}, ${node}` }).address).toBe('10.0.0.1');
    expect(proxied({ forwarded: `for=${CALLER}, for=unknown` }).address).toBe('10.0.0.1');
    expect(proxied({ forwarded: `for=${CALLER}, proto=http` }).address).toBe('10.0.0.1');
  });

  it('reads every spelling of an address', () => {
    for (const [node, address] of [
      [`${CALLER}:4711`, CALLER],
      ['[2001:db8::1]:4711', '2001:db8::1'],
      ['[2001:db8::1]', '2001:db8::1'],
      ['2001:DB8::1', '2001:db8::1'],
      [`::ffff:${CALLER}`, CALLER],
    ] as const)
      expect(proxied({ 'x-forwarded-for': node }).address).toBe(address);
    expect(from('::ffff:10.0.0.1', { 'x-forwarded-for': CALLER }).address).toBe(CALLER);
    expect(from('fd00::1', { 'x-forwarded-for': CALLER }).address).toBe(CALLER);
    expect(from('fe80::1%eth0', {}).address).toBe('fe80::1');
  });

  it('takes protocol and host from the proxy that the caller spoke to', () => {
    expect(
      proxied({
        'x-forwarded-for': `${CALLER}, 10.0.0.9`,
        'x-forwarded-proto': 'https, http',
        'x-forwarded-host': 'api.example, inner',
      }),
    ).toEqual({ address: CALLER, proto: 'https', host: 'api.example' });
    expect(
      proxied({
        forwarded: `for=${CALLER};proto=https;host=api.example, for=10.0.0.9;proto=http;host=inner`,
      }),
    ).toEqual({ address: CALLER, proto: 'https', host: 'api.example' });
    expect(proxied({ 'x-forwarded-for': `1.1.1.1, ${CALLER}`, 'x-forwarded-proto': 'https' }).proto).toBe(
      'https',
    );
    expect(
      proxied({ 'x-forwarded-for': `1.1.1.1, ${CALLER}`, 'x-forwarded-proto': 'https, http' }).proto,
    ).toBe('http');
  });

  it('takes protocol and host where a proxy names no address', () => {
    expect(proxied({ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'api.example' })).toEqual({
      address: '10.0.0.1',
      proto: 'https',
      host: 'api.example',
    });
  });

  it('adds a port that stands in a header of its own', () => {
    const host = (port: string, name = 'api.example') =>
      proxied({ 'x-forwarded-proto': 'https', 'x-forwarded-host': name, 'x-forwarded-port': port }).host;
    expect(host('8443')).toBe('api.example:8443');
    expect(host('443')).toBe('api.example');
    expect(host('8443', 'api.example:1')).toBe('api.example:1');
    expect(host('x')).toBe('api.example');
  });

  it('believes neither of two headers that differ: a proxy writes one and hands on the other', () => {
    const both = (standard: string, customary: string) =>
      proxied({ forwarded: `for=${standard};host=evil`, 'x-forwarded-for': customary });
    expect(both('1.2.3.4', CALLER)).toEqual({ address: '10.0.0.1', proto: 'http', host: 'sluice.example' });
    expect(both(CALLER, CALLER).address).toBe(CALLER);
    expect(proxied({ forwarded: '"', 'x-forwarded-for': CALLER }).address).toBe('10.0.0.1');
  });

  it('never takes a host that could break out of where it is written', () => {
    for (const host of ['a b', 'a"b', 'a<b', 'a/b', '', 'x'.repeat(300), 'a\nb', 'ä.example'])
      expect(proxied({ 'x-forwarded-host': host, 'x-forwarded-proto': 'https' }).host).toBe('sluice.example');
    expect(originOf({ remoteAddress: CALLER }, { host: 'a b' }, trusted).host).toBeUndefined();
  });

  it('follows only so many hops, and never throws', () => {
    const chain = Array.from({ length: 10_000 }, () => '10.0.0.2').join(',');
    expect(proxied({ 'x-forwarded-for': `${CALLER},${chain}` }).address).toBe('10.0.0.2');
    fc.assert(
      fc.property(fc.string(), fc.string(), (forwarded, forwardedFor) => {
        const { address } = proxied({ forwarded, 'x-forwarded-for': forwardedFor });
        expect(address).toMatch(/^[\da-f.:]+$/);
      }),
    );
  });
});

describe('Forwarded', () => {
  it('is read as RFC 7239 shows it', () => {
    const hop = (address: string | undefined, proto?: string, host?: string) => ({ address, proto, host });
    expect(parseForwarded('for="_gazonk"')).toEqual([hop(undefined)]);
    expect(parseForwarded('For="[2001:db8:cafe::17]:4711"')).toEqual([hop('2001:db8:cafe::17')]);
    expect(parseForwarded('for=192.0.2.60;proto=http;by=203.0.113.43')).toEqual([hop('192.0.2.60', 'http')]);
    expect(parseForwarded('for=192.0.2.43, for=198.51.100.17')).toEqual([
      hop('192.0.2.43'),
      hop('198.51.100.17'),
    ]);
    expect(parseForwarded('host="a\\"b,;" ; for=192.0.2.43')).toEqual([
      hop('192.0.2.43', undefined, 'a"b,;'),
    ]);
  });

  it.each([
    'for',
    'for=',
    '=x',
    'for=a b',
    'for=1.2.3.4;for=1.2.3.4',
    'for="1.2.3.4',
    'for=1.2.3.4;',
    ',',
    'for=ä',
  ])('is not believed at all when it is malformed: %j', (text) => {
    expect(parseForwarded(text)).toBeUndefined();
  });

  it('may be empty', () => expect(parseForwarded('  ')).toEqual([]));

  it('is read at once however long it is', () => {
    expect(parseForwarded(`for="${'\\'.repeat(100_000)}`)).toBeUndefined();
    expect(parseForwarded('for=1.2.3.4,'.repeat(50_000))).toHaveLength(32);
    expect(parseForwardedFor(`[${':'.repeat(100_000)}`)).toBeUndefined();
  });
});

describe('a trusted network', () => {
  it.each([
    ['10.0.0.0/8', undefined],
    ['::1', undefined],
    ['fd00::/8', undefined],
    ['0.0.0.0/0', undefined],
    ['10.0.0.0/33', 'has no prefix length from 0 to 32'],
    ['fd00::/129', 'has no prefix length from 0 to 128'],
    ['10.0.0.0/', 'has no prefix length from 0 to 32'],
    ['10.0.0.0/8/8', 'is no address or network'],
    ['10.0.0', 'is no address or network'],
    ['proxy.example', 'is no address or network'],
    ['', 'is no address or network'],
  ])('%j: %s', (text, problem) => {
    expect(networkProblem(text)).toBe(problem);
  });

  it('holds exactly its addresses', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.tuple(octet, octet, octet, octet), (octets) => {
        expect(new TrustedProxies(['172.16.0.0/12']).has(octets.join('.'))).toBe(
          octets[0] === 172 && octets[1] >= 16 && octets[1] < 32,
        );
      }),
    );
    for (const address of ['', 'unknown', 'proxy.example']) expect(trusted.has(address)).toBe(false);
  });

  it('sees IPv4 in IPv6', () => {
    expect(plainAddress('::FFFF:10.0.0.1')).toBe('10.0.0.1');
    expect(plainAddress('::1')).toBe('::1');
  });
});

describe('a host that links may be built from', () => {
  it.each([
    ['sluice.example', ['sluice.example'], true],
    ['Sluice.Example.:8080', ['sluice.example'], true],
    ['sluice.example:8080', ['sluice.example:8080'], true],
    ['sluice.example:8081', ['sluice.example:8080'], false],
    ['dfw.sluice.internal', ['*.sluice.internal'], true],
    ['a.b.sluice.internal', ['*.sluice.internal'], true],
    ['sluice.internal', ['*.sluice.internal'], false],
    ['.sluice.internal', ['*.sluice.internal'], false],
    ['evilsluice.internal', ['*.sluice.internal'], false],
    ['sluice.example.evil', ['sluice.example'], false],
    ['[::1]:8080', ['[::1]'], true],
    ['anything', [], false],
  ])('%s of %j: %j', (host, allowed, isAllowed) => {
    for (const isLocal of [true, false]) expect(isAllowedHost(host, allowed, isLocal)).toBe(isAllowed);
  });

  it('is any where only this machine calls, none elsewhere, unless the configuration says', () => {
    expect(isAllowedHost('anything', null, true)).toBe(true);
    expect(isAllowedHost('anything', null, false)).toBe(false);
  });

  it('is local on a loopback address', () => {
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1']) expect(isLoopback(host)).toBe(true);
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.evil']) expect(isLoopback(host)).toBe(false);
  });
});
