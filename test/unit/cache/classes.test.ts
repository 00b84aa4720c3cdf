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

it('a write of which no row says what it touches ends what shows the same things', () => {
  expect(classesChangedThrough('image')).toEqual(['images', 'glanceImages', 'imageSchemas']);
  expect(classesChangedThrough('network')).toEqual(['networks', 'subnets', 'securityGroups']);
  expect(classesChangedThrough('block-storage')).toEqual([]);
  const ofNetwork = ['availabilityZones', 'networks', 'subnets', 'securityGroups'];
  expect(classesChangedThrough('compute', '/os-keypairs')).toEqual(ofNetwork);
  expect(classesChangedThrough('compute', '/flavors/2/action')).toEqual([
    'flavors',
    'extraSpecs',
    ...ofNetwork,
  ]);
});
