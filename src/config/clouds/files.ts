/** The files of clouds that openstacksdk reads, found and merged as it does: clouds.yaml, secure.yaml, clouds-public.yaml. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Environment } from '../../settings/interpolate.ts';
import { parseFile } from '../../settings/parse.ts';
import { formatProblem } from '../../settings/problem.ts';
import { isRecord, type Tree } from '../../settings/tree.ts';
import { merge } from './merge.ts';

/** The clouds that there are. */
export interface Clouds {
  /** The clouds.yaml they are from; undefined: there is none. */
  readonly file: string | undefined;
  /** By name, secure.yaml merged in, `-` in keys as `_`. */
  readonly clouds: Readonly<Record<string, Tree>>;
  /** Profiles of providers, of clouds-public.yaml. */
  readonly profiles: Readonly<Record<string, Tree>>;
  /** Where a clouds.yaml was sought. */
  readonly places: readonly string[];
}

/** Where the files may be. */
export interface CloudsPlace {
  /** The clouds.yaml, if one is named; secure.yaml and clouds-public.yaml are then sought beside it first. */
  readonly file?: string | undefined;
  readonly env: Environment;
  /** The folder that is looked into first: that of the process. */
  readonly folder: string;
}

const SUFFIXES = ['.yaml', '.yml', '.json'];
const SITE = '/etc/openstack';

/** The files of a place that there are. */
export interface CloudFiles {
  readonly clouds: string | undefined;
  readonly secure: string | undefined;
  readonly profiles: string | undefined;
}

/** Finds the files, the nearest of each kind. */
export function findCloudFiles({ file, env, folder }: CloudsPlace): CloudFiles {
  const folders = searchPath(env, folder);
  const beside = file === undefined ? [] : [dirname(file)];
  return {
    clouds: file ?? find('clouds', env['OS_CLIENT_CONFIG_FILE'], folders),
    secure: find('secure', env['OS_CLIENT_SECURE_FILE'], [...beside, ...folders]),
    profiles: find('clouds-public', env['OS_CLIENT_VENDOR_FILE'], [...beside, ...folders]),
  };
}

/**
 * Reads the clouds.
 *
 * @returns problems, each a line with the file; a named file that is not there is one, none at all is not
 */
export function readClouds(place: CloudsPlace): Clouds | { readonly problems: readonly string[] } {
  const files = findCloudFiles(place);
  const problems: string[] = [];
  const read = (name: string | undefined): Tree => {
    if (name === undefined) return {};
    const parsed = parseFile(name);
    if ('tree' in parsed) return normalKeys(parsed.tree) as Tree;
    problems.push(...parsed.problems.map(formatProblem));
    return {};
  };
  const section = (tree: Tree, key: string, name: string | undefined): Record<string, Tree> => {
    const value = tree[key] ?? {};
    if (isRecord(value) && Object.values(value).every(isRecord)) return value as Record<string, Tree>;
    problems.push(`${name}: ${key} is no mapping of clouds, accepted: ${key}: {name: {auth: {…}}}`);
    return {};
  };
  const clouds = section(read(files.clouds), 'clouds', files.clouds);
  const secure = section(read(files.secure), 'clouds', files.secure);
  const profiles = section(read(files.profiles), 'public-clouds', files.profiles);
  if (problems.length > 0) return { problems };
  const merged = Object.entries(clouds).map(([name, cloud]) => [name, merge(cloud, secure[name] ?? {})]);
  return {
    file: files.clouds,
    clouds: Object.fromEntries(merged) as Record<string, Tree>,
    profiles,
    places: searchPath(place.env, place.folder).map((one) => join(one, 'clouds.yaml')),
  };
}

/** The folder of the process, that of the user, that of the machine. */
function searchPath(env: Environment, folder: string): string[] {
  const home = env['HOME'] || homedir();
  const config = env['XDG_CONFIG_HOME'] || join(home, '.config');
  return [...new Set([folder, join(config, 'openstack'), join(home, '.config', 'openstack'), SITE])];
}

function find(stem: string, named: string | undefined, folders: readonly string[]): string | undefined {
  if (named !== undefined && named !== '' && existsSync(named)) return resolve(named);
  const all = folders.flatMap((folder) => SUFFIXES.map((suffix) => join(folder, stem + suffix)));
  return all.find((file) => existsSync(file));
}

/** Keys of settings with `_` for `-`; names of clouds stay as they are. */
function normalKeys(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return value.map((one) => normalKeys(one, depth + 1));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      depth < 2 ? key : key.replaceAll('-', '_'),
      normalKeys(member, depth + 1),
    ]),
  );
}
