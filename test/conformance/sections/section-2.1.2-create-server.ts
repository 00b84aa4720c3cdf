import type { JsonObject } from '../../../src/json.ts';
import { ensure, ensureEqual, ensureStatus, linkOf, objectIn, textOf } from '../expectation.ts';
import type { Section } from '../section.ts';
import type { Trial } from '../trial.ts';

/** Section 2.1.2 */
export const createServer: Section = {
  id: '2.1.2',
  title: 'Create Server',
  cases: [
    {
      name: '202 with id, links, a password of its own making and a Location, then BUILD and ACTIVE',
      needs: 'write',
      async run(trial) {
        const answer = ensureStatus(await post(trial, {}), 202);
        const created = objectIn(answer, 'server');
        const id = textOf(created, 'id');
        textOf(created, 'adminPass');
        const self = `${trial.client.endpoint.baseUrl}/servers/${id}`;
        ensureEqual(linkOf(created['links'], 'self'), self, 'the self link');
        ensureEqual(answer.headers.get('location'), self, 'Location');
        const building = await trial.server(id);
        ensureEqual(building['status'], 'BUILD', 'the status right after the create');
        ensure(Number(building['progress']) < 100, 'its progress is 100 before it is ready');
        await trial.until(`/servers/${id}`, 'ACTIVE');
        if (trial.control) ensureEqual((await trial.server(id))['progress'], 100, 'the progress at the end');
      },
    },
    {
      name: 'name, metadata, networks and access addresses are taken as given',
      needs: 'write',
      async run(trial) {
        const metadata = { role: 'front <end>', 'kept until': 'Friday' };
        const networks = [{ uuid: '11111111-1111-1111-1111-111111111111' }];
        const given = {
          name: 'as-given',
          metadata,
          networks,
          accessIPv4: '203.0.113.9',
          accessIPv6: '2001:db8::9',
        };
        const id = textOf(objectIn(ensureStatus(await post(trial, given), 202), 'server'), 'id');
        const { name, accessIPv4, accessIPv6, metadata: kept } = await trial.server(id);
        ensureEqual(
          [name, accessIPv4, accessIPv6],
          [given.name, given.accessIPv4, given.accessIPv6],
          'the server',
        );
        const [role, until] = [(kept as JsonObject)['role'], (kept as JsonObject)['kept until']];
        ensureEqual([role, until], Object.values(metadata), 'the metadata');
        const server = await trial.until(`/servers/${id}`, 'ACTIVE');
        ensureEqual(Object.keys(server['addresses'] as JsonObject), ['private'], 'the networks');
      },
    },
    {
      name: '2.1.2.1 a password that is given is the one that is answered',
      needs: 'write',
      async run(trial) {
        const adminPass = 'Rather-l0ng & <odd>';
        const answer = ensureStatus(await post(trial, { adminPass }), 202);
        ensureEqual(objectIn(answer, 'server')['adminPass'], adminPass, 'the password');
      },
    },
    {
      name: '2.1.2.2 metadata of more than 255 bytes, or of more than 20 items, are overLimit',
      needs: 'world',
      async run(trial) {
        const many = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`key-${index}`, 'v']));
        for (const metadata of [{ long: 'é'.repeat(128) }, { ['k'.repeat(256)]: 'v' }, many])
          trial.expectFault(await post(trial, { metadata }), 'overLimit');
      },
    },
    {
      name: '2.1.2.3 files are injected up to their limits: number, size when decoded, length of the path',
      needs: 'world',
      async run(trial) {
        const file = (path: string, bytes: number) => ({
          path,
          contents: Buffer.alloc(bytes, 'a').toString('base64'),
        });
        ensureStatus(await post(trial, { personality: [file('/etc/motd', 10240)] }), 202);
        const many = Array.from({ length: 7 }, (_, index) => file(`/etc/file-${index}`, 3));
        for (const personality of [[file('/etc/motd', 10241)], [file(`/${'p'.repeat(255)}`, 3)], many])
          trial.expectFault(await post(trial, { personality }), 'overLimit');
        const broken = [{ path: '/etc/motd', contents: 'not base64!' }];
        trial.expectFault(await post(trial, { personality: broken }), 'badRequest');
      },
    },
    {
      name: 'what is missing or wrong is badRequest',
      needs: 'world',
      async run(trial) {
        for (const given of [
          { name: '' },
          { imageRef: '' },
          { flavorRef: '' },
          { accessIPv4: 'here' },
          { networks: [{ uuid: 'nowhere' }] },
        ])
          trial.expectFault(await post(trial, given), 'badRequest');
      },
    },
    {
      name: 'an image or flavor that is not there is a fault',
      needs: 'world',
      async run(trial) {
        const none = '0badc0de-0000-4000-8000-000000000000';
        trial.expectFault(await post(trial, { imageRef: none }), 'itemNotFound');
        trial.expectFault(await post(trial, { flavorRef: '4711' }), 'itemNotFound');
      },
    },
    {
      name: 'several servers are created at once, numbered',
      needs: 'world',
      async run(trial) {
        ensureStatus(await post(trial, { name: 'twin', min_count: 2, max_count: 2 }), 202);
        for (const name of ['twin-1', 'twin-2']) {
          const answer = ensureStatus(await trial.ask('GET', `/servers?name=${name}`), 200);
          const servers = (answer.body as { servers: JsonObject[] }).servers;
          ensureEqual(servers.length, 1, `the number of servers called ${name}`);
          ensureStatus(await trial.ask('DELETE', `/servers/${servers[0]!['id']}`), 204);
        }
      },
    },
  ],
};

function post(trial: Trial, given: JsonObject) {
  const server = { name: 'created', imageRef: trial.range.image, flavorRef: trial.range.flavor, ...given };
  return trial.ask('POST', '/servers', { body: { server } });
}
