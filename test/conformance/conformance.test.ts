import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../src/operations/table.ts';
import { FORMATS, type Format } from './format.ts';
import { meaningOf } from './meaning.ts';
import { SECTIONS } from './sections.ts';
import { runSection, type SectionResult } from './suite.ts';
import { startWorld, type Way, type World } from './world.ts';

/** Results by way, format and section, for the comparison at the end. */
const results = new Map<string, SectionResult>();
const keyOf = (way: Way, format: Format, id: string): string => `${way} ${format} ${id}`;

describe.each(['direct', 'sluice'] as const)('%s', (way) => {
  describe.each(FORMATS)('in %s', (format) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld(way);
    });
    afterAll(() => world.close());

    it.each(SECTIONS.map((section) => [section.id, section.title, section] as const))(
      '%s %s',
      async (id, _, section) => {
        const result = await runSection(world, section, format);
        results.set(keyOf(way, format, id), result);
        const unmet = result.cases.flatMap(({ name, outcome }) => {
          // In its open mode Sluice asks nobody for a token: there is no refusal to look at.
          const isOpen = way === 'sluice' && outcome.kind === 'skipped' && outcome.need.startsWith('guarded');
          if (isOpen || outcome.kind === 'passed') return [];
          return [`${name}: ${outcome.kind === 'failed' ? outcome.reason : outcome.need}`];
        });
        expect(unmet).toEqual([]);
        expect(result.leftovers).toEqual([]);
      },
    );

    it('asks for every operation of the guide', () => {
      const asked = new Set(
        SECTIONS.flatMap(({ id }) => [...(results.get(keyOf(way, format, id))?.operations ?? [])]),
      );
      expect(OPERATIONS.map(({ name }) => name).filter((name) => !asked.has(name))).toEqual([]);
    });
  });
});

describe.each(FORMATS)('through Sluice as directly, in %s', (format) => {
  it.each(SECTIONS.map(({ id, title }) => [id, title] as const))('%s %s', (id) => {
    const [direct, sluice] = [
      results.get(keyOf('direct', format, id)),
      results.get(keyOf('sluice', format, id)),
    ];
    expect(direct).toBeDefined();
    expect(sluice?.transcript).toEqual(direct?.transcript);
  });
});

describe('XML means what JSON says, directly', () => {
  it.each(SECTIONS.map(({ id, title }) => [id, title] as const))('%s %s', (id) => {
    const [json, xml] = FORMATS.map((format) => results.get(keyOf('direct', format, id))?.transcript);
    expect(xml?.map(meaningOf)).toEqual(json?.map(meaningOf));
  });
});
