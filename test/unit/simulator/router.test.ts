import { expect, test } from 'vitest';
import { createRouter, type Route } from '../../../src/simulator/router.ts';

const router = createRouter(['DFW', 'ORD', 'EU.WEST', 'EU.XML']);

test.each<[string, Route]>([
  ['/', { kind: 'identityVersions' }],
  ['/v2.0', { kind: 'identityV2', path: '' }],
  ['/v2.0/', { kind: 'identityV2', path: '' }],
  ['/v2.0/tokens/', { kind: 'identityV2', path: '/tokens' }],
  ['/v3/auth/tokens', { kind: 'identityV3', path: '/auth/tokens' }],
  ['/dfw', { kind: 'compute', region: 'DFW', path: '', prefix: '/dfw' }],
  ['/Dfw/v2/', { kind: 'compute', region: 'DFW', path: '/v2/', prefix: '/Dfw' }],
  ['/dfw.xml', { kind: 'compute', region: 'DFW', path: '.xml', prefix: '/dfw' }],
  ['/eu.west/v2/1', { kind: 'compute', region: 'EU.WEST', path: '/v2/1', prefix: '/eu.west' }],
  ['/eu.west.json', { kind: 'compute', region: 'EU.WEST', path: '.json', prefix: '/eu.west' }],
  ['/eu.xml', { kind: 'compute', region: 'EU.XML', path: '', prefix: '/eu.xml' }],
  ['/internal/ord/v2/1/x', { kind: 'compute', region: 'ORD', path: '/v2/1/x', prefix: '/internal/ord' }],
  ['/image/ord/v2/images', { kind: 'image', region: 'ORD', path: '/v2/images', prefix: '/image/ord' }],
  ['/volume/ord/v3/1', { kind: 'volume', region: 'ORD', path: '/v3/1', prefix: '/volume/ord' }],
  ['/_simulator/chaos', { kind: 'admin', path: '/chaos' }],
  ['/v1.0/1/servers', { kind: 'listedOnly', service: 'cloudServers (first generation)' }],
  ['/files/dfw/v1/x', { kind: 'listedOnly', service: 'cloudFiles' }],
  ['/internal', { kind: 'unknown' }],
  ['/internal/internal/dfw', { kind: 'unknown' }],
  ['/mars/v2/', { kind: 'unknown' }],
])('%s', (path, route) => {
  expect(router.route(path)).toEqual(route);
});
