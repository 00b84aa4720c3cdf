import type { AccountConfig, IdentityConfig } from './schema.ts';

/** One way an account logs in; `region` where the account has one for each of its regions. */
export type AccountIdentity = IdentityConfig & { readonly region?: string };

/** The ways an account logs in, one or one a region. */
export function identitiesOf({ identity }: Pick<AccountConfig, 'identity'>): readonly AccountIdentity[] {
  return Array.isArray(identity) ? identity : [identity as AccountIdentity];
}

/** An account's identities in a tree that has not been checked yet, each with its path. */
export function writtenIdentities(
  identity: unknown,
  path: readonly string[],
): [identity: unknown, path: string[]][] {
  if (!Array.isArray(identity)) return [[identity, [...path]]];
  return identity.map((one: unknown, index) => [one, [...path, String(index)]]);
}
