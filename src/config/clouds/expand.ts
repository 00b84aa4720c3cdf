/** Accounts that name a cloud of a clouds.yaml get its settings. */
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Environment } from '../../settings/interpolate.ts';
import type { Problem } from '../../settings/problem.ts';
import { isRecord, type Tree } from '../../settings/tree.ts';
import { accountOf } from './cloud.ts';
import { environmentCloud, environmentName, secretsOfEnvironment } from './environment.ts';
import { type Clouds, readClouds } from './files.ts';
import { merge } from './merge.ts';

/**
 * Puts what clouds say where `cloud` names them. What the account says itself goes before it.
 *
 * @param folder of the configuration
 * @returns a problem for each cloud that cannot be used, with its file and the field
 */
export function expandClouds(tree: Tree, env: Environment, folder: string): Problem[] {
  const accounts = Array.isArray(tree['accounts']) ? tree['accounts'] : [];
  return accounts.flatMap((account: unknown, index) => {
    if (!isRecord(account)) return [];
    const { cloud, cloudsFile } = account;
    const path = ['accounts', String(index)];
    if (cloud === undefined)
      return cloudsFile === undefined
        ? []
        : [
            {
              path: [...path, 'cloudsFile'],
              text: 'names a file beside no cloud, accepted: cloud: NAME beside it',
            },
          ];
    if (typeof cloud !== 'string' || (cloudsFile !== undefined && typeof cloudsFile !== 'string')) return [];
    if (account['identity'] !== undefined)
      return [{ path: [...path, 'cloud'], text: 'stands beside identity, accepted: one of them' }];
    const file = cloudsFileOf(cloudsFile, env, folder);
    const found = settingsOf(cloud, file, env);
    if ('problems' in found) return found.problems.map((text) => ({ path: [...path, 'cloud'], text }));
    for (const [key, value] of Object.entries(found.settings)) account[key] ??= value;
    return [];
  });
}

/** The clouds.yaml that an account names, seen from the folder of the configuration. */
export function cloudsFileOf(
  written: string | undefined,
  env: Environment,
  folder: string,
): string | undefined {
  return written === undefined ? undefined : resolve(folder, inHome(written, env));
}

/** What a cloud means for an account. */
export type CloudSettings = { readonly settings: Tree } | { readonly problems: readonly string[] };

function settingsOf(name: string, file: string | undefined, env: Environment): CloudSettings {
  const clouds = readClouds({ file, env, folder: process.cwd() });
  if ('problems' in clouds) return clouds;
  return cloudSettings(name, clouds, env);
}

/** The settings of one of the clouds that were read, or of the one that the environment describes. */
export function cloudSettings(name: string, clouds: Clouds, env: Environment): CloudSettings {
  const { file, profiles } = clouds;
  const written = Object.hasOwn(clouds.clouds, name) ? clouds.clouds[name] : undefined;
  const ofEnvironment = name === environmentName(env) ? environmentCloud(env) : undefined;
  const cloud = written ?? ofEnvironment;
  if (cloud === undefined) return { problems: [unknownCloud(clouds, env)] };
  const isOfFile = written !== undefined;
  const filled = isOfFile ? merge({ auth: secretsOfEnvironment(env) }, cloud) : cloud;
  const account = accountOf(filled, profiles);
  const where = isOfFile ? `${file}, cloud ${name}` : 'the environment (OS_*)';
  if ('problems' in account)
    return { problems: account.problems.map(({ field, text }) => `${where}: ${field} ${text}`) };
  const base = isOfFile ? dirname(file!) : process.cwd();
  const settings: Tree = { ...account };
  const { identity } = account;
  settings['identity'] = Array.isArray(identity)
    ? identity.map((one) => withFiles(one, base, env))
    : withFiles(identity, base, env);
  return { settings };
}

function unknownCloud({ file, clouds, places }: Clouds, env: Environment): string {
  if (file === undefined)
    return `there is no clouds.yaml, accepted: one at ${places.join(', ')}, or cloudsFile beside it`;
  const names = [...Object.keys(clouds), ...(environmentCloud(env) ? [environmentName(env)] : [])];
  return `is no cloud of ${file}, accepted: ${names.length > 0 ? `one of ${names.join(', ')}` : 'a cloud; there is none in it'}`;
}

const FILES = ['caFile', 'certFile', 'keyFile'] as const;

/** Files that a cloud names are sought from the folder of its file; `~` is the home of whoever runs Sluice. */
function withFiles(identity: Tree, base: string, env: Environment): Tree {
  const files = FILES.flatMap((key) => {
    const file = identity[key];
    return typeof file === 'string' ? [[key, resolve(base, inHome(file, env))] as const] : [];
  });
  return { ...identity, ...Object.fromEntries(files) };
}

const inHome = (file: string, env: Environment): string =>
  file === '~' || file.startsWith('~/') ? join(env['HOME'] || homedir(), file.slice(1)) : file;
