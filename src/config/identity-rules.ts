/** Checks what the schema cannot say of how accounts log in: which settings belong together, and to which version. */
import { locateIdentity, needsV3 } from '../identity/settings.ts';
import type { IsSound } from '../settings/is-sound.ts';
import type { Problem } from '../settings/problem.ts';
import { repeated } from '../settings/repeated.ts';
import { type AccountIdentity, writtenIdentities } from './identities.ts';
import type { AccountConfig, Config } from './schema.ts';

/** What `identity.url` says for the simulator that runs in the same process, wherever that listens. */
export const IN_PROCESS = 'simulator';

/** The ways an account logs in. */
export function checkIdentities(
  config: Config,
  account: AccountConfig,
  index: number,
  isSound: IsSound,
): Problem[] {
  const all = identitiesAt(account, index);
  const names = all.map(([{ region }, path]) => (isSound([...path, 'region']) ? region : undefined));
  return [
    ...all.flatMap(([identity, path]) => [
      ...checkIdentityUrl(config, identity, path, isSound),
      ...(isSound([...path, '**']) ? checkCredentials(identity, path) : []),
    ]),
    // Each region has one identity service: what another would give there could not be told apart.
    ...repeated(names, (position) => [...all[position]![1], 'region']),
  ];
}

/** The identities of an account that the schema had nothing against, with their paths. */
const identitiesAt = ({ identity }: AccountConfig, index: number) =>
  writtenIdentities(identity, ['accounts', String(index), 'identity']) as [AccountIdentity, string[]][];

function checkIdentityUrl(
  { simulator }: Config,
  identity: AccountIdentity,
  at: readonly string[],
  isSound: IsSound,
): Problem[] {
  const path = [...at, 'url'];
  if (!isSound(path.join('.')) || isIdentityUrl(identity.url)) return [];
  if (identity.url !== IN_PROCESS) {
    const accepted = `us, uk, an http(s) URL that ends in /v2.0, in /v3 or without a version, or ${IN_PROCESS}`;
    return [{ path, text: `is no identity service, accepted: ${accepted}` }];
  }
  if (!isSound('simulator.enabled') || simulator.enabled) return [];
  return [
    { path, text: `is ${IN_PROCESS}, which this process does not run, accepted: simulator.enabled: true` },
  ];
}

function isIdentityUrl(text: string): boolean {
  try {
    return locateIdentity(text) !== undefined;
  } catch {
    return false;
  }
}

const secretKeys = ['apiKey', 'apiKeyFile', 'password', 'passwordFile'] as const;

function checkCredentials(identity: AccountIdentity, path: readonly string[]): Problem[] {
  const problems =
    identity.applicationCredential === undefined
      ? [...checkUser(identity, path), ...checkSecret(identity, path, secretKeys)]
      : checkApplication(identity, path);
  return [...problems, ...checkProject(identity, path), ...checkVersion(identity, path)];
}

/** Exactly one of some settings. */
function checkSecret<K extends string>(
  settings: Partial<Record<K, unknown>>,
  path: readonly string[],
  keys: readonly K[],
): Problem[] {
  const found = keys.filter((key) => settings[key] !== undefined);
  if (found.length === 1) return [];
  const wrong = found.length === 0 ? 'has no secret' : `has ${found.join(' and ')}`;
  return [{ path, text: `${wrong}, accepted: exactly one of ${keys.join(', ')}` }];
}

/** One of two ways to name a thing. */
function checkName<K extends string>(
  settings: Partial<Record<K, unknown>> | undefined,
  path: readonly string[],
  keys: readonly [K, K],
): Problem[] {
  if (settings === undefined) return [];
  const found = keys.filter((key) => settings[key] !== undefined);
  if (found.length === 1) return [];
  const wrong = found.length === 0 ? 'is not named' : `has ${found.join(' and ')}`;
  return [{ path, text: `${wrong}, accepted: exactly one of ${keys.join(', ')}` }];
}

function checkUser(identity: AccountIdentity, path: readonly string[]): Problem[] {
  const { username, userId, userDomain } = identity;
  if (username === undefined && userId === undefined)
    return [{ path: [...path, 'username'], text: 'is missing, accepted: text (or userId, for Identity v3)' }];
  return [
    ...checkName(identity, path, ['username', 'userId']),
    ...(userDomain !== undefined && username === undefined
      ? [
          {
            path: [...path, 'userDomain'],
            text: 'is the domain of no username, accepted: beside username alone',
          },
        ]
      : []),
    ...checkName(userDomain, [...path, 'userDomain'], ['name', 'id']),
  ];
}

/** By its id it needs nothing beside it; by its name the user that it is of. It has its project. */
function checkApplication(identity: AccountIdentity, path: readonly string[]): Problem[] {
  const { applicationCredential: application = {}, username, userId, userDomain, project } = identity;
  const at = [...path, 'applicationCredential'];
  const others = secretKeys.filter((key) => identity[key] !== undefined);
  const isById = application.id !== undefined;
  const user = { username, userId, userDomain };
  const names = (Object.keys(user) as (keyof typeof user)[]).filter((key) => user[key] !== undefined);
  return [
    ...others.map((key) => ({
      path: [...path, key],
      text: 'stands beside applicationCredential, accepted: one of them',
    })),
    ...checkName(application, at, ['id', 'name']),
    ...checkSecret(application, at, ['secret', 'secretFile']),
    ...(project === undefined
      ? []
      : [
          {
            path: [...path, 'project'],
            text: 'stands beside applicationCredential, which has a project of its own, accepted: none',
          },
        ]),
    ...(isById
      ? names.map((key) => ({
          path: [...path, key],
          text: 'stands beside applicationCredential.id, which is of one user, accepted: none',
        }))
      : checkUser(identity, path)),
  ];
}

function checkProject({ project }: AccountIdentity, path: readonly string[]): Problem[] {
  if (project === undefined) return [];
  const at = [...path, 'project'];
  const hasStray = project.domain !== undefined && project.name === undefined;
  return [
    ...checkName(project, at, ['name', 'id']),
    ...checkName(project.domain, [...at, 'domain'], ['name', 'id']),
    ...(hasStray
      ? [{ path: [...at, 'domain'], text: 'is the domain of no name, accepted: beside project.name alone' }]
      : []),
  ];
}

/** Settings that only Identity v3 has words for, where the URL is that of v2.0. */
function checkVersion(identity: AccountIdentity, path: readonly string[]): Problem[] {
  if (!needsV3(identity) || !isIdentityUrl(identity.url)) return [];
  if (locateIdentity(identity.url).version !== 'v2.0') return [];
  const { project } = identity;
  const keys = (['userId', 'userDomain', 'applicationCredential'] as const).filter(
    (key) => identity[key] !== undefined,
  );
  const at = [...keys.map((key) => [key]), ...(project?.domain === undefined ? [] : [['project', 'domain']])];
  return at.map((key) => ({
    path: [...path, ...key],
    text: 'is a setting of Identity v3, accepted: with a url that ends in /v3 or names no version',
  }));
}
