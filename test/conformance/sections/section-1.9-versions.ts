import { ensure, ensureEqual, ensureStatus, linkOf, listIn, objectIn } from '../expectation.ts';
import type { Section } from '../section.ts';

const FREE = { token: null } as const;

/** Section 1.9.1 */
export const listVersions: Section = {
  id: '1.9.1',
  title: 'List Versions',
  cases: [
    {
      name: 'the root lists v2 with a link, and asks for no token',
      needs: 'read',
      async run(trial) {
        const answer = ensureStatus(await trial.ask('GET', `${trial.client.root}/`, FREE), 200, 203, 300);
        const v2 = listIn(answer, 'versions').find(({ id }) => /^v2(\.0)?$/.test(String(id)));
        ensure(v2 !== undefined, 'v2 is not listed');
        ensure(['CURRENT', 'SUPPORTED'].includes(String(v2['status'])), `v2 is ${v2['status']}`);
        ensure(linkOf(v2['links'], 'self')?.includes('/v2') === true, 'v2 has no self link');
      },
    },
  ],
};

/** Section 1.9.2, with the links that clients need beyond Example 1.32. */
export const getVersionDetails: Section = {
  id: '1.9.2',
  title: 'Get Version Details',
  cases: [
    {
      name: 'v2 describes itself with id, status and a self link, without a token and without microversions',
      needs: 'read',
      async run(trial) {
        const answer = ensureStatus(await trial.ask('GET', `${trial.client.root}/v2/`, FREE), 200, 203);
        const version = objectIn(answer, 'version');
        ensure(/^v2(\.0)?$/.test(String(version['id'])), `the id is ${version['id']}`);
        ensureEqual(version['status'], 'CURRENT', 'the status');
        ensure(linkOf(version['links'], 'self') !== undefined, 'there is no self link');
        ensure((version['version'] ?? '') === '', 'microversions are announced: clients would send them');
      },
    },
    {
      name: 'without the slash it is the same, or a redirect to it',
      needs: 'read',
      async run(trial) {
        const answer = await trial.ask('GET', `${trial.client.root}/v2`, FREE);
        ensureStatus(answer, 200, 203, 302);
        if (answer.status === 302)
          ensureEqual(answer.headers.get('location'), `${trial.client.root}/v2/`, 'Location');
        else objectIn(answer, 'version');
      },
    },
  ],
};
