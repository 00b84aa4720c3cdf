import type { JsonObject } from '../../../src/json.ts';
import { ensure, ensureEqual, ensureStatus, linkOf, listIn, pluck, textOf } from '../expectation.ts';
import type { Section } from '../section.ts';
import type { Trial } from '../trial.ts';

/** Section 1.6 */
export const paginatedCollections: Section = {
  id: '1.6',
  title: 'Paginated Collections',
  cases: [
    {
      name: 'next links lead through flavors page by page, honoring the page size, and end',
      needs: 'read',
      async run(trial) {
        const whole = pluck(await itemsOf(trial, '/flavors'), 'id');
        ensureEqual(await walk(trial, 'flavors', '/flavors?limit=2', 2), whole, 'the flavors of all pages');
      },
    },
    {
      name: 'images come newest first, and pages of details are parts of the whole',
      needs: 'read',
      async run(trial) {
        const whole = await itemsOf(trial, '/images/detail');
        const created = whole.map((image) => Date.parse(textOf(image, 'created')));
        ensureEqual(
          created,
          [...created].sort((a, b) => b - a),
          'the order of their times of creation',
        );
        const size = Math.max(1, Math.ceil(whole.length / 3));
        const walked = await walk(trial, 'images', `/images/detail?limit=${size}`, size);
        ensureEqual(walked, pluck(whole, 'id'), 'the images of all pages');
      },
    },
    {
      name: 'a page begins after its marker',
      needs: 'read',
      async run(trial) {
        const [first, second] = pluck(await itemsOf(trial, '/flavors'), 'id');
        const page = await itemsOf(trial, `/flavors?limit=1&marker=${first}`);
        ensureEqual(pluck(page, 'id'), [second], 'the page after the first flavor');
      },
    },
    {
      name: 'after the last item there is an empty page, not a fault',
      needs: 'read',
      async run(trial) {
        const last = pluck(await itemsOf(trial, '/flavors'), 'id').at(-1);
        ensureEqual(
          await itemsOf(trial, `/flavors?limit=1&marker=${last}`),
          [],
          'the page after the last flavor',
        );
      },
    },
    {
      name: 'an empty collection is no fault',
      needs: 'read',
      async run(trial) {
        const found = await itemsOf(trial, '/servers/detail?name=there-is-no-server-of-this-name');
        ensureEqual(found, [], 'the list');
      },
    },
    {
      name: 'a marker that names nothing is itemNotFound',
      needs: 'world',
      async run(trial) {
        for (const collection of ['servers', 'images', 'flavors'])
          trial.expectFault(await trial.ask('GET', `/${collection}?marker=no-such-id`), 'itemNotFound');
      },
    },
    {
      name: 'a limit above 1000 is overLimit, one that is no number badRequest',
      needs: 'world',
      async run(trial) {
        trial.expectFault(await trial.ask('GET', '/servers?limit=1001'), 'overLimit');
        trial.expectFault(await trial.ask('GET', '/servers?limit=few'), 'badRequest');
      },
    },
    {
      name: 'servers are paged newest first, with their filters',
      needs: 'write',
      async run(trial) {
        const ids: string[] = [];
        for (let number = 1; number <= 3; number++) {
          ids.unshift(await trial.create({ name: 'paged' }));
          await trial.pass(1000);
        }
        ensureEqual(
          await walk(trial, 'servers', '/servers?name=paged&limit=2', 2),
          ids,
          'the servers of all pages',
        );
        const detail = await itemsOf(trial, `/servers/detail?name=paged&limit=1&marker=${ids[0]}`);
        ensureEqual(pluck(detail, 'id'), [ids[1]], 'the page of details after the newest server');
      },
    },
  ],
};

const collectionOf = (path: string): string => path.split(/[/?]/, 2)[1]!;

async function itemsOf(trial: Trial, path: string): Promise<JsonObject[]> {
  return listIn(ensureStatus(await trial.ask('GET', path), 200, 203), collectionOf(path));
}

/** Follows next links to the end. @returns the ids on all pages */
async function walk(trial: Trial, collection: string, path: string, size: number): Promise<unknown[]> {
  const ids: unknown[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const answer = ensureStatus(await trial.ask('GET', next), 200, 203);
    const page = pluck(listIn(answer, collection), 'id');
    ensure(page.length <= size, `a page has ${page.length} items, not at most ${size}`);
    ids.push(...page);
    const body = answer.body as JsonObject;
    next = linkOf(body[`${collection}_links`], 'next');
    // The guide's last page has none, its text says it has one: then an empty page must end the walk.
    if (page.length === 0) next = undefined;
  }
  return ids;
}
