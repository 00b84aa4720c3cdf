import type { JsonObject } from '../../../src/json.ts';
import {
  ensure,
  ensureEqual,
  ensureStatus,
  linkOf,
  listIn,
  numberOf,
  objectIn,
  textOf,
} from '../expectation.ts';
import type { Section } from '../section.ts';
import type { Trial } from '../trial.ts';

/** Section 2.5.1 */
export const listFlavors: Section = {
  id: '2.5.1',
  title: 'List Flavors',
  cases: [
    {
      name: 'the plain list has ids, names and links, the detailed one the whole flavors',
      needs: 'read',
      async run(trial) {
        const [brief, detail] = [
          await flavorsOf(trial, '/flavors'),
          await flavorsOf(trial, '/flavors/detail'),
        ];
        const idsAndNames = (flavors: JsonObject[]) => flavors.map(({ id, name }) => [id, name]);
        ensureEqual(idsAndNames(brief), idsAndNames(detail), 'ids and names of both lists');
        for (const flavor of brief)
          ensure(linkOf(flavor['links'], 'self') !== undefined, 'there is no self link');
        for (const flavor of detail) checkFlavor(flavor);
      },
    },
    {
      name: 'minDisk and minRam leave out what is smaller',
      needs: 'read',
      async run(trial) {
        const all = await flavorsOf(trial, '/flavors/detail');
        for (const [parameter, key] of [
          ['minDisk', 'disk'],
          ['minRam', 'ram'],
        ] as const) {
          const least = Math.max(...all.map((flavor) => numberOf(flavor, key)));
          const found = await flavorsOf(trial, `/flavors/detail?${parameter}=${least}`);
          const expected = all.filter((flavor) => numberOf(flavor, key) >= least);
          ensureEqual(found, expected, `the flavors with ${parameter}=${least}`);
        }
      },
    },
    {
      name: 'a minRam that is no number is badRequest',
      needs: 'world',
      async run(trial) {
        trial.expectFault(await trial.ask('GET', '/flavors?minRam=much'), 'badRequest');
      },
    },
  ],
};

/** Section 2.5.2 */
export const getFlavorDetails: Section = {
  id: '2.5.2',
  title: 'Get Flavor Details',
  cases: [
    {
      name: 'a flavor is what the detailed list says it is',
      needs: 'read',
      async run(trial) {
        for (const flavor of await flavorsOf(trial, '/flavors/detail')) {
          const answer = ensureStatus(await trial.ask('GET', `/flavors/${textOf(flavor, 'id')}`), 200, 203);
          ensureEqual(objectIn(answer, 'flavor'), flavor, 'the flavor');
        }
      },
    },
    {
      name: 'a flavor that is not there is itemNotFound, however its name is written',
      needs: 'read',
      async run(trial) {
        for (const id of ['4711', 'no%20such%20flavor'])
          trial.expectFault(await trial.ask('GET', `/flavors/${id}`), 'itemNotFound');
      },
    },
  ],
};

async function flavorsOf(trial: Trial, path: string): Promise<JsonObject[]> {
  return listIn(ensureStatus(await trial.ask('GET', path), 200, 203), 'flavors');
}

/** What clients crash without: the id as a text, sizes as numbers, `swap` in whatever form. */
function checkFlavor(flavor: JsonObject): void {
  for (const key of ['id', 'name']) textOf(flavor, key);
  for (const key of ['ram', 'disk', 'vcpus']) numberOf(flavor, key);
  ensure('swap' in flavor, `the flavor ${flavor['id']} has no swap`);
}
