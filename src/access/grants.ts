/**
 * What a client may do, as data, and the one decision about it. Pure: who the client is was found out before, and what is
 * decided here holds for every way in, because every way in asks here, before cache and limits.
 */
import { canonicalServiceType, isComputeType } from '../identity/service-types.ts';
import { SERVICE_OPERATIONS } from '../operations/services.ts';
import { OPERATIONS } from '../operations/table.ts';
import { matchesGlob } from './glob.ts';
import type { ClientSettings } from './settings.ts';

/** What a path that is no operation of the guide is called, in metrics and in grants. */
export const OTHER_OPERATION = 'other';

/** The service of every path that names no other. */
export const COMPUTE_SERVICE = 'compute';

const GUIDE_NAMES = OPERATIONS.map(({ name }) => name);
const BESIDE_NAMES = SERVICE_OPERATIONS.map(({ name }) => name);
/** What is no operation of the guide and has a name all the same: `other` where it is allowed or denied means these, too. */
const NAMED_OTHERS: ReadonlySet<string> = new Set([
  ...BESIDE_NAMES,
  ...OPERATIONS.filter(({ action }) => action === '*').map(({ name }) => name),
]);

/** Every name that `allow` and `deny` can mean: the operations table, actions included, and `other`. */
export const OPERATION_NAMES: readonly string[] = [...GUIDE_NAMES, ...BESIDE_NAMES, OTHER_OPERATION];

/** What a client may do; null: whatever there is. */
export interface Grant {
  /** Names of accounts. */
  readonly accounts: ReadonlySet<string> | null;
  /** Upper case. */
  readonly regions: ReadonlySet<string> | null;
  /** Service types as `serviceFamily` has them. */
  readonly services: ReadonlySet<string> | null;
  readonly canWrite: boolean;
  /** Names of operations, out of `OPERATION_NAMES`. */
  readonly operations: ReadonlySet<string>;
}

/** What a request is about, as far as it is known when it is asked. */
export interface AccessFacts {
  readonly account: string;
  /** In any case; undefined: it has none yet, or is about none. */
  readonly region?: string | undefined;
  /** Type of the service: `compute`, or as the catalog spells it. */
  readonly service: string;
  /** Name out of the table, or `other`; undefined: a body that is not read yet decides (actions). */
  readonly operation?: string | undefined;
  readonly method: string;
}

/** What stands in the way. */
export interface Denial {
  /** 404: the account answers as one that is not there, and the caller's text must be the same. */
  readonly status: 403 | 404;
  readonly lacks: 'account' | 'region' | 'service' | 'write' | 'operation';
  /** A sentence for the caller, which says what the grant lacks; for an account nothing may be said. */
  readonly message: string;
}

/** A grant of everything: whoever calls an open listener, or with an upstream token of its own, has what that has. */
export const FULL_GRANT: Grant = {
  accounts: null,
  regions: null,
  services: null,
  canWrite: true,
  operations: new Set(OPERATION_NAMES),
};

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a method only reads. */
export function isRead(method: string): boolean {
  return READS.has(method);
}

/** Puts the settings of a client into the form that is asked: globs are spelled out over the operations table. */
export function compileGrant(
  settings: Pick<ClientSettings, 'accounts' | 'regions' | 'services' | 'access' | 'allow' | 'deny'>,
): Grant {
  const { accounts, regions, services, access, allow, deny } = settings;
  const isMeant = (patterns: readonly string[], name: string) =>
    patterns.some((pattern) => matchesGlob(pattern, name)) ||
    (NAMED_OTHERS.has(name) && patterns.includes(OTHER_OPERATION));
  return {
    accounts: accounts && new Set(accounts),
    regions: regions && new Set(regions.map((name) => name.toUpperCase())),
    services: services && new Set(services.map(serviceFamily)),
    canWrite: access === 'write',
    operations: new Set(OPERATION_NAMES.filter((name) => isMeant(allow, name) && !isMeant(deny, name))),
  };
}

/**
 * One word for the types of one service: catalogs list its versions as services of their own (`volumev2`, `volumev3`), and
 * Block Storage under two names. What a grant says of one holds for all: they lead to the same resources.
 */
export function serviceFamily(type: string): string {
  if (isComputeType(type)) return COMPUTE_SERVICE;
  const meant = canonicalServiceType(type);
  return meant === 'block-storage' || meant === 'block-store' ? 'volume' : meant;
}

/** Whether an account is there at all for whoever has this grant. */
export function seesAccount({ accounts }: Grant, account: string): boolean {
  return accounts === null || accounts.has(account);
}

/** Whether a region of a granted account may be used. */
export function seesRegion({ regions }: Grant, region: string): boolean {
  return regions === null || regions.has(region) || regions.has(region.toUpperCase());
}

/** Whether a service may be used; for the catalog that the façade tells. */
export function seesService({ services }: Grant, type: string): boolean {
  return services === null || services.has(type) || services.has(serviceFamily(type));
}

/**
 * Whether a request may go on. Undefined: it may.
 *
 * @param facts a request whose operation is not known yet is asked about again when it is
 */
export function decideAccess(grant: Grant, facts: AccessFacts): Denial | undefined {
  const { account, region, service, operation, method } = facts;
  if (!seesAccount(grant, account)) return deny('account', facts, grant);
  if (region !== undefined && !seesRegion(grant, region)) return deny('region', facts, grant);
  if (!seesService(grant, service)) return deny('service', facts, grant);
  if (!grant.canWrite && !isRead(method)) return deny('write', facts, grant);
  if (operation !== undefined && !grant.operations.has(operation)) return deny('operation', facts, grant);
  return undefined;
}

const MESSAGES: Readonly<Record<Denial['lacks'], (facts: AccessFacts, grant: Grant) => string>> = {
  account: () => '',
  region: ({ region = '' }, { regions }) =>
    `This client has no grant for region ${region.toUpperCase()}; it has one for ${list(regions)}.`,
  service: ({ service }, { services }) =>
    `This client has no grant for the service ${service}; it has one for ${list(services)}.`,
  write: ({ method }) => `This client has a grant to read only, and ${method} writes.`,
  operation: ({ operation }) =>
    operation === OTHER_OPERATION
      ? `This client has no grant for what is no operation of the guide (\`${OTHER_OPERATION}\`).`
      : `This client has no grant for the operation ${operation}.`,
};

function deny(lacks: Denial['lacks'], facts: AccessFacts, grant: Grant): Denial {
  return { status: lacks === 'account' ? 404 : 403, lacks, message: MESSAGES[lacks](facts, grant) };
}

const list = (names: ReadonlySet<string> | null): string => [...(names ?? [])].join(', ') || 'none';
