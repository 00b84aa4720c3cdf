import { describe, expect, it } from 'vitest';
import { Proxies } from '../../../src/upstream/proxies.ts';

const to = (environment: Record<string, string>, origin: string) => new Proxies(environment).to(origin)?.href;
const HTTP = 'http://proxy.test:3128/';
const HTTPS = 'http://secure.test:3129/';

describe('the proxy on the way', () => {
  it('is that of the scheme, small letters first; that of http serves for both', () => {
    expect(to({ HTTP_PROXY: HTTP, HTTPS_PROXY: HTTPS }, 'http://dfw.test')).toBe(HTTP);
    expect(to({ HTTP_PROXY: HTTP, HTTPS_PROXY: HTTPS }, 'https://dfw.test')).toBe(HTTPS);
    expect(to({ HTTP_PROXY: HTTP }, 'https://dfw.test')).toBe(HTTP);
    expect(to({ HTTPS_PROXY: HTTPS }, 'http://dfw.test')).toBeUndefined();
    expect(to({ https_proxy: HTTP, HTTPS_PROXY: HTTPS }, 'https://dfw.test')).toBe(HTTP);
    expect(to({ https_proxy: '', HTTPS_PROXY: HTTPS }, 'https://dfw.test')).toBeUndefined();
    expect(to({}, 'https://dfw.test')).toBeUndefined();
  });

  it('may be written without a scheme, as for curl', () => {
    expect(to({ HTTPS_PROXY: 'proxy.test:3128' }, 'https://dfw.test')).toBe(HTTP);
  });

  it.each([
    ['*', 'https://dfw.test', false],
    ['dfw.test', 'https://dfw.test', false],
    ['DFW.test', 'https://dfw.test', false],
    ['test', 'https://dfw.test', false],
    ['.test', 'https://dfw.test', false],
    ['*.test', 'https://dfw.test', false],
    ['a.test, dfw.test', 'https://dfw.test', false],
    ['a.test dfw.test', 'https://dfw.test', false],
    ['fw.test', 'https://dfw.test', true],
    ['dfw.test:443', 'https://dfw.test', false],
    ['dfw.test:8443', 'https://dfw.test', true],
    ['dfw.test:8443', 'https://dfw.test:8443', false],
    ['127.0.0.1', 'https://127.0.0.1:8443', false],
    ['[::1]', 'https://[::1]:8443', false],
    ['', 'https://127.0.0.1', true],
  ])('with NO_PROXY=%s is taken to %s: %s', (NO_PROXY, origin, isTaken) => {
    expect(to({ HTTPS_PROXY: HTTPS, NO_PROXY }, origin)).toBe(isTaken ? HTTPS : undefined);
  });

  it('is never taken to what runs in the same process', () => {
    expect(new Proxies({ HTTP_PROXY: HTTP }, ['127.0.0.1']).to('http://127.0.0.1:8090')).toBeUndefined();
    expect(new Proxies({ HTTP_PROXY: HTTP }, ['[::1]']).to('http://[::1]:8090')).toBeUndefined();
  });

  it.each(['socks5://user:secret@proxy.test', 'http://', 'ftp://proxy.test'])(
    'cannot be %s, which is said at the start and not repeated',
    (HTTPS_PROXY) => {
      const make = () => new Proxies({ HTTPS_PROXY });
      expect(make).toThrow(/^HTTPS_PROXY is no URL of a proxy, accepted: http\(s\):\/\//);
      expect(make).not.toThrow(/secret/);
    },
  );
});
