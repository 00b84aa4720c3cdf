import { createHash } from 'node:crypto';
import type { UserSettings } from '../config.ts';

/** Somebody who may log in. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly tenant: Tenant;
  readonly defaultRegion: string;
  readonly roles: UserSettings['roles'];
}

/** An account (v2.0: tenant, v3: project). */
export interface Tenant {
  readonly id: string;
  readonly name: string;
}

/** How a user proves who it is. */
export type Credentials =
  | { kind: 'apiKey'; username: string; apiKey: string }
  | { kind: 'password'; username: string; password: string }
  /** v3 may name the user by id. */
  | { kind: 'passwordOfId'; userId: string; password: string }
  | { kind: 'applicationCredential'; id: string; secret: string }
  | { kind: 'namedCredential'; username: string; name: string; secret: string };

/** The users there are. */
export interface Users {
  /** @returns undefined when nobody has these credentials */
  authenticate(credentials: Credentials): User | undefined;
  named(name: string): User | undefined;
}

/** @param regions as the catalog spells them; the first is the default of users that configure none */
export function createUsers(settings: readonly UserSettings[], regions: readonly string[]): Users {
  const entries = settings.map((configured) => ({ configured, user: userOf(configured, regions) }));
  return {
    authenticate: (credentials) =>
      entries.find(({ configured, user }) => isProof(credentials, configured, user))?.user,
    named: (name) => entries.find(({ user }) => user.name === name)?.user,
  };
}

function userOf(configured: UserSettings, regions: readonly string[]): User {
  const wanted = configured.defaultRegion?.toUpperCase();
  const known = regions.find((name) => name.toUpperCase() === wanted);
  return {
    id: configured.id ?? userId(configured.username),
    name: configured.username,
    tenant: { id: configured.tenant, name: configured.tenantName ?? configured.tenant },
    defaultRegion: known ?? wanted ?? regions[0]!,
    roles: configured.roles,
  };
}

/** A number that stays the same for a name, six digits like the user ids of the guide's answers. */
function userId(name: string): string {
  return String(100_000 + (createHash('sha256').update(name).digest().readUInt32BE(0) % 900_000));
}

function isProof(credentials: Credentials, configured: UserSettings, user: User): boolean {
  switch (credentials.kind) {
    case 'apiKey':
      return credentials.username === user.name && credentials.apiKey === configured.apiKey;
    case 'password':
      return credentials.username === user.name && credentials.password === configured.password;
    case 'passwordOfId':
      return credentials.userId === user.id && credentials.password === configured.password;
    case 'applicationCredential':
      return configured.applicationCredentials.some(
        ({ id, secret }) => id === credentials.id && secret === credentials.secret,
      );
    case 'namedCredential':
      return (
        credentials.username === user.name &&
        configured.applicationCredentials.some(
          ({ name, secret }) => name === credentials.name && secret === credentials.secret,
        )
      );
  }
}
