import { ensure, ensureEqual, ensureStatus, listIn, objectIn, textOf } from '../expectation.ts';
import type { Section } from '../section.ts';
import { xmlBody } from '../xml-body.ts';

/** Section 1.4 */
export const requestResponseTypes: Section = {
  id: '1.4',
  title: 'Request/Response Types',
  cases: [
    {
      name: 'JSON is the default, for no Accept and for */*',
      needs: 'read',
      async run(trial) {
        for (const accept of [null, '*/*']) {
          const answer = ensureStatus(await trial.ask('GET', '/flavors', { accept }), 200);
          ensureEqual(answer.format, 'json', `the format for Accept ${accept}`);
        }
      },
    },
    {
      name: 'Accept decides, also in the form of the versioned media types and with weights',
      needs: 'read',
      async run(trial) {
        for (const [accept, format] of [
          ['application/json', 'json'],
          ['application/xml', 'xml'],
          ['application/vnd.openstack.compute+xml', 'xml'],
          ['application/vnd.openstack.compute+json;version=2', 'json'],
          ['application/json;q=0.1, application/xml', 'xml'],
        ] as const) {
          const answer = ensureStatus(await trial.ask('GET', '/flavors', { accept }), 200);
          ensureEqual(answer.format, format, `the format for Accept ${accept}`);
        }
      },
    },
    {
      name: 'a suffix of the path beats Accept',
      needs: 'read',
      async run(trial) {
        const { format } = trial.client;
        const accept = format === 'xml' ? 'application/json' : 'application/xml';
        const answer = ensureStatus(await trial.ask('GET', `/flavors/detail.${format}`, { accept }), 200);
        ensureEqual(answer.format, format, 'the format');
        ensure(listIn(answer, 'flavors').length > 0, 'there are no flavors');
      },
    },
    {
      name: 'an Accept that allows neither format is refused',
      needs: 'world',
      async run(trial) {
        const answer = await trial.ask('GET', '/flavors', { accept: 'text/csv', comparison: 'status' });
        ensureStatus(answer, 406);
      },
    },
    {
      name: 'request and answer may have different formats',
      needs: 'write',
      async run(trial) {
        const other = trial.client.format === 'json' ? 'xml' : 'json';
        const body = {
          server: { name: 'mixed', imageRef: trial.range.image, flavorRef: trial.range.flavor },
        };
        const text = other === 'json' ? JSON.stringify(body) : xmlBody(body);
        const raw = { text, type: `application/${other}; charset=UTF-8` };
        const answer = ensureStatus(await trial.ask('POST', '/servers', { raw }), 202);
        ensureEqual(answer.format, trial.client.format, 'the format of the answer');
        const id = textOf(objectIn(answer, 'server'), 'id');
        ensureEqual((await trial.server(id))['name'], 'mixed', 'the name');
      },
    },
    {
      name: 'a body of another type is badMediaType, a malformed one badRequest',
      needs: 'write',
      async run(trial) {
        const csv = { text: 'name,web', type: 'text/csv' };
        trial.expectFault(
          await trial.ask('POST', '/servers', { raw: csv, comparison: 'status' }),
          'badMediaType',
        );
        const text = trial.client.format === 'json' ? '{"server":' : '<server';
        const broken = { text, type: `application/${trial.client.format}` };
        trial.expectFault(
          await trial.ask('POST', '/servers', { raw: broken, comparison: 'status' }),
          'badRequest',
        );
      },
    },
  ],
};
