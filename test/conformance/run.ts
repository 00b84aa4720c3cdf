/**
 * `npm run conformance`: the suite against any region, with a report. Without `--base-url` and `--auth-url` it runs
 * against a simulator of its own, directly and through Sluice. Exit code 0: everything that was tried passed; 1:
 * something failed; 2: it could not be tried.
 */
import { Command, Option } from 'commander';
import type { Format } from '../../src/translation/format.ts';
import { type ForeignOptions, reachForeign } from './foreign.ts';
import { FORMATS } from './format.ts';
import { countOutcomes, describeSection, describeTotals } from './report.ts';
import type { Section } from './section.ts';
import { SECTIONS } from './sections.ts';
import { type Arena, runSection, type SectionResult } from './suite.ts';
import { startWorld, type Way } from './world.ts';

interface Options {
  baseUrl?: string;
  authUrl?: string;
  username?: string;
  apiKey?: string;
  region?: string;
  token?: string;
  volume?: string;
  write: boolean;
  format: Format | 'both';
  section?: string;
}

const command = new Command('conformance')
  .description('Checks a Compute endpoint against the guide, section by section, in JSON and in XML.')
  .option('--base-url <url>', 'endpoint of a tenant, http://host/dfw/v2/{tenant}')
  .option('--auth-url <url>', 'identity service to log in at, ending in /v2.0')
  .option('--username <name>', 'user to log in as')
  .option('--api-key <key>', 'API key of the user; else the variable CONFORMANCE_API_KEY')
  .option('--region <name>', 'region of the catalog, when no --base-url is given')
  .option('--token <token>', 'sent as X-Auth-Token, instead of logging in')
  .option('--write', 'allow creating and deleting servers and images (they cost money)', false)
  .option('--volume <id>', 'a volume that may be attached, with --write')
  .addOption(new Option('--format <format>').choices([...FORMATS, 'both']).default('both'))
  .option('--section <number>', 'only this section and those below it, such as 2.3')
  .showHelpAfterError('(--help lists the options)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .addHelpText(
    'after',
    `
Examples:
  npm run conformance                                              the simulator, directly and through Sluice
  npm run conformance -- --base-url http://127.0.0.1:8080/dfw/v2/424242 --write
  npm run conformance -- --auth-url http://127.0.0.1:8090/v2.0 --username demo --api-key KEY --region DFW

Exit code 0: everything that was tried passed; 1: something failed, or is left behind; 2: it could not be tried.`,
  );

/** The sections that were asked for: `2.3` means 2.3.1 to 2.3.9 as well. */
function chosenSections(number: string | undefined): readonly Section[] {
  if (number === undefined) return SECTIONS;
  const chosen = SECTIONS.filter(({ id }) => id === number || id.startsWith(`${number}.`));
  if (chosen.length === 0)
    throw new Error(`there is no section ${number}; there are ${SECTIONS.map(({ id }) => id).join(', ')}`);
  return chosen;
}

function foreignOptions(options: Options): ForeignOptions {
  const { authUrl: url, username, apiKey = process.env['CONFORMANCE_API_KEY'] } = options;
  const { baseUrl, region, token, write, volume: volumeId } = options;
  if (url !== undefined && (username === undefined || apiKey === undefined))
    throw new Error('--auth-url needs --username and --api-key');
  const identity =
    url === undefined || username === undefined || apiKey === undefined ? null : { url, username, apiKey };
  return { baseUrl, region, token, write, volumeId, identity };
}

async function runAll(where: string, arena: Arena, options: Options): Promise<SectionResult[]> {
  const formats = options.format === 'both' ? FORMATS : [options.format];
  const results: SectionResult[] = [];
  console.log(`\n${where}\n`);
  for (const section of chosenSections(options.section)) {
    for (const format of formats) {
      const result = await runSection(arena, section, format);
      console.log(describeSection(result));
      results.push(result);
    }
  }
  console.log(`\n${describeTotals(where, results)}`);
  return results;
}

const WHERE: Record<Way, string> = {
  direct: 'The simulator, directly',
  sluice: 'The simulator, through Sluice',
  openstack: 'The simulator as a cloud of today, through Sluice',
};

async function runOwn(options: Options): Promise<SectionResult[]> {
  const results: SectionResult[] = [];
  for (const way of ['direct', 'sluice', 'openstack'] as const) {
    const world = await startWorld(way);
    const where = WHERE[way];
    results.push(...(await runAll(where, world, options).finally(() => world.close())));
  }
  return results;
}

async function main(options: Options): Promise<number> {
  chosenSections(options.section);
  if (options.baseUrl === undefined && options.authUrl === undefined) return verdict(await runOwn(options));
  const arena = await reachForeign(foreignOptions(options));
  if (!options.write) console.log('Read-only: cases that create servers are skipped; --write allows them.');
  return verdict(await runAll(arena.baseUrl, arena, options));
}

/** What is left behind costs money: that is a failure, too. */
function verdict(results: readonly SectionResult[]): number {
  const isClean = results.every(({ leftovers }) => leftovers.length === 0);
  return countOutcomes(results).failed === 0 && isClean ? 0 : 1;
}

try {
  process.exitCode = await main(command.parse().opts<Options>());
} catch (error) {
  const { message, cause } = error as Error;
  console.error(cause instanceof Error ? `${message}: ${cause.message}` : message);
  process.exitCode = 2;
}
