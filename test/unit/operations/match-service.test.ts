import { describe, expect, it } from 'vitest';
import { matchCompute, matchPath } from '../../../src/operations/match.ts';
import { matchService } from '../../../src/operations/match-service.ts';
import type { Service } from '../../../src/operations/operation.ts';
import { SERVICE_OPERATIONS } from '../../../src/operations/services.ts';
import { OPERATIONS } from '../../../src/operations/table.ts';

const nameOf = (service: Service | undefined, method: string, path: string): string => {
  const match = matchService(service, method, path);
  return match.kind === 'operation' ? match.operation.name : match.kind;
};

describe('a request for another service', () => {
  it.each<[Service, string, string, string]>([
    ['image', 'GET', '', 'image.listVersions'],
    ['image', 'GET', '/', 'image.listVersions'],
    ['image', 'GET', '/versions', 'image.listVersions'],
    ['image', 'GET', '/v2', 'image.getVersion'],
    ['image', 'GET', '/v2/images', 'image.listImages'],
    ['image', 'HEAD', '/v2.9/images', 'image.listImages'],
    ['image', 'GET', '/images', 'image.listImages'],
    ['image', 'GET', '/v2/images/1', 'image.getImage'],
    ['image', 'PATCH', '/v2/images/1', 'image.updateImage'],
    ['image', 'DELETE', '/images/1', 'image.deleteImage'],
    ['image', 'PUT', '/v2/images/1/file', 'image.uploadImage'],
    ['image', 'PUT', '/v2/images/1/tags/x', 'image.addImageTag'],
    ['image', 'GET', '/v2/schemas/images', 'image.getSchema'],
    ['network', 'GET', '/v2.0/networks', 'network.listNetworks'],
    ['network', 'PUT', '/v2.0/security-groups/1', 'network.updateSecurityGroup'],
    ['network', 'POST', '/v2.0/security-group-rules', 'network.createSecurityGroupRule'],
    ['network', 'POST', '/ports', 'network.createPort'],
    ['network', 'GET', '/versions', 'unknown'],
    ['block-storage', 'GET', '/v3', 'block-storage.getVersion'],
    ['block-storage', 'GET', '/v3/700100/volumes', 'unknown'],
    // Another version has other things under the same paths.
    ['image', 'GET', '/v1/images/1', 'unknown'],
    ['network', 'GET', '/v3/networks', 'unknown'],
    ['image', 'POST', '/', 'unknown'],
    ['image', 'PUT', '/v2/images', 'unknown'],
    ['image', 'GET', '/v2/tasks', 'unknown'],
    ['identity', 'GET', '/v3/users', 'unknown'],
  ])('%s: %s %s is %s', (service, method, path, name) => {
    expect(nameOf(service, method, path)).toBe(name);
  });

  it('that has no rows is nothing known', () => {
    expect(nameOf(undefined, 'GET', '/v2/images')).toBe('unknown');
  });

  it('names the item of its path', () => {
    expect(matchService('image', 'GET', '/v2/images/a%20b')).toMatchObject({ params: { image_id: 'a b' } });
  });
});

describe('the rows beside the guide', () => {
  it('have names of their own, which say whose they are', () => {
    const names = [...OPERATIONS, ...SERVICE_OPERATIONS].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, service, scope } of SERVICE_OPERATIONS)
      expect(name.startsWith(`${service}.`)).toBe(scope === 'service');
  });

  it('of Compute are there for callers, and no part of the guide', () => {
    for (const path of [
      '/os-availability-zone',
      '/flavors/2/os-extra_specs',
      '/flavors/2/os-extra_specs/a',
    ]) {
      expect(matchCompute('GET', path).kind).toBe('operation');
      expect(matchPath('GET', path).kind).toBe('unknown');
    }
  });
});
