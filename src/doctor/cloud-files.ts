/** The files of clouds that accounts name: clouds.yaml, and secure.yaml beside it. */
import { cloudsFileOf, expandClouds } from '../config/clouds/expand.ts';
import { findCloudFiles } from '../config/clouds/files.ts';
import type { Environment } from '../settings/interpolate.ts';
import { parseFile } from '../settings/parse.ts';
import { isRecord, type Tree } from '../settings/tree.ts';

/** A file of clouds. */
export interface CloudFile {
  readonly setting: string;
  readonly file: string;
  /** Something in it has to stay secret. */
  readonly isSecret: boolean;
}

/**
 * The files that the clouds of a configuration are read from, each once.
 *
 * @param folder of the configuration
 */
export function cloudFiles(tree: Tree, env: Environment, folder: string): CloudFile[] {
  const accounts: unknown[] = Array.isArray(tree['accounts']) ? tree['accounts'] : [];
  const all = accounts.flatMap((account, index): CloudFile[] => {
    if (!isRecord(account) || typeof account['cloud'] !== 'string') return [];
    const { cloudsFile } = account;
    const named = cloudsFileOf(typeof cloudsFile === 'string' ? cloudsFile : undefined, env, folder);
    const { clouds, secure } = findCloudFiles({ file: named, env, folder: process.cwd() });
    const setting = `accounts.${index}.cloud`;
    return [
      ...(clouds === undefined ? [] : [{ setting, file: clouds, isSecret: holdsSecret(clouds) }]),
      ...(secure === undefined ? [] : [{ setting, file: secure, isSecret: true }]),
    ];
  });
  return [...new Map(all.map((one) => [one.file, one])).values()];
}

/** The tree with what its clouds say in the place of their names; what is wrong with them is said where it is loaded. */
export function withClouds(tree: Tree, env: Environment, folder: string): Tree {
  const copy = structuredClone(tree);
  expandClouds(copy, env, folder);
  return copy;
}

const SECRET = /password|secret|token|passcode|api[-_]?key/i;

/** Whether a file says something secret. One that cannot be read may. */
function holdsSecret(file: string): boolean {
  const parsed = parseFile(file);
  return 'problems' in parsed || hasSecret(parsed.tree);
}

function hasSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasSecret);
  if (!isRecord(value)) return false;
  return Object.entries(value).some(
    ([key, member]) => (SECRET.test(key) && typeof member === 'string' && member !== '') || hasSecret(member),
  );
}
