import {
  ensure,
  ensureEqual,
  ensureStatus,
  listIn,
  objectIn,
  pluck,
  textOf,
  timeOf,
} from '../expectation.ts';
import type { Section } from '../section.ts';

/** Extensions of chapter 3 and of section 2.4, by alias. */
const EXPECTED = ['OS-DCF', 'OS-EXT-STS', 'os-rescue', 'os-used-limits', 'os-volumes', 'rax-bandwidth'];

/** Section 1.10.1 */
export const listExtensions: Section = {
  id: '1.10.1',
  title: 'List Extensions',
  cases: [
    {
      name: 'each extension has name, namespace, alias, description and the time of its last change',
      needs: 'read',
      async run(trial) {
        const extensions = listIn(
          ensureStatus(await trial.ask('GET', '/extensions'), 200, 203),
          'extensions',
        );
        for (const extension of extensions) {
          for (const key of ['name', 'namespace', 'alias', 'description']) textOf(extension, key);
          timeOf(extension, 'updated');
        }
      },
    },
    {
      name: 'those the guide describes are among them',
      needs: 'world',
      async run(trial) {
        const answer = ensureStatus(await trial.ask('GET', '/extensions'), 200);
        const aliases = pluck(listIn(answer, 'extensions'), 'alias');
        for (const alias of EXPECTED) ensure(aliases.includes(alias), `${alias} is not listed`);
      },
    },
  ],
};

/** Section 1.10.2 */
export const getExtensionDetails: Section = {
  id: '1.10.2',
  title: 'Get Extension Details',
  cases: [
    {
      name: 'an extension is found by its alias, as it is listed',
      needs: 'read',
      async run(trial) {
        const [first] = listIn(ensureStatus(await trial.ask('GET', '/extensions'), 200), 'extensions');
        ensure(first !== undefined, 'no extension is listed');
        const answer = await trial.ask('GET', `/extensions/${textOf(first, 'alias')}`);
        ensureEqual(objectIn(ensureStatus(answer, 200), 'extension'), first, 'the extension');
      },
    },
    {
      name: 'an unknown alias is itemNotFound',
      needs: 'read',
      async run(trial) {
        trial.expectFault(await trial.ask('GET', '/extensions/no-such-extension'), 'itemNotFound');
      },
    },
  ],
};

/** Section 1.10.3 */
export const extendedResponsesAndActions: Section = {
  id: '1.10.3',
  title: 'Extended Responses and Actions',
  cases: [
    {
      name: "an extension's data stand under its prefix",
      needs: 'write',
      async run(trial) {
        const server = await trial.server(await trial.active());
        ensureEqual(server['OS-DCF:diskConfig'] !== undefined, true, 'that OS-DCF:diskConfig is there');
      },
    },
    {
      name: 'an action the server does not have is refused with badRequest, as nova says',
      needs: 'write',
      async run(trial) {
        const id = await trial.active();
        const answer = await trial.act(id, { 'conformance-no-such-action': {} });
        if (trial.control === null) ensureStatus(answer, 400, 501);
        else trial.expectFault(answer, 'badRequest');
      },
    },
  ],
};
