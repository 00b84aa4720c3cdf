import { ensure, ensureEmpty, ensureEqual, ensureStatus, listIn, pluck, textOf } from '../expectation.ts';
import type { Section } from '../section.ts';

/** Section 1.7 */
export const changesSince: Section = {
  id: '1.7',
  title: 'Efficient Polling with the Changes-Since Parameter',
  cases: [
    {
      name: 'nothing has changed since a time to come',
      needs: 'read',
      async run(trial) {
        const soon = new Date(trial.now() + 3_600_000).toISOString().replace(/\.\d+/, '');
        for (const path of ['/servers', '/servers/detail', '/images/detail']) {
          const answer = ensureStatus(await trial.ask('GET', `${path}?changes-since=${soon}`), 200);
          ensureEqual(listIn(answer, path.split('/')[1]!), [], `what changed of ${path}`);
        }
      },
    },
    {
      name: 'the time may have an offset, or no zone at all, which means UTC',
      needs: 'read',
      async run(trial) {
        const soon = new Date(trial.now() + 24 * 3_600_000).toISOString().slice(0, 19);
        for (const time of [soon, `${soon}%2B05:00`, `${soon}-05:00`]) {
          const answer = ensureStatus(await trial.ask('GET', `/servers?changes-since=${time}`), 200);
          ensureEqual(listIn(answer, 'servers'), [], `what changed since ${time}`);
        }
      },
    },
    {
      name: 'a time that is none is badRequest',
      needs: 'read',
      async run(trial) {
        trial.expectFault(await trial.ask('GET', '/servers?changes-since=yesterday'), 'badRequest');
      },
    },
    {
      name: 'a server that changed is listed, and once deleted it is there as DELETED',
      needs: 'write',
      async run(trial) {
        const id = await trial.create({ name: 'changing' });
        const server = await trial.until(`/servers/${id}`, 'ACTIVE');
        const query = `name=changing&changes-since=${encodeURIComponent(textOf(server, 'updated'))}`;
        const changed = ensureStatus(await trial.ask('GET', `/servers/detail?${query}`), 200);
        ensureEqual(pluck(listIn(changed, 'servers'), 'id'), [id], 'what changed');
        ensureEmpty(await trial.ask('DELETE', `/servers/${id}`), 204);
        const later = trial.control ? {} : ({ comparison: 'none' } as const);
        const deleted = listIn(await trial.ask('GET', `/servers/detail?${query}`, later), 'servers');
        ensure(deleted.length <= 1, `${deleted.length} servers changed, not one`);
        ensureEqual(pluck(deleted, 'status'), ['DELETED'], 'the status of the deleted server');
        const listed = ensureStatus(await trial.ask('GET', '/servers?name=changing'), 200);
        ensureEqual(listIn(listed, 'servers'), [], 'the servers without changes-since');
      },
    },
  ],
};
