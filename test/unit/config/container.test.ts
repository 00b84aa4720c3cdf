import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkTree, loadConfig } from '../../../src/config/load.ts';
import { parseFile } from '../../../src/settings/parse.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const dockerfile = readFileSync(`${root}Dockerfile`, 'utf8');

interface Service {
  readonly command: readonly string[];
  readonly environment?: Record<string, string>;
}

const { services } = parse(readFileSync(`${root}docker-compose.yml`, 'utf8')) as {
  services: Record<'gateway' | 'simulator', Service>;
};

/** The variables the image sets. */
function imageEnvironment(): Record<string, string> {
  const variables = [...dockerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, line]) => line!.split(' '));
  return Object.fromEntries(variables.map((word) => word.split('=', 2) as [string, string]));
}

const [entryCommand, ...entryArgs] = JSON.parse(/^CMD (.*)$/m.exec(dockerfile)![1]!) as string[];

it('the image serves a file that has to be mounted', () => {
  expect([entryCommand, entryArgs]).toEqual(['serve', ['-c', '/etc/sluice/sluice.yaml']]);
});

it('the image wants to be told that the network in front of it is closed', () => {
  const account = { name: 'main', identity: { url: 'us', username: 'u', apiKey: 'k' } };
  const refused = checkTree({ accounts: [account] }, imageEnvironment(), root);
  expect(refused).toEqual({
    problems: [
      expect.stringMatching(/^access\.mode: open lets every machine/),
      expect.stringMatching(/^publicUrl: is missing/),
    ],
  });
});

it('what docker compose serves is a good configuration of a real upstream', () => {
  const { command, environment = {} } = services.gateway;
  const [verb, option, file] = command;
  expect([verb, option]).toEqual(['serve', '-c']);
  const env = { ...imageEnvironment(), ...environment };
  expect(loadConfig(root + file, env)).toMatchObject({
    config: { simulator: { enabled: false } },
    warnings: [],
  });
});

it('the gateway of docker compose has an account at the simulator of docker compose', () => {
  const [, , gatewayFile] = services.gateway.command;
  const [verb, option, simulatorFile] = services.simulator.command;
  expect([verb, option]).toEqual(['simulate', '-c']);
  const gateway = parseFile(root + gatewayFile);
  const simulator = loadConfig(root + simulatorFile, services.simulator.environment ?? {}, 'simulator');
  if (!('tree' in gateway) || !('config' in simulator)) throw new Error('a file cannot be read');
  const [account] = gateway.tree['accounts'] as [
    { identity: { url: string; username: string; apiKey: string } },
  ];
  const { port, users } = simulator.config.simulator;
  expect(account.identity.url).toBe(`http://simulator:${port}/v2.0`);
  expect(users).toContainEqual(
    expect.objectContaining({ username: account.identity.username, apiKey: account.identity.apiKey }),
  );
});
