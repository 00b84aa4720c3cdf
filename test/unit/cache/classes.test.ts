import { describe, expect, it } from 'vitest';
import { CLASS_NAMES, CLASSES, classesChangedThrough, familyOf } from '../../../src/cache/classes.ts';
import { changesOf } from '../../../src/cache/invalidation.ts';
import { SERVICE_OPERATIONS } from '../../../src/operations/services.ts';
import { OPERATIONS } from '../../../src/operations/table.ts';
import { cacheSettings } from './support.ts';

const ALL = [...OPERATIONS, ...SERVICE_OPERATIONS];

describe('every class of cached answers', () => {
  it('has operations that name it and freshness of its own', () => {
    expect(new Set(ALL.flatMap(({ cache }) => cache ?? []))).toEqual(new Set(CLASS_NAMES));
    for (const name of CLASS_NAMES) expect(Object.keys(cacheSettings()[name])).toContain('ttl');
  });

  it('has a family of its own operations, and its switch, if anything is computed from its lists', () => {
    const computed = CLASS_NAMES.filter((name) => CLASSES[name].family !== undefined);
    expect(computed).toEqual(Object.keys(cacheSettings().derive));
    for (const name of computed) {
      const { detail, list, item, collection, filters } = CLASSES[name].family!;
      for (const operation of [detail, list, item]) {
        expect(operation.cache).toBe(name);
        expect(familyOf(operation)).toBe(CLASSES[name].family);
      }
      expect(detail.path.startsWith(list.path)).toBe(true);
      expect(collection).toBe(list.response);
      expect(CLASSES[name].parameters).toEqual(expect.arrayContaining(Object.keys(filters)));
    }
  });
});

describe('every write that says what it invalidates', () => {
  const writes = ALL.filter(({ invalidates }) => invalidates.length > 0);

  it.each(writes.map((write) => [write.name, write] as const))('%s ends what a class holds', (_, write) => {
    const params = { image_id: 'a', server_id: 'b' };
    const changes = changesOf(write.invalidates, params);
    expect(changes.size).toBeGreaterThan(0);
    for (const [name, change] of changes) {
      if (change.kind !== 'write') {
        expect(Object.values(CLASSES[name].endedBy)).toEqual(['all']);
        continue;
      }
      const { subject } = CLASSES[name];
      const namesItem = write.path.includes(`{${subject}}`);
      expect(change.subject).toBe(namesItem ? params[subject as keyof typeof params] : null);
    }
  });

  it('ends nothing else', () => {
    expect(changesOf(['image', 'imageLists'], { image_id: 'a' })).toEqual(
      new Map([
        ['images', { kind: 'write', lists: true, subject: 'a' }],
        ['glanceImages', { kind: 'write', lists: true, subject: 'a' }],
      ]),
    );
    expect(changesOf([], { image_id: 'a' }).size).toBe(0);
  });
});

it('a write to another service ends what shows the same things, whatever the case of its type', () => {
  for (const type of ['image', 'Image', 'IMAGE', 'imagev2', 'image_v2'])
    expect(classesChangedThrough(type, '/v2/tasks')).toEqual(['images', 'glanceImages']);
  for (const type of ['volume', 'object-store', 'constructor', ''])
    expect(classesChangedThrough(type, '/v2/images')).toEqual([]);
});

it.each<[string, string, boolean]>([
  ['volume', '/v1/700100/volumes/7/action', true],
  ['volumev3', '/v3/700100/volumes/7/%61ction/?x', true],
  ['Volume_V2', '//volumes//7/action', true],
  ['block-storage', '/volumes/7/action', true],
  ['compute', '/os-volumes/7/action', true],
  ['compute', '/images/7/os-anything', true],
  ['volume', '/v1/700100/volumes', false],
  ['volume', '/v1/700100/volumes/7', false],
  ['volume', '/v1/700100/snapshots/7/action', false],
  ['volume', '/v1/700100/volumes/%/action/x', false],
  ['compute', '/os-keypairs', false],
  ['object-store', '/volumes/7/action', false],
])('a write to %s %s may make an image: %s', (type, path, isSo) => {
  expect(classesChangedThrough(type, path)).toEqual(isSo ? ['images', 'glanceImages'] : []);
});

it.each<[string, string, string[]]>([
  ['network', '/v2.0/rbac-policies', ['networks', 'subnets', 'securityGroups']],
  ['networkv2', '/v2.0/routers/7/add_router_interface', ['networks', 'subnets', 'securityGroups']],
  ['compute', '/flavors', ['flavors', 'extraSpecs']],
  ['compute', '/flavors/2/action', ['flavors', 'extraSpecs']],
  ['compute', '/flavors/2/os-extra_specs', ['flavors', 'extraSpecs']],
  ['compute', '/os-aggregates/1/action', ['availabilityZones']],
  ['compute', '/os-security-group-rules', ['securityGroups']],
  ['compute', '/os-tenant-networks/1', ['networks', 'subnets']],
  ['compute', '/os-keypairs', []],
])('a write to %s %s of which no row says what it touches ends %j', (type, path, classes) => {
  expect(classesChangedThrough(type, path)).toEqual(classes);
});
