/**
 * Who may do what, as an operator writes it, and what that means: `expected` is what the documentation says, in a few lines
 * that share nothing with the code.
 */
import type { Tree } from '../../../src/settings/tree.ts';
import { type TestClient, testClient } from '../../support/clients.ts';
import { type Asked, BESIDE_THE_GUIDE } from './operations.ts';

/** Accounts by name, in the order of the configuration: their tenants and regions. */
export const ACCOUNTS = {
  main: { tenant: '700100', regions: ['DFW', 'ORD'] },
  other: { tenant: '700200', regions: ['DFW'] },
} as const satisfies Record<string, { tenant: string; regions: readonly string[] }>;
export type AccountName = keyof typeof ACCOUNTS;
export const NAMES = Object.keys(ACCOUNTS) as AccountName[];
export const REGIONS = ['DFW', 'ORD'] as const;
/** Every account with every region, those that it lacks as well. */
export const PLACES = NAMES.flatMap((account) => REGIONS.map((region) => ({ account, region })));
export type Place = (typeof PLACES)[number];
export type ServiceName = 'compute' | 'image' | 'network' | 'volume';

interface Grant {
  accounts?: AccountName[];
  regions?: string[];
  services?: ServiceName[];
  access?: 'read' | 'write';
  allow?: string[];
  deny?: string[];
}

/** One limit each, then several at once. */
const GRANTS: Record<string, Grant> = {
  everything: {},
  'main-only': { accounts: ['main'] },
  'other-only': { accounts: ['other'] },
  'dfw-only': { accounts: ['main'], regions: ['dfw'] },
  'ord-only': { regions: ['ORD'] },
  'image-only': { services: ['image'] },
  'compute-only': { services: ['compute'] },
  'wires-and-disks': { services: ['network', 'volume'], access: 'read' },
  reader: { access: 'read' },
  'no-deletes': { deny: ['delete*', 'reboot', '*Image'] },
  'no-actions': { deny: ['confirmResize', 'extensionAction', 're*'] },
  'lists-only': { allow: ['list*'] },
  'guide-only': { deny: ['other'] },
  'image-reader': { services: ['compute', 'image'], allow: ['list*', 'image.list*', 'image.get*'] },
  'network-writer': { allow: ['network.*'], deny: ['*.delete*'] },
  'beside-only': { allow: ['other'] },
  narrow: {
    accounts: ['main'],
    regions: ['DFW'],
    services: ['compute'],
    access: 'read',
    allow: ['list*', 'get*'],
    deny: ['*Metadata*'],
  },
};

/** Somebody who calls. */
export interface Caller {
  readonly name: string;
  /** Undefined: it has none, and is nobody. */
  readonly grant: Grant | undefined;
  /** Undefined: it has no key to show. */
  readonly client: TestClient | undefined;
}

export const CLIENTS: readonly (Caller & { grant: Grant; client: TestClient })[] = Object.entries(GRANTS).map(
  ([name, grant]) => ({ name, grant, client: testClient(name, grant as Tree) }),
);

/** Every client, and who is none. */
export const CALLERS: readonly Caller[] = [
  ...CLIENTS,
  { name: 'somebody with a key that is nobody’s', grant: undefined, client: testClient('everything') },
  { name: 'somebody without a key', grant: undefined, client: undefined },
];

/** What a caller's grant means for a request: 200, or how it is refused. */
export function expected(
  { grant }: Pick<Caller, 'grant'>,
  { name, method }: Pick<Asked, 'name' | 'method'>,
  { account, region }: Place,
  service: ServiceName,
): number {
  if (grant === undefined) return 401;
  const { accounts, regions, services, access, allow = ['*'], deny = [] } = grant;
  const isMeant = (glob: string) =>
    new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(name) ||
    (glob === 'other' && (BESIDE_THE_GUIDE.has(name) || name === 'extensionAction'));
  if (accounts !== undefined && !accounts.includes(account)) return 404;
  if (!exists({ account, region })) return 404;
  if (regions !== undefined && !regions.some((one) => one.toUpperCase() === region)) return 403;
  if (services !== undefined && !services.includes(service)) return 403;
  if (access === 'read' && method !== 'GET' && method !== 'HEAD') return 403;
  return allow.some(isMeant) && !deny.some(isMeant) ? 200 : 403;
}

/** Whether an account has a region. */
export const exists = ({ account, region }: Place): boolean =>
  (ACCOUNTS[account].regions as readonly string[]).includes(region);

/** The accounts that there are for a caller, in their order. */
export const accountsOf = ({ grant }: Pick<Caller, 'grant'>): readonly AccountName[] =>
  grant === undefined ? [] : (grant.accounts ?? NAMES);

/** The account that is meant where a request names none: the first of the caller's own that has the region. */
export function ownAccount(caller: Pick<Caller, 'grant'>, region: Place['region']): AccountName {
  const own = caller.grant === undefined ? NAMES : accountsOf(caller);
  return own.find((account) => exists({ account, region })) ?? own[0]!;
}
