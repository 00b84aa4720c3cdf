import { describe, expect, it } from 'vitest';
import { isServedType } from '../../../src/identity/service-types.ts';

describe('the services that callers may reach', () => {
  it.each([
    'image',
    'Image',
    'imagev2',
    'image_v2',
    'volumev3',
    'Volume-v3',
    'network',
    'rax:load-balancer',
    'object-store',
  ])('are by default those of a known type: %s', (type) => {
    expect(isServedType(type, 'all')).toBe(true);
    expect(isServedType(type, 'none')).toBe(false);
  });

  it.each(['', 'something', 'idp', 'admin', 'compute', 'compute_legacy', 'nova', 'imagine'])(
    'are by default not of the type "%s"',
    (type) => {
      expect(isServedType(type, 'all')).toBe(false);
    },
  );

  it('are those that are listed, alone or beside the known ones', () => {
    expect(isServedType('house-service', ['House-Service'])).toBe(true);
    expect(isServedType('image', ['house-service'])).toBe(false);
    expect(isServedType('image', ['all', 'house-service'])).toBe(true);
    expect(isServedType('house-service', ['all', 'house-service'])).toBe(true);
    expect(isServedType('volumev3', ['volume'])).toBe(true);
  });

  it.each(['compute', 'Compute_legacy', 'nova', 'identity'])(
    'are never of the type %s, even if it is listed',
    (type) => {
      expect(isServedType(type, [type])).toBe(false);
    },
  );
});
