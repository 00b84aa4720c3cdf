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

it('the image is Node’s current LTS by its digest, runs as nobody and is asked for its health without a shell', () => {
  expect(dockerfile).toMatch(/^ARG NODE=node:24\.\d+\.\d+-bookworm-slim@sha256:[0-9a-f]{64}$/m);
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
  expect(new Set(bases)).toEqual(new Set(['$'.concat('{NODE}')]));
  expect(dockerfile).toMatch(/^USER 1000:1000$/m);
  const health = JSON.parse(/^HEALTHCHECK .*\n {2}CMD (\[.*\])$/m.exec(dockerfile)![1]!) as string[];
  expect(health).toEqual(['node', 'dist/cli.js', 'health', '-c', entryArgs[1]]);
});

interface Hardened {
  readonly restart: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly mem_limit: string;
  readonly cpus: number;
  readonly ports?: readonly string[];
}
const hardened = Object.entries(
  (
    parse(readFileSync(`${root}docker-compose.yml`, 'utf8'), { merge: true }) as {
      services: Record<string, Hardened>;
    }
  ).services,
);

it.each(hardened)(
  '%s of docker compose writes nothing, gains nothing, has an end and is open to this machine only',
  (_name, service) => {
    expect(service).toMatchObject({
      restart: 'unless-stopped',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/^\d+m$/),
      cpus: expect.any(Number),
    });
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  },
);

it('the health checks of docker compose ask about what is run there', () => {
  const all = services as Record<
    'gateway' | 'simulator',
    Service & { readonly healthcheck: { readonly test: string[] } }
  >;
  for (const { command, healthcheck } of [all.gateway, all.simulator]) {
    const [cmd, node, cli, health, ...rest] = healthcheck.test;
    expect([cmd, node, cli, health]).toEqual(['CMD', 'node', 'dist/cli.js', 'health']);
    expect(rest.filter((word) => word !== '--simulate')).toEqual(command.slice(1));
    expect(rest.includes('--simulate')).toBe(command[0] === 'simulate');
  }
});
