import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { environmentCloud, environmentName } from '../config/clouds/environment.ts';
import { cloudSettings } from '../config/clouds/expand.ts';
import { type Clouds, readClouds } from '../config/clouds/files.ts';
import type { Environment } from '../settings/interpolate.ts';
import { errorCode } from '../settings/parse.ts';
import { type ExitCode, refuse } from './exit-code.ts';

/** What `sluice init` is told. */
export interface InitOptions {
  /** File to write; `-`: standard output. */
  readonly output: string;
  /** Whether a file that is there is replaced. */
  readonly force: boolean;
  /** The clouds.yaml; undefined: the one that OpenStack's clients would read. */
  readonly clouds: string | undefined;
}

/** `sluice init`: a commented configuration, an account for each cloud of the clouds.yaml that is found. It asks nothing. */
export function init({ output, force, clouds: file }: InitOptions, env: Environment): ExitCode {
  const named = file === undefined ? undefined : resolve(file);
  const clouds = readClouds({ file: named, env, folder: process.cwd() });
  if ('problems' in clouds) return refuse(clouds.problems);
  const entries = entriesOf(clouds, env);
  if (!entries.some(({ problems }) => problems.length === 0)) return refuse(nothingToWrite(clouds, entries));
  const text = renderInit(clouds, entries);
  if (output === '-') {
    process.stdout.write(text);
    return 0;
  }
  if (existsSync(output) && !force)
    return refuse([
      `${output}: is there already, accepted: --output with another name, or --force to replace it`,
    ]);
  try {
    writeFileSync(output, text);
  } catch (error) {
    return refuse([
      `${output}: cannot be written (${errorCode(error)}), accepted: --output with a file that can`,
    ]);
  }
  console.log(nextSteps(output, entries));
  return 0;
}

/** A cloud, and what stands in its way. */
interface Entry {
  readonly account: string;
  readonly cloud: string;
  readonly isOfFile: boolean;
  readonly problems: readonly string[];
}

/** The clouds of the file, then that of the environment; each is an account of its own name. */
function entriesOf(clouds: Clouds, env: Environment): Entry[] {
  const own = environmentName(env);
  const hasOwn = environmentCloud(env) !== undefined && !Object.hasOwn(clouds.clouds, own);
  const names = [...Object.keys(clouds.clouds), ...(hasOwn ? [own] : [])];
  const taken = new Set<string>();
  return names.map((cloud) => {
    const found = cloudSettings(cloud, clouds, env);
    const problems = 'problems' in found ? found.problems : [];
    const isOfFile = Object.hasOwn(clouds.clouds, cloud);
    return { account: accountName(cloud, taken), cloud, isOfFile, problems };
  });
}

/** A name that an account may have, and no other has yet. */
function accountName(cloud: string, taken: Set<string>): string {
  const plain =
    cloud
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 56) || 'cloud';
  let name = plain;
  for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${plain}-${number}`;
  taken.add(name.toLowerCase());
  return name;
}

function nothingToWrite({ file, places }: Clouds, entries: readonly Entry[]): string[] {
  if (entries.length > 0) return entries.flatMap(({ problems }) => problems);
  return [
    file === undefined
      ? `there is no clouds.yaml, accepted: one at ${places.join(', ')}, --clouds FILE, or OS_AUTH_URL and the other variables of an openrc`
      : `${file}: there is no cloud in it, accepted: clouds: {name: {auth: {…}}}`,
  ];
}

function renderInit(clouds: Clouds, entries: readonly Entry[]): string {
  const source = clouds.file ?? 'the environment (OS_*)';
  return [
    `# Written by \`sluice init\` from ${onOneLine(source)}. It holds no secret: each account says which cloud of that file`,
    '# it is, and Sluice reads the file at the start and on SIGHUP. Every setting is listed in the documentation; what is not',
    '# here has its default.',
    '',
    '# Where callers connect to. For callers on other machines: host: 0.0.0.0, publicUrl, and access.mode: keys.',
    'listen:',
    '  host: 127.0.0.1',
    '  port: 8080',
    '',
    '# Base of the links that Sluice hands out; null: made from the Host of the request.',
    'publicUrl: null',
    '',
    'accounts:',
    ...entries.flatMap((entry) => renderAccount(entry, clouds)),
    '',
    '# Who may call. open: everybody who reaches listen, as the account. keys: clients that have a key (sluice new-key NAME).',
    'access:',
    '  mode: open',
    '',
    '# Limits that the provider documents rather than publishes at GET /limits, and how long a request may wait for them.',
    'limits:',
    '  static: [] # such as {verb: ALL, uri: "*", value: 20, unit: SECOND}',
    '  maxWaitMs: 30000',
    '',
  ].join('\n');
}

/** A cloud that cannot be used stands there as a comment, with the reason. */
function renderAccount({ account, cloud, isOfFile, problems }: Entry, { file }: Clouds): string[] {
  const lines = [
    `  - name: ${quoted(account)}`,
    `    cloud: ${quoted(cloud)}`,
    ...(isOfFile ? [`    cloudsFile: ${quoted(resolve(file!))}`] : []),
    '    # regions: [A, B] # those to serve; left out: those of the cloud, else all of its catalog',
    '    # interface: public # or internal, admin',
  ];
  if (problems.length === 0) return lines;
  return [
    ...problems.map((line) => `  # ${onOneLine(line)}`),
    ...lines.slice(0, 3).map((line) => `  #${line}`),
  ];
}

function nextSteps(output: string, entries: readonly Entry[]): string {
  const good = entries.filter(({ problems }) => problems.length === 0);
  const bad = entries.filter(({ problems }) => problems.length > 0);
  return [
    `${output}: written, with ${good.length === 1 ? 'the account' : 'the accounts'} ${good.map(({ account }) => account).join(', ')}.`,
    ...bad.flatMap(({ problems }) => problems.map((line) => `Left out: ${line}`)),
    'Next:',
    `  sluice check-config -c ${output}   # is everything in it understood`,
    `  sluice doctor -c ${output}         # does everything it stands on work`,
    `  sluice serve -c ${output}          # serve it at http://127.0.0.1:8080`,
  ].join('\n');
}

/** JSON's strings are YAML's; what opens a reference there is doubled, as Sluice reads it. */
function quoted(text: string): string {
  const isPlain = /^[A-Za-z/][A-Za-z0-9_./-]*$/.test(text) && !RESERVED.test(text);
  return isPlain ? text : JSON.stringify(text.replaceAll('${', () => '$${'));
}

const RESERVED = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

const onOneLine = (text: string): string => text.replace(/[\r\n\u0085\u2028\u2029]+/g, ' ');
