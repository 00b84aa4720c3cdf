import type { JsonObject } from '../../../src/json.ts';
import {
  ensure,
  ensureEmpty,
  ensureEqual,
  ensureStatus,
  linkOf,
  listIn,
  numberOf,
  objectIn,
  pluck,
  textOf,
  timeOf,
} from '../expectation.ts';
import type { Section } from '../section.ts';

/** Section 2.1.1 */
export const listServers: Section = {
  id: '2.1.1',
  title: 'List Servers',
  cases: [
    {
      name: 'the plain list has ids, names and links, the detailed one the whole servers',
      needs: 'write',
      async run(trial) {
        const id = await trial.active();
        const brief = listIn(
          ensureStatus(await trial.ask('GET', '/servers?name=conformance'), 200),
          'servers',
        );
        const item = brief.find((server) => server['id'] === id);
        ensure(
          item !== undefined && linkOf(item['links'], 'self') !== undefined,
          'the server is not in the list',
        );
        ensure(item['status'] === undefined, 'the plain list has details');
        const path = '/servers/detail?name=conformance';
        const detail = listIn(ensureStatus(await trial.ask('GET', path), 200), 'servers');
        const whole = detail.find((server) => server['id'] === id);
        ensureEqual(whole, await trial.server(id), 'the server in the detailed list');
      },
    },
    {
      name: 'image, flavor, name and status narrow the list down, alone and together',
      needs: 'write',
      async run(trial) {
        const id = await trial.active();
        const { image, otherImage, flavor, largerFlavor } = trial.range;
        for (const [query, isThere] of [
          [`image=${image}`, true],
          [`image=${otherImage}`, false],
          [`flavor=${flavor}`, true],
          [`flavor=${largerFlavor}`, false],
          ['status=ACTIVE', true],
          ['status=RESCUE', false],
          [`image=${image}&flavor=${flavor}&status=ACTIVE`, true],
        ] as const) {
          const answer = await trial.ask('GET', `/servers?name=conformance&${query}`);
          const ids = pluck(listIn(ensureStatus(answer, 200), 'servers'), 'id');
          ensureEqual(ids.includes(id), isThere, `whether ${query} finds the server`);
        }
      },
    },
    {
      name: 'a status there is not is badRequest',
      needs: 'world',
      async run(trial) {
        trial.expectFault(await trial.ask('GET', '/servers?status=ASLEEP'), 'badRequest');
      },
    },
  ],
};

/** What clients crash without. */
const TEXTS = ['id', 'name', 'status', 'tenant_id', 'user_id', 'hostId'];

/** Section 2.1.3 */
export const getServerDetails: Section = {
  id: '2.1.3',
  title: 'Get Server Details',
  cases: [
    {
      name: 'a server has everything clients need, and no password',
      needs: 'write',
      async run(trial) {
        const server = await trial.server(await trial.active());
        for (const key of TEXTS) textOf(server, key);
        for (const key of ['image', 'flavor']) textOf(server[key] as JsonObject, 'id');
        for (const key of ['addresses', 'metadata', 'links']) ensure(key in server, `there is no ${key}`);
        ensure(
          timeOf(server, 'updated') >= timeOf(server, 'created'),
          'it was updated before it was created',
        );
        ensureEqual(numberOf(server, 'progress'), 100, 'the progress of an ACTIVE server');
        ensure(!('adminPass' in server), 'the password is shown');
      },
    },
    {
      name: 'access addresses that were not given are filled in once it is ACTIVE',
      needs: 'write',
      async run(trial) {
        textOf(await trial.server(await trial.active()), 'accessIPv4');
      },
    },
    {
      name: 'a server that is not there is itemNotFound',
      needs: 'read',
      async run(trial) {
        trial.expectFault(await trial.ask('GET', '/servers/no-such-server'), 'itemNotFound');
      },
    },
  ],
};

/** Section 2.1.4 */
export const updateServer: Section = {
  id: '2.1.4',
  title: 'Update Server',
  cases: [
    {
      name: 'name and access addresses are replaced, what is not named stays',
      needs: 'write',
      async run(trial) {
        const id = await trial.active();
        const renamed = await trial.ask('PUT', `/servers/${id}`, { body: { server: { name: 'renamed' } } });
        ensureEqual(objectIn(ensureStatus(renamed, 200), 'server')['name'], 'renamed', 'the name');
        const addresses = { accessIPv4: '203.0.113.77', accessIPv6: '2001:db8::77' };
        ensureStatus(await trial.ask('PUT', `/servers/${id}`, { body: { server: addresses } }), 200);
        const { name, accessIPv4, accessIPv6 } = await trial.server(id);
        ensureEqual(
          [name, accessIPv4, accessIPv6],
          ['renamed', ...Object.values(addresses)],
          'what it is now',
        );
      },
    },
    {
      name: 'an address that is none is badRequest, and changes nothing',
      needs: 'write',
      async run(trial) {
        const id = await trial.active();
        const { name } = await trial.server(id);
        const body = { server: { name: 'other', accessIPv4: '203.0.113' } };
        trial.expectFault(await trial.ask('PUT', `/servers/${id}`, { body }), 'badRequest');
        ensureEqual((await trial.server(id))['name'], name, 'the name');
      },
    },
    {
      name: 'a server that is being built cannot be updated',
      needs: 'world',
      async run(trial) {
        const id = await trial.create();
        const body = { server: { name: 'early' } };
        trial.expectFault(await trial.ask('PUT', `/servers/${id}`, { body }), 'buildInProgress');
      },
    },
  ],
};

/** Section 2.1.5 */
export const deleteServer: Section = {
  id: '2.1.5',
  title: 'Delete Server',
  cases: [
    {
      name: 'a server is deleted with 204 in whatever state, and then it is itemNotFound',
      needs: 'write',
      async run(trial) {
        for (const id of [await trial.active(), await trial.create()]) {
          ensureEmpty(await trial.ask('DELETE', `/servers/${id}`), 204);
          if (trial.control === null) continue;
          for (const method of ['GET', 'DELETE'])
            trial.expectFault(await trial.ask(method, `/servers/${id}`), 'itemNotFound');
        }
      },
    },
  ],
};
