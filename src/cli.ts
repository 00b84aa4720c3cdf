#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander';
import { checkConfig } from './commands/check-config.ts';
import { defaultConfigFile } from './commands/default-config.ts';
import type { ExitCode } from './commands/exit-code.ts';
import { PRESET_NAMES, type PresetName } from './commands/simulator-presets.ts';
import { loggedError } from './telemetry/redact.ts';
import { DESCRIPTION, VERSION } from './version.ts';

const { env } = process;

/** Node would print an error with everything that a library hung on it, commands and their passwords included. */
function die(error: unknown): never {
  console.error(loggedError(error));
  process.exit(1);
}

process.on('uncaughtException', die);

// Whoever reads may have seen enough (`sluice doctor | head -2`): the command goes on to its exit code.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') die(error);
  });

/** A signal ends the commands that serve; what still holds the process then (idle sockets) must not keep it. */
async function exitWith(code: Promise<ExitCode> | ExitCode): Promise<void> {
  process.exit(await code);
}

/** `-c "$CONFIG"` without the variable: a shell slip that should not read as a file that is missing. */
function fileName(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty; give the name of a file.');
  return text;
}

function milliseconds(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new InvalidArgumentError('Give a number of milliseconds from 1 to 999999.');
  return Number(text);
}

/** Options that their commands cannot do without. */
const required = new Set<Option>();

/** Such an option. Commander would ask for its own required ones before it says that the name of one was mistyped. */
function requiredOption(flags: string, description: string): Option {
  const option = new Option(flags, description).argParser(fileName);
  required.add(option);
  return option;
}

function checkRequired(command: Command): void {
  for (const option of command.options) {
    if (required.has(option) && command.getOptionValue(option.attributeName()) === undefined)
      command.error(`error: required option '${option.flags}' not specified`);
  }
}

// What a command needs is loaded when it runs: checking a file needs no gateway.
const program = new Command('sluice')
  .description(DESCRIPTION)
  .version(VERSION)
  .showHelpAfterError()
  .hook('preAction', (_program, command) => checkRequired(command));

program
  .command('serve')
  .description('run the gateway; SIGHUP reloads the configuration')
  // No default: where a mount went wrong, the demo's simulated cloud must not be served in the name of the real one.
  .addOption(requiredOption('-c, --config <file>', 'configuration'))
  .action(async ({ config }: { config: string }) => {
    const { serve } = await import('./commands/serve.ts');
    await exitWith(serve(config, env));
  });

program
  .command('demo')
  .description('run a simulated cloud and the gateway in one process')
  .action(async () => {
    const { demo } = await import('./commands/demo.ts');
    await exitWith(demo(env));
  });

program
  .command('simulate')
  .description('run the simulated cloud alone')
  .option('-c, --config <file>', 'configuration (default: the demo’s, or with --preset none)', fileName)
  .addOption(
    new Option('--preset <name>', 'kind of cloud, over what the configuration says').choices(PRESET_NAMES),
  )
  .option('--state <file>', 'file that keeps the state across restarts', fileName)
  .action(async ({ config, preset, state }: { config?: string; preset?: PresetName; state?: string }) => {
    const { simulate } = await import('./commands/simulate.ts');
    const file = config ?? (preset === undefined ? defaultConfigFile() : undefined);
    await exitWith(simulate(file, { preset, state }, env));
  });

program
  .command('check-config')
  .description('list every problem of a configuration; exit code 2 if there is one')
  .addOption(requiredOption('-c, --config <file>', 'configuration'))
  .option('--simulate', 'as the command simulate reads it: a simulator alone needs no accounts')
  .action(({ config, simulate }: { config: string; simulate?: true }) =>
    exitWith(checkConfig(config, env, simulate ? 'simulator' : 'gateway')),
  );

program
  .command('doctor')
  .description(
    'look at everything a configuration stands on: exit code 1 if there is a fault, 2 if a setting is wrong',
  )
  .addOption(requiredOption('-c, --config <file>', 'configuration'))
  .option('--json', 'the findings as JSON')
  .action(async ({ config, json }: { config: string; json?: true }) => {
    const { doctor } = await import('./commands/doctor.ts');
    await exitWith(doctor(config, { json: json === true }, env));
  });

program
  .command('health')
  .description('ask the Sluice that serves a configuration on this machine; exit code 1 unless all is well')
  .addOption(requiredOption('-c, --config <file>', 'configuration'))
  .option('--ready', 'whether it is ready to serve, not only alive')
  .option('--simulate', 'it is a simulator alone')
  .option('--timeout <ms>', 'how long an answer may take, in ms', milliseconds, 2_000)
  .action(
    async ({
      config,
      ready,
      simulate,
      timeout,
    }: {
      config: string;
      ready?: true;
      simulate?: true;
      timeout: number;
    }) => {
      const { health } = await import('./commands/health.ts');
      const options = { ready: ready === true, simulate: simulate === true, timeoutMs: timeout };
      await exitWith(health(config, options, env));
    },
  );

program
  .command('new-key')
  .description('print a fresh client key, and the lines for the configuration with its hash')
  .argument('<name>', 'name of the client')
  .action(async (name: string) => {
    const { newKey } = await import('./commands/new-key.ts');
    await exitWith(newKey(name));
  });

program
  .command('hash-key')
  .description('read a key or a password on standard input and print its hash for the configuration')
  .action(async () => {
    const { hashKey } = await import('./commands/hash-key.ts');
    await exitWith(hashKey(process.stdin));
  });

program
  .command('init')
  .description('write a commented configuration from the clouds.yaml that is found, one account a cloud')
  .option('-o, --output <file>', 'file to write, - for standard output', fileName, 'sluice.yaml')
  .option(
    '--clouds <file>',
    'the clouds.yaml, instead of the one that OpenStack’s clients would read',
    fileName,
  )
  .option('--force', 'replace a file that is there')
  .action(async ({ output, clouds, force }: { output: string; clouds?: string; force?: true }) => {
    const { init } = await import('./commands/init.ts');
    await exitWith(init({ output, clouds, force: force === true }, env));
  });

program
  .command('clouds-yaml')
  .description('print the clouds.yaml that a client of this gateway uses')
  .option('-c, --config <file>', 'configuration', fileName, defaultConfigFile())
  .addOption(requiredOption('--client <name>', 'name of the client'))
  .option('--url <url>', 'base URL of the gateway as its callers see it')
  .action(async ({ config, client, url }: { config: string; client: string; url?: string }) => {
    const { cloudsYaml } = await import('./commands/clouds-yaml.ts');
    await exitWith(cloudsYaml(config, { client, url }, env));
  });

program
  .command('version')
  .description('print the version')
  .action(() => console.log(VERSION));

try {
  await program.parseAsync();
} catch (error) {
  die(error);
}
