import { createHash } from 'node:crypto';
import type { UserSettings } from '../config.ts';

/** Somebody who may log in. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly domain: Domain;
  /** The tenant of v2.0, and what a v3 login is for that names no other project. */
  readonly tenant: Tenant;
  /** All it may log in to, `tenant` first. */
  readonly projects: readonly Tenant[];
  /** Whether a v3 login without a scope is one to `tenant`. */
  readonly hasDefaultProject: boolean;
  readonly defaultRegion: string;
  readonly roles: UserSettings['roles'];
}

/** An account (v2.0: tenant, v3: project). */
export interface Tenant {
  readonly id: string;
  readonly name: string;
}

/** Where names of users and projects are unique (v3). */
export interface Domain {
  readonly id: string;
  readonly name: string;
}

/** The domain a cloud has from its first day. */
export const DEFAULT_DOMAIN: Domain = { id: 'default', name: 'Default' };

/** An application credential: who it acts as, and the one project it is for. */
export interface ApplicationCredential {
  readonly id: string;
  readonly name: string;
  readonly project: Tenant;
}

/** Names are names in a domain; undefined: in any (v2.0 knows none). */
type DomainRef = { readonly id?: string | undefined; readonly name?: string | undefined } | undefined;

/** How a user proves who it is. */
export type Credentials =
  | { kind: 'apiKey'; username: string; apiKey: string }
  | { kind: 'password'; username: string; domain?: DomainRef; password: string }
  /** v3 may name the user by id. */
  | { kind: 'passwordOfId'; userId: string; password: string }
  | { kind: 'applicationCredential'; id: string; secret: string }
  | {
      kind: 'namedCredential';
      /** By name and domain, or by id. */
      user: { readonly id: string } | { readonly username: string; readonly domain?: DomainRef };
      name: string;
      secret: string;
    };

/** Somebody whose credentials are right. */
export interface Proven {
  readonly user: User;
  /** What it came with, where that was one. */
  readonly credential?: ApplicationCredential;
}

/** The users there are. */
export interface Users {
  /** @returns undefined when nobody has these credentials */
  authenticate(credentials: Credentials): Proven | undefined;
  /** Users of that name, in whatever domain. */
  named(name: string): User | undefined;
  /** The first who may log in to the project of that id. */
  holding(projectId: string): User | undefined;
}

/** @param regions as the catalog spells them; the first is the default of users that configure none */
export function createUsers(
  settings: readonly UserSettings[],
  regions: readonly string[],
  dialect: 'guide' | 'openstack' = 'guide',
): Users {
  const entries = settings.map((configured) => ({ configured, user: userOf(configured, regions, dialect) }));
  return {
    authenticate(credentials) {
      for (const { configured, user } of entries) {
        const proven = prove(credentials, configured, user);
        if (proven) return proven;
      }
      return undefined;
    },
    named: (name) => entries.find(({ user }) => user.name === name)?.user,
    holding: (projectId) =>
      entries.find(({ user }) => user.projects.some(({ id }) => id === projectId))?.user,
  };
}

function userOf(configured: UserSettings, regions: readonly string[], dialect: string): User {
  const wanted = configured.defaultRegion?.toUpperCase();
  const known = regions.find((name) => name.toUpperCase() === wanted);
  const tenant = { id: configured.tenant, name: configured.tenantName ?? configured.tenant };
  const others = configured.projects.map(({ id, name }) => ({ id, name: name ?? id }));
  const generated = dialect === 'guide' ? userId : hexId;
  return {
    id: configured.id ?? generated(configured.username),
    name: configured.username,
    domain: domainNamed(configured.domain),
    tenant,
    projects: [tenant, ...others],
    hasDefaultProject: configured.defaultProject,
    defaultRegion: known ?? wanted ?? regions[0]!,
    roles: configured.roles,
  };
}

/** The first domain has a speaking id, the others have numbers like everything else of Keystone's. */
export const domainNamed = (name: string): Domain =>
  name === DEFAULT_DOMAIN.name ? DEFAULT_DOMAIN : { id: hexId(`domain ${name}`), name };

/** A number that stays the same for a name, six digits like the user ids of the guide's answers. */
function userId(name: string): string {
  return String(100_000 + (createHash('sha256').update(name).digest().readUInt32BE(0) % 900_000));
}

/** 32 hex digits that stay the same for a name, as Keystone's ids look. */
export const hexId = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 32);

/** Whether a user named with that domain is the one. */
function isNamed(user: User, username: string, domain: DomainRef): boolean {
  if (username !== user.name) return false;
  return (
    (domain?.id ?? user.domain.id) === user.domain.id &&
    (domain?.name ?? user.domain.name) === user.domain.name
  );
}

function prove(credentials: Credentials, configured: UserSettings, user: User): Proven | undefined {
  switch (credentials.kind) {
    case 'apiKey':
      return credentials.username === user.name && credentials.apiKey === configured.apiKey
        ? { user }
        : undefined;
    case 'password':
      return isNamed(user, credentials.username, credentials.domain) &&
        isPassword(credentials.password, configured)
        ? { user }
        : undefined;
    case 'passwordOfId':
      return credentials.userId === user.id && isPassword(credentials.password, configured)
        ? { user }
        : undefined;
    case 'applicationCredential':
      return withCredential(
        configured,
        user,
        ({ id, secret }) => id === credentials.id && secret === credentials.secret,
      );
    case 'namedCredential': {
      const { user: wanted, name: wantedName, secret: wantedSecret } = credentials;
      const isUser = 'id' in wanted ? wanted.id === user.id : isNamed(user, wanted.username, wanted.domain);
      if (!isUser) return undefined;
      return withCredential(
        configured,
        user,
        ({ name, secret }) => name === wantedName && secret === wantedSecret,
      );
    }
  }
}

/** Rackspace's clouds of today take the API key where OpenStack has the password. */
const isPassword = (password: string, { password: own, apiKey }: UserSettings): boolean =>
  password === own || password === apiKey;

function withCredential(
  { applicationCredentials }: UserSettings,
  user: User,
  isIt: (credential: UserSettings['applicationCredentials'][number]) => boolean,
): Proven | undefined {
  const found = applicationCredentials.find(isIt);
  if (!found) return undefined;
  const project = user.projects.find(({ id }) => id === found.project) ?? user.tenant;
  return { user, credential: { id: found.id, name: found.name, project } };
}
