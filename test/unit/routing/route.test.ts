import { describe, expect, it } from 'vitest';
import { createRouter } from '../../../src/routing/route.ts';

describe('a router', () => {
  const router = createRouter(undefined);

  it('says what a URL means, once for all who ask', () => {
    const route = router('GET', '/dfw/v2/1//flavors/2?x=1');
    expect(route).toMatchObject({
      path: '/dfw/v2/1/flavors/2',
      query: 'x=1',
      hasTraversal: false,
      target: { kind: 'compute', region: 'dfw', tenant: '1', path: '/flavors/2' },
      match: { kind: 'operation', operation: { name: 'getFlavor' }, params: { flavor_id: '2' } },
    });
    expect(router('GET', '/dfw/v2/1//flavors/2?x=1')).toBe(route);
  });

  it('tells methods apart', () => {
    expect(router('GET', '/v2/1/servers').match).toMatchObject({ operation: { name: 'listServers' } });
    expect(router('POST', '/v2/1/servers').match).toMatchObject({ operation: { name: 'createServer' } });
    expect(router('DELETE', '/v2/1/servers').match).toMatchObject({ kind: 'method' });
  });

  it.each(['/dfw/v2/1/../2/servers', '/dfw/v2/1/servers/%2e%2e/2', '/dfw/v2/1/servers/...xml'])(
    'sees where %s leads',
    (url) => expect(router('GET', url).hasTraversal).toBe(true),
  );

  it('keeps no URL that nobody would send twice', () => {
    const long = `/v2/1/servers/${'x'.repeat(600)}`;
    expect(router('GET', long)).not.toBe(router('GET', long));
  });

  it('reads a region at the root', () => {
    expect(createRouter('DFW')('GET', '/v2/1/images').target).toMatchObject({ region: 'DFW', tenant: '1' });
  });
});
