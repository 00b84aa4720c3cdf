import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Environment, interpolate } from './interpolate.ts';
import type { IsSound } from './is-sound.ts';
import { normalForm } from './normal-form.ts';
import { applyOverrides } from './overrides.ts';
import { errorCode, parseFile } from './parse.ts';
import { formatProblem, isUnder, type Problem } from './problem.ts';
import { checkRules } from './rules.ts';
import { type Config, ConfigSchema } from './schema.ts';
import type { SchemaNode } from './schema-walk.ts';
import { checkSimulator } from './simulator-rules.ts';
import { deepFreeze, isRecord, type Tree } from './tree.ts';
import { validate } from './validate.ts';

export type { Environment } from './interpolate.ts';

/** What is checked and described: the schema in normal form. */
export const settingsSchema: SchemaNode = normalForm(ConfigSchema as unknown as SchemaNode);

/** A configuration that may be used, or every reason why it may not. */
export type Loaded =
  | { readonly config: Config; readonly warnings: readonly string[] }
  | { readonly problems: string[] };

/** What a configuration is for: a simulator alone needs no accounts, and no rule about a gateway. */
export type Use = 'gateway' | 'simulator';

/**
 * Reads a configuration: the file's YAML, `${NAME}` in it, then `SLUICE_*` variables over it, then defaults under it.
 * Lists all problems at once, one line each; no line holds a value. Without a file the environment alone is read.
 */
export function loadConfig(file: string | undefined, env: Environment, use: Use = 'gateway'): Loaded {
  const parsed = file === undefined ? { tree: {} } : parseFile(file);
  if ('problems' in parsed) return { problems: parsed.problems.map(formatProblem) };
  return checkTree(parsed.tree, env, file === undefined ? process.cwd() : dirname(resolve(file)), use);
}

/** The same for YAML that has been read already; secret files are sought from `folder`. */
export function checkTree(source: Tree, env: Environment, folder: string, use: Use = 'gateway'): Loaded {
  const interpolated = interpolate(source, settingsSchema, env);
  const tree = interpolated.tree as Tree;
  const overrides = applyOverrides(tree, settingsSchema, env);
  const missing = interpolated.problems.filter(
    ({ path }) => !overrides.paths.some((set) => set.join('.') === path.join('.')),
  );
  const misfits = validate(tree, settingsSchema).filter(
    ({ path }) => !missing.some((known) => isUnder(path, known.path)),
  );
  const problems = [...missing, ...misfits];
  const isSound: IsSound = (path) => !problems.some((known) => isUnder(path.split('.'), known.path));
  if (use === 'gateway') {
    const config = tree as unknown as Config;
    problems.push(...checkRules(config, isSound), ...readSecretFiles(tree, folder));
  } else {
    problems.push(...checkSimulator(tree as unknown as Config, true, isSound));
  }
  if (problems.length > 0) return { problems: problems.map(formatProblem) };
  return { config: deepFreeze(tree as unknown as Config), warnings: overrides.warnings };
}

/** Puts the contents of `apiKeyFile` and `passwordFile` where `apiKey` and `password` would stand. */
function readSecretFiles(tree: Tree, folder: string): Problem[] {
  const accounts = Array.isArray(tree['accounts']) ? tree['accounts'] : [];
  return accounts.flatMap((account: unknown, index) => {
    const identity = isRecord(account) ? account['identity'] : undefined;
    if (!isRecord(identity)) return [];
    const path = ['accounts', String(index), 'identity'];
    return [
      ...readSecretFile(identity, 'apiKey', path, folder),
      ...readSecretFile(identity, 'password', path, folder),
    ];
  });
}

function readSecretFile(
  identity: Tree,
  key: 'apiKey' | 'password',
  path: readonly string[],
  folder: string,
): Problem[] {
  const file = identity[`${key}File`];
  if (typeof file !== 'string') return [];
  const at = [...path, `${key}File`];
  try {
    const secret = readFileSync(resolve(folder, file), 'utf8').replace(/^\ufeff|\r?\n$/g, '');
    if (secret === '')
      return [{ path: at, text: 'names an empty file, accepted: a file that holds the secret' }];
    identity[key] = secret;
    return [];
  } catch (error) {
    return [
      { path: at, text: `cannot be read (${errorCode(error)}), accepted: a file that holds the secret` },
    ];
  }
}
