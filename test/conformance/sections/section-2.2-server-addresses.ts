import { isJsonObject } from '../../../src/json.ts';
import { ensure, ensureEqual, ensureStatus, objectIn } from '../expectation.ts';
import type { Section } from '../section.ts';

/** Section 2.2.1 */
export const listAddresses: Section = {
  id: '2.2.1',
  title: 'List Addresses',
  cases: [
    {
      name: 'the addresses of every network, as the server itself shows them',
      needs: 'write',
      async run(trial) {
        const id = await trial.active();
        const answer = ensureStatus(await trial.ask('GET', `/servers/${id}/ips`), 200, 203);
        const addresses = objectIn(answer, 'addresses');
        ensureEqual(addresses, (await trial.server(id))['addresses'], 'the addresses');
        for (const list of Object.values(addresses)) {
          const all = Array.isArray(list) ? list.filter(isJsonObject) : [];
          ensure(all.length > 0, 'a network has no addresses');
          for (const { version, addr } of all)
            ensure(
              String(addr).includes(version === 6 ? ':' : '.'),
              `${addr} is no address of version ${version}`,
            );
        }
      },
    },
    {
      name: 'of a server that is not there: itemNotFound',
      needs: 'read',
      async run(trial) {
        trial.expectFault(await trial.ask('GET', '/servers/no-such-server/ips'), 'itemNotFound');
      },
    },
  ],
};

/** Section 2.2.2; the form is the one real servers send. */
export const listAddressesByNetwork: Section = {
  id: '2.2.2',
  title: 'List Addresses by Network',
  cases: [
    {
      name: 'the addresses of one network',
      needs: 'write',
      async run(trial) {
        const id = await trial.active();
        const whole = objectIn(ensureStatus(await trial.ask('GET', `/servers/${id}/ips`), 200), 'addresses');
        for (const [network, addresses] of Object.entries(whole)) {
          const answer = ensureStatus(await trial.ask('GET', `/servers/${id}/ips/${network}`), 200, 203);
          ensureEqual(answer.body, { [network]: addresses }, `the addresses of ${network}`);
        }
      },
    },
    {
      name: 'a network the server is not on is itemNotFound',
      needs: 'write',
      async run(trial) {
        const id = await trial.active();
        trial.expectFault(await trial.ask('GET', `/servers/${id}/ips/no-such-network`), 'itemNotFound');
      },
    },
  ],
};
