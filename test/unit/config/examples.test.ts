import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';

const folder = fileURLToPath(new URL('../../../config/', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/** What the comments of the files say that the environment has to hold. */
const env = {
  RAX_USERNAME: 'mara',
  RAX_API_KEY: 'a-key',
  RAX_PROJECT: '1234567_Flex',
  OS_AUTH_URL: 'https://cloud.test/identity',
  OS_USERNAME: 'mara',
  OS_PASSWORD: 'a-password',
  OS_PROJECT_NAME: 'team',
  OS_PROJECT_ID: 'b07a592c28d3438098bb3440c05897e2',
};

it('there is one for each provider of docs/providers.md', () => {
  for (const name of ['openstack', 'ovhcloud', 'rackspace-flex', 'rackspace-us', 'rackspace-uk'])
    expect(files).toContain(`${name}.yaml`);
});

it.each(files)('config/%s is a good configuration', (name) => {
  expect(loadConfig(folder + name, env)).toMatchObject({ config: { accounts: [{}] }, warnings: [] });
});

it('the one of Flex logs in at each region with the API key, in the domain of its users', () => {
  const loaded = loadConfig(`${folder}rackspace-flex.yaml`, env);
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const identities = loaded.config.accounts[0]!.identity as { region: string; url: string }[];
  for (const identity of identities)
    expect(identity).toMatchObject({
      url: `https://keystone.api.${identity.region.toLowerCase()}.rackspacecloud.com/v3`,
      apiKey: 'a-key',
      userDomain: { name: 'rackspace_cloud_domain' },
      project: { name: '1234567_Flex' },
    });
  expect(identities.length).toBeGreaterThan(1);
});
