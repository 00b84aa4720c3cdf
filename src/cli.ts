#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { checkConfig, defaultConfigFile, type ExitCode, serve, simulate } from './commands.ts';
import { demo } from './demo.ts';

const { version, description } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as {
  version: string;
  description: string;
};

/** A signal ends the commands that serve; what still holds the process then (idle sockets) must not keep it. */
async function exitWith(code: Promise<ExitCode> | ExitCode): Promise<void> {
  process.exit(await code);
}

const program = new Command('sluice').description(description).showHelpAfterError();

program
  .command('serve')
  .description('run the gateway; SIGHUP reloads the configuration')
  .option('-c, --config <file>', 'configuration', defaultConfigFile())
  .action(({ config }: { config: string }) => exitWith(serve(config)));

program
  .command('demo')
  .description('run a simulated cloud and the gateway in one process')
  .action(() => exitWith(demo()));

program
  .command('simulate')
  .description('run the simulated cloud alone')
  .option('-c, --config <file>', 'configuration', defaultConfigFile())
  .option('--state <file>', 'file that keeps the state across restarts')
  .action(({ config, state }: { config: string; state?: string }) => exitWith(simulate(config, state)));

program
  .command('check-config')
  .description('list every problem of a configuration; exit code 2 if there is one')
  .requiredOption('-c, --config <file>', 'configuration')
  .action(({ config }: { config: string }) => exitWith(checkConfig(config)));

program
  .command('version')
  .description('print the version')
  .action(() => console.log(version));

try {
  await program.parseAsync();
} catch (error) {
  console.error(error);
  process.exit(1);
}
