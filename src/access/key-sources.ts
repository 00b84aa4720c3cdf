/**
 * Keys that do not stand in the configuration file: in a folder, as an orchestrator mounts secrets, and in a variable of
 * the environment. Both are read whenever the configuration is, so that SIGHUP brings new keys and takes old ones away.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errorCode } from '../settings/parse.ts';
import type { Problem } from '../settings/problem.ts';
import { isClientName, parseClientKey } from './client-key.ts';
import { hashClientKey, parseKeyHash } from './key-hash.ts';
import { parseNotAfter } from './not-after.ts';
import type { AccessSettings, KeySettings } from './settings.ts';

/** A key from elsewhere, and whose it is. */
export interface SourcedKey {
  readonly client: string;
  readonly key: KeySettings;
}

/** What a source has, and what is wrong with it. */
export interface KeySource {
  readonly keys: readonly SourcedKey[];
  readonly problems: readonly Problem[];
}

/**
 * Reads both sources and gives every key to its client, as if it stood in the file.
 *
 * @param access of a configuration that is not frozen yet
 * @param folder what `keysDir` is seen from
 */
export function joinKeySources(
  { keysDir, keysVariable, clients }: AccessSettings,
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
): Problem[] {
  const names = clients.map(({ name }) => name);
  const sources = [
    ...(keysDir === null ? [] : [readKeysDirectory(keysDir, folder, names)]),
    ...(keysVariable === null ? [] : [readKeysVariable(keysVariable, env[keysVariable], names)]),
  ];
  const { keys, problems } = joined(sources);
  for (const { client, key } of keys) clients[names.indexOf(client)]!.keys.push(key);
  return [...problems];
}

/** Larger files are no keys. */
const LARGEST_FILE_BYTES = 64 * 1024;
const LINE = 'HASH [NAME [NOT-AFTER]]';

/**
 * The keys of a folder: a file is called as its client, and has a line per key. Names that begin with a dot are left out
 * (orchestrators keep their own links there), so are folders, blank lines and lines that begin with `#`.
 *
 * @param folder what `directory` is seen from
 * @param clients the names there are
 */
export function readKeysDirectory(directory: string, folder: string, clients: readonly string[]): KeySource {
  const path = ['access', 'keysDir'];
  const root = resolve(folder, directory);
  try {
    const files = readdirSync(root)
      .filter((name) => !name.startsWith('.') && !name.endsWith('~'))
      .filter((name) => statSync(join(root, name)).isFile())
      .sort();
    return joined(files.map((name) => readKeyFile(join(root, name), name, path, clients)));
  } catch (error) {
    return failed(
      path,
      `cannot be read (${errorCode(error)}), accepted: a folder of files called as their clients`,
    );
  }
}

function readKeyFile(file: string, client: string, path: string[], clients: readonly string[]): KeySource {
  if (!clients.includes(client)) return failed(path, unknownClient(`the file ${client}`, clients));
  if (statSync(file).size > LARGEST_FILE_BYTES)
    return failed(
      path,
      `has the file ${client}, which is too large for keys, accepted: a line per key, ${LINE}`,
    );
  const lines = readFileSync(file, 'utf8').split(/\r?\n/);
  return joined(
    lines.flatMap((line, index) =>
      isBlank(line) ? [] : [readKey(line, client, path, `line ${index + 1} of the file ${client}`)],
    ),
  );
}

/**
 * The keys of a variable: `CLIENT=HASH [NAME [NOT-AFTER]]`, separated by commas or line ends.
 *
 * @param text the variable's value; undefined: it is not set
 */
export function readKeysVariable(
  variable: string,
  text: string | undefined,
  clients: readonly string[],
): KeySource {
  const path = ['access', 'keysVariable'];
  if (text === undefined)
    return failed(path, `names the variable ${variable}, which is not set, accepted: one that is`);
  const entries = text.split(/[,\n]/).filter((entry) => !isBlank(entry));
  return joined(
    entries.map((entry, index) => {
      const where = `entry ${index + 1} of ${variable}`;
      const mark = entry.indexOf('=');
      const client = entry.slice(0, mark).trim();
      if (mark < 0) return failed(path, `has ${where}, which names no client, accepted: CLIENT=${LINE}`);
      if (!clients.includes(client)) return failed(path, unknownClient(where, clients));
      return readKey(entry.slice(mark + 1), client, path, where);
    }),
  );
}

function readKey(line: string, client: string, path: string[], where: string): KeySource {
  const [secret, name, notAfter, ...rest] = line.trim().split(/\s+/);
  if (rest.length > 0) return failed(path, `has more than it should in ${where}, accepted: ${LINE}`);
  const { kind } = parseClientKey(secret!);
  if (kind === 'mistyped')
    return failed(
      path,
      `has a client key in ${where} that was cut or mistyped, accepted: ${LINE}, or a client key`,
    );
  const hash = kind === 'key' ? hashClientKey(secret!) : secret!;
  if (!/^(?:sha256|scrypt):/.test(hash))
    return failed(path, `has no hash in ${where}, accepted: ${LINE}, or a client key`);
  const parsed = parseKeyHash(hash);
  if (parsed.kind === 'problem') return failed(path, `has a hash in ${where} that ${parsed.text}`);
  if (name !== undefined && !isClientName(name))
    return failed(path, `has a name in ${where} that no key can have, accepted: letters, digits, -, _ and .`);
  if (notAfter !== undefined && parseNotAfter(notAfter) === undefined)
    return failed(
      path,
      `has an end in ${where} that is no date with a time zone, accepted: 2026-12-31T12:00:00Z`,
    );
  const key = { hash, ...(name === undefined ? {} : { name }), notAfter: notAfter ?? null };
  return { keys: [{ client, key }], problems: [] };
}

const isBlank = (line: string): boolean => /^\s*(?:#|$)/.test(line);

/** Only the place is told: what stands there may be a secret. */
function unknownClient(where: string, clients: readonly string[]): string {
  return `has ${where}, which is called as no client, accepted: ${clients.join(', ') || 'none, since access.clients is empty'}`;
}

function failed(path: readonly string[], text: string): KeySource {
  return { keys: [], problems: [{ path, text }] };
}

function joined(sources: readonly KeySource[]): KeySource {
  return {
    keys: sources.flatMap(({ keys }) => keys),
    problems: sources.flatMap(({ problems }) => problems),
  };
}
