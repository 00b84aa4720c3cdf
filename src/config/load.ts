import { dirname, resolve } from 'node:path';
import { joinKeySources } from '../access/key-sources.ts';
import { listenersOf } from '../access/rules.ts';
import type { AccessSettings, AuditSettings, ListenerSettings } from '../access/settings.ts';
import { type Environment, interpolate } from '../settings/interpolate.ts';
import type { IsSound, IsWhole } from '../settings/is-sound.ts';
import { applyOverrides } from '../settings/overrides.ts';
import { parseFile } from '../settings/parse.ts';
import { formatProblem, isUnder, type Problem } from '../settings/problem.ts';
import { deepFreeze, isRecord, type Tree } from '../settings/tree.ts';
import { validate } from '../settings/validate.ts';
import { withPreset } from '../simulator/presets.ts';
import { expandClouds } from './clouds/expand.ts';
import { readLimitPreset } from './limit-presets.ts';
import { checkRules } from './rules.ts';
import type { Config } from './schema.ts';
import { readSecretFiles } from './secret-files.ts';
import { checkSettings } from './settings-check.ts';
import { settingsSchema } from './settings-schema.ts';
import { checkSimulator } from './simulator-rules.ts';
import { readTrustFiles } from './trust-files.ts';

export type { Environment } from '../settings/interpolate.ts';

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

/** A configuration as it is written, variables put in and nothing checked or read from other files; undefined: no YAML. */
export function writtenTree(file: string, env: Environment): Tree | undefined {
  const source = sourceTree(file);
  if (source === undefined) return undefined;
  const tree = interpolate(source, settingsSchema, env).tree as Tree;
  applyOverrides(tree, settingsSchema, env);
  return tree;
}

/** The same before variables are put in: what stands in the file itself. */
export function sourceTree(file: string): Tree | undefined {
  const parsed = parseFile(file);
  return 'problems' in parsed ? undefined : withOneListen(parsed.tree);
}

/** The same for YAML that has been read already; secret files are sought from `folder`. */
export function checkTree(written: Tree, env: Environment, folder: string, use: Use = 'gateway'): Loaded {
  const source = withOneListen(written);
  const interpolated = interpolate(source, settingsSchema, env);
  const tree = interpolated.tree as Tree;
  const overrides = applyOverrides(tree, settingsSchema, env);
  if ('simulator' in tree) tree['simulator'] = withPreset(tree['simulator']);
  const missing = interpolated.problems.filter(
    ({ path }) => !overrides.paths.some((set) => set.join('.') === path.join('.')),
  );
  const strays = [...missing, ...expandClouds(tree, env, folder)];
  const misfits = validate(tree, checkSettings).filter(
    ({ path }) => !missing.some((known) => isUnder(path, known.path)),
  );
  const problems = [...checkWritten(written), ...strays, ...misfits];
  const isSound: IsSound = (path) => {
    const keys = typeof path === 'string' ? path.split('.') : path;
    const root = keys.at(-1) === '**' ? keys.slice(0, -1) : undefined;
    return !problems.some((known) => isUnder(keys, known.path) || (root && isUnder(known.path, root)));
  };
  if (use === 'gateway') {
    const config = tree as unknown as Config;
    const isWhole: IsWhole = (path) =>
      isSound(path) && !problems.some((known) => isUnder(known.path, path.split('.')));
    if (isWhole('access')) problems.push(...joinKeySources(config.access as AccessSettings, env, folder));
    if (isWhole('listen') && isWhole('moreListeners'))
      for (const listener of listenersOf(config)) resolveTlsFiles(listener as ListenerSettings, folder);
    if (isWhole('audit') && config.audit.file !== null)
      (config.audit as AuditSettings).file = resolve(folder, config.audit.file);
    if (isWhole('limits.preset') && isWhole('limits.presetLimits'))
      problems.push(...readLimitPreset(tree['limits'] as Tree));
    problems.push(
      ...checkRules(config, { isSound, isWhole }),
      ...readSecretFiles(tree, folder, isSound),
      ...readTrustFiles(tree, folder, isSound),
    );
  } else {
    problems.push(...checkSimulator(tree as unknown as Config, true, isSound));
  }
  const isList = Array.isArray(written['listen']);
  if (problems.length > 0) {
    const told = problems.filter((problem) => !isOfCloud(problem, strays));
    return { problems: told.map((problem) => formatProblem(isList ? asWritten(problem) : problem)) };
  }
  return { config: deepFreeze(tree as unknown as Config), warnings: overrides.warnings };
}

/** An account has no identity because of its cloud, of which the reason is told already. */
function isOfCloud({ path }: Problem, strays: readonly Problem[]): boolean {
  const [part, index, key] = path;
  if (part !== 'accounts' || key !== 'identity' || path.length !== 3) return false;
  return strays.some((known) => isUnder(known.path, ['accounts', index!, 'cloud']));
}

/**
 * `listen` may be a list. The first of them is the one that `SLUICE_LISTEN_…` variables are about, and whose URL is told
 * first; the others follow under a name that no file has.
 */
function withOneListen(source: Tree): Tree {
  const { listen, moreListeners: _, ...rest } = source;
  if (!Array.isArray(listen)) return listen === undefined ? rest : { ...rest, listen };
  const [first, ...more] = listen;
  return { ...rest, listen: first ?? null, moreListeners: more };
}

function checkWritten(source: Tree): Problem[] {
  const problems: Problem[] = [];
  if ('moreListeners' in source)
    problems.push({
      path: ['moreListeners'],
      text: 'is no setting, accepted: a list of listeners in listen',
    });
  const { limits } = source;
  if (isRecord(limits) && 'presetLimits' in limits)
    problems.push({ path: ['limits', 'presetLimits'], text: 'is no setting, accepted: limits.static' });
  return problems;
}

/** A problem at the place where the file has it, with `listen` as a list. */
function asWritten(problem: Problem): Problem {
  const [part, index, ...rest] = problem.path;
  if (part === 'listen' && index !== undefined && !/^\d+$/.test(index))
    return { ...problem, path: ['listen', '0', index, ...rest] };
  if (part !== 'moreListeners' || index === undefined) return problem;
  return { ...problem, path: ['listen', `${Number(index) + 1}`, ...rest] };
}

/** Certificates and keys are sought from the configuration's folder, wherever the process runs. */
function resolveTlsFiles({ tls }: ListenerSettings, folder: string): void {
  if (tls === null) return;
  for (const name of ['certFile', 'keyFile', 'clientCaFile'] as const) {
    const file = tls[name];
    if (file !== null) tls[name] = resolve(folder, file);
  }
}
