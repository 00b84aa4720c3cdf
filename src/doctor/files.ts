/** Files that the configuration names, and who may read or write them. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { writtenIdentities } from '../config/identities.ts';
import { type Environment, withoutReferences } from '../settings/interpolate.ts';
import { errorCode } from '../settings/parse.ts';
import { isRecord, type Tree } from '../settings/tree.ts';
import { cloudFiles, withClouds } from './cloud-files.ts';
import { about, type Finding } from './finding.ts';

/** What a file is for: what is in it stays secret, may be known, or is written by Sluice. */
type Use = 'secret' | 'public' | 'folder of secrets' | 'written';

/** A file that a setting names. */
export interface NamedFile {
  readonly setting: string;
  readonly file: string;
  readonly use: Use;
}

/** What the system says of it. */
export interface FileState {
  /** Why it cannot be read, or written where it is to be; undefined: it can. */
  readonly problem: string | undefined;
  /** Permission bits; undefined where there is no such file. */
  readonly mode: number | undefined;
}

/**
 * The files of a configuration as it is written, itself the first, and those of its clouds.
 *
 * @param source the tree before variables were put in: what stands in the file itself
 */
export function namedFiles(tree: Tree, source: Tree, configFile: string, env: Environment): NamedFile[] {
  const folder = dirname(resolve(configFile));
  const itself: NamedFile = {
    setting: 'configuration',
    file: resolve(configFile),
    use: holdsSecrets(source) ? 'secret' : 'public',
  };
  const clouds = cloudFiles(tree, env, folder).map(({ setting, file, isSecret }): NamedFile => {
    return { setting, file, use: isSecret ? 'secret' : 'public' };
  });
  const all = [itself, ...clouds, ...named(withClouds(tree, env, folder))];
  return all.map((one) => ({ ...one, file: resolve(folder, one.file) }));
}

function named(tree: Tree): NamedFile[] {
  const file = (value: unknown, setting: string, use: Use): NamedFile[] =>
    typeof value === 'string' && value !== '' ? [{ setting, file: value, use }] : [];
  const at = (part: string, key: string) => (isRecord(tree[part]) ? (tree[part] as Tree)[key] : undefined);
  const ring = (part: string, key: string) =>
    listOf(at(part, key)).flatMap((one, index) =>
      isRecord(one) ? file(one['file'], `${part}.${key}.${index}.file`, 'secret') : [],
    );
  const identities = listOf(tree['accounts']).flatMap((account, index) =>
    writtenIdentities(isRecord(account) ? account['identity'] : undefined, [
      `accounts.${index}.identity`,
    ]).flatMap(([identity, path]) =>
      isRecord(identity)
        ? [
            ...['apiKeyFile', 'passwordFile', 'keyFile'].map((key) => [key, 'secret'] as const),
            ['caFile', 'public'] as const,
            // Without a file of its own the key is in it.
            ['certFile', identity['keyFile'] === undefined ? 'secret' : 'public'] as const,
          ]
            .flatMap(([key, use]) => file(identity[key], [...path, key].join('.'), use))
            .concat(
              file(
                credentialOf(identity)['secretFile'],
                [...path, CREDENTIAL, 'secretFile'].join('.'),
                'secret',
              ),
            )
        : [],
    ),
  );
  const listeners = [tree['listen'], ...listOf(tree['moreListeners'])].flatMap((listener, index, all) => {
    const tls = isRecord(listener) ? listener['tls'] : undefined;
    if (!isRecord(tls)) return [];
    const path = all.length > 1 ? `listen.${index}.tls` : 'listen.tls';
    return [
      ...file(tls['certFile'], `${path}.certFile`, 'public'),
      ...file(tls['keyFile'], `${path}.keyFile`, 'secret'),
      ...file(tls['clientCaFile'], `${path}.clientCaFile`, 'public'),
    ];
  });
  return [
    ...identities,
    ...listeners,
    ...ring('access', 'tokenKeys'),
    ...ring('redis', 'signingKeys'),
    ...file(at('access', 'keysDir'), 'access.keysDir', 'folder of secrets'),
    ...file(at('audit', 'file'), 'audit.file', 'written'),
    ...file(at('idempotency', 'file'), 'idempotency.file', 'written'),
    ...file(at('limits', 'ledger'), 'limits.ledger', 'written'),
  ];
}

const CREDENTIAL = 'applicationCredential';

const credentialOf = (identity: Tree): Tree =>
  isRecord(identity[CREDENTIAL]) ? (identity[CREDENTIAL] as Tree) : {};

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Whether secrets stand in the tree themselves, not in files or variables of their own. */
function holdsSecrets(tree: Tree): boolean {
  const text = (value: unknown) => typeof value === 'string' && withoutReferences(value) !== '';
  const at = (part: string, key: string) => (isRecord(tree[part]) ? (tree[part] as Tree)[key] : undefined);
  const identities = listOf(tree['accounts']).flatMap((account) =>
    writtenIdentities(isRecord(account) ? account['identity'] : undefined, []).map(([identity]) => identity),
  );
  return (
    identities.some(
      (identity) =>
        isRecord(identity) &&
        [identity['apiKey'], identity['password'], credentialOf(identity)['secret']].some(text),
    ) ||
    [...listOf(at('access', 'tokenKeys')), ...listOf(at('redis', 'signingKeys'))].some(text) ||
    text(at('admin', 'token')) ||
    hasPassword(withoutReferences(String(at('redis', 'url'))))
  );
}

const hasPassword = (url: string): boolean => URL.canParse(url) && new URL(url).password !== '';

/** Asks the system about a file. */
export function stateOf({ file, use }: NamedFile): FileState {
  const mode = modeOf(file);
  try {
    if (use !== 'written')
      accessSync(file, constants.R_OK | (use === 'folder of secrets' ? constants.X_OK : 0));
    else if (mode !== undefined) accessSync(file, constants.W_OK);
    else accessSync(dirname(file), constants.W_OK | constants.X_OK);
    return { problem: undefined, mode };
  } catch (error) {
    return { problem: errorCode(error), mode };
  }
}

function modeOf(file: string): number | undefined {
  try {
    return statSync(file).mode & 0o777;
  } catch {
    return undefined;
  }
}

/** What the state of a file means. Pure. */
export function judgeFile({ setting, file, use }: NamedFile, { problem, mode }: FileState): Finding {
  const at = about('files', setting);
  if (problem !== undefined) {
    const verb = use === 'written' ? 'written' : 'read';
    return at.fault(
      `${file} cannot be ${verb} by this user (${problem})`,
      use === 'written'
        ? 'make its folder, and give both to the user that Sluice runs as'
        : 'put it there, readable for the user that Sluice runs as',
    );
  }
  const isSecret = use === 'secret' || use === 'folder of secrets';
  if (isSecret && mode !== undefined && (mode & 0o007) !== 0)
    return at.warning(
      `${file} holds secrets and every user of this machine may use it (mode ${mode.toString(8).padStart(4, '0')})`,
      `chmod ${use === 'secret' ? '600' : '700'} it (a Secret of Kubernetes: defaultMode: 0440)`,
    );
  return at.ok(
    `${file} can be ${use === 'written' ? 'written' : 'read'}${isSecret ? ', and not by everybody' : ''}`,
  );
}
