import { expect, it } from 'vitest';
import { RegionSlot } from '../../../src/upstream/slot.ts';

const slotOf = (type: string | undefined, basePath: string, base: string, path: string) => {
  const place = { account: {}, endpoint: { basePath }, ...(type === undefined ? {} : { service: { type } }) };
  const request = { method: 'GET', place, path, query: '', client: 'x', priority: 'interactive' };
  const { service, path: named, fullPath } = new RegionSlot(request as never, base, false, 0, false);
  return [service, named, fullPath];
};

it.each([
  [undefined, '/v2/700100', '/v2/700100', '/servers', 'compute', '/servers'],
  ['network', '', '', '/v2.0/networks', 'network', '/networks'],
  ['image', '/v2', '', '/v2/images', 'image', '/images'],
  ['volumev3', '/v3/700100', '', '/v3/700100/volumes', 'block-storage', '/volumes'],
  ['object-store', '/v1/AUTH_7', '', '/v1/AUTH_7/box', 'object-store', '/box'],
  ['dns', '', '', '/zones', 'dns', '/zones'],
])('limits know a request to %s below %j by its service and its path below the version', (...row) => {
  const [type, basePath, base, path, service, named] = row;
  expect(slotOf(type, basePath, base, path)).toEqual([service, named, base + path]);
});
