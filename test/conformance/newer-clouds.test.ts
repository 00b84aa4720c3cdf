import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FORMATS } from './format.ts';
import { NEWER_CLOUDS_DIFFER } from './newer-clouds.ts';
import { SECTIONS } from './sections.ts';
import { runSection } from './suite.ts';
import { startWorld, type World } from './world.ts';

/** Callers of the guide's API, in JSON and XML, at a cloud of today behind Sluice. */
describe.each(FORMATS)('a cloud of today through Sluice, in %s', (format) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld('openstack');
  });
  afterAll(() => world.close());

  it.each(SECTIONS.map((section) => [section.id, section.title, section] as const))(
    '%s %s',
    async (id, _, section) => {
      const { cases, leftovers } = await runSection(world, section, format);
      const unforeseen = cases.flatMap(({ name, outcome }) => {
        const isForeseen = `${id} ${name}` in NEWER_CLOUDS_DIFFER;
        if (outcome.kind === 'failed') return isForeseen ? [] : [`${name}: ${outcome.reason}`];
        return isForeseen ? [`${name}: ${outcome.kind}, though clouds of today are said to differ`] : [];
      });
      expect(unforeseen).toEqual([]);
      expect(leftovers).toEqual([]);
    },
  );
});
