import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeUsers } from '../../../src/commands/simulate.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { PRESET_NAMES, type PresetName } from '../../../src/simulator/presets.ts';

const page = readFileSync(new URL('../../../docs/simulator.md', import.meta.url), 'utf8');

function usersOf(preset: PresetName) {
  const loaded = loadConfig(undefined, { SLUICE_SIMULATOR_PRESET: preset }, 'simulator');
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  return loaded.config.simulator.users;
}

it.each(PRESET_NAMES)('who may log in to %s is said when it starts, and by the page', (preset) => {
  const users = usersOf(preset);
  const lines = describeUsers(users);
  for (const { username, password, apiKey, tenant, applicationCredentials } of users) {
    expect(lines.join('\n')).toContain(`user ${username}`);
    const said = [
      password,
      apiKey,
      tenant,
      ...applicationCredentials.flatMap(({ id, secret }) => [id, secret]),
    ];
    for (const text of said) {
      if (text === null) continue;
      expect(lines.join('\n')).toContain(text);
      expect(page).toContain(text);
    }
  }
});

it('a domain that is not the default one is named', () => {
  expect(describeUsers(usersOf('rackspace-flex'))[0]).toBe(
    '  user demo of the domain rackspace_cloud_domain, API key demo-api-key-for-the-simulator-only, ' +
      'project demo (5e1f0c2a9b7d4e6f8a1b2c3d4e5f6071)',
  );
});

it('secrets of a configuration of one’s own are not shown', () => {
  const [demo] = usersOf('openstack');
  const credentials = demo!.applicationCredentials.map((one) => ({ ...one, secret: 'own-secret' }));
  const own = { ...demo!, password: 'own-word', apiKey: 'own-key', applicationCredentials: credentials };
  expect(describeUsers([own])).toEqual([]);
});
