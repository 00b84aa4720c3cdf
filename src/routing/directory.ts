import { Fault } from '../faults/faults.ts';
import type { Endpoint } from '../identity/catalog.ts';
import type { ServiceTable } from '../identity/service-endpoints.ts';
import type { Token } from '../identity/token.ts';

/** One upstream account as routing sees it; `identity/` keeps the token behind it fresh. */
export interface Account {
  readonly name: string;
  /** Whose limits it spends, where that is not the user that the account of this name logs in as. */
  readonly spender?: string | undefined;
  /** What its cached answers stand under, where that is not its name. */
  readonly cacheAs?: string | undefined;
  /** The account's current token, or the first of them; undefined while there is none. */
  token(): Token | undefined;
  /** Whether a tenant is the account's, in any of its regions. */
  owns(tenant: string): boolean;
  /** The tenants it is known to own. */
  tenants(): string[];
  /** Whether it is known what a region has, or what all have: there has been a token for it. */
  isKnown(region?: string): boolean;
  /** Regions whose own identity service has given no token yet: nothing of them is among `endpoints`. */
  unknownRegions(): string[];
  /** Waits for a token, of a region where one is named; rejects with a 503 fault when there is none to be had. */
  ready(signal?: AbortSignal, region?: string): Promise<Token>;
  /** The token of each of its identity services, as it comes. */
  arrivals(signal?: AbortSignal): Promise<Token>[];
  /** Compute endpoints by upper-case region name, from the catalog of the current token. */
  endpoints(): ReadonlyMap<string, Endpoint>;
  /** The other services of that catalog, by type and region. */
  services(): ServiceTable;
  /** The region used when a request names none, upper case; one of the tenant's where tenants differ by region. */
  defaultRegion(tenant?: string): string | undefined;
}

/** Where a request goes: an account and one of its regions. */
export interface Place {
  account: Account;
  endpoint: Endpoint;
}

/** What a request says about its region: the path first, then `X-Region`, then the Host's first labels. */
export interface RegionHints {
  path: string | undefined;
  header: string | undefined;
  host: string | undefined;
}

/** Nobody who asks owns an account of that tenant. */
export class UnknownTenant extends Fault {}

/**
 * Finds the account that owns a tenant and the endpoint of a region; faults list what there is. Each caller has one of the
 * accounts that are there for it: others take no part in anything it does, not even in the time it waits.
 */
export class Directory {
  readonly #accounts: readonly Account[];

  constructor(accounts: readonly Account[]) {
    this.#accounts = accounts;
  }

  get accounts(): readonly Account[] {
    return this.#accounts;
  }

  /**
   * The place of a request, at once when the tokens it takes are there: the hot path.
   * Undefined: a token is missing, see `wait`.
   *
   * @param tenant undefined where none is named: the first account that has the region
   * @throws {Fault} 404 for a tenant or a region that does not exist
   */
  find(tenant: string | undefined, hints: RegionHints): Place | undefined {
    const account = tenant === undefined ? this.#firstWith(hints) : this.owner(tenant);
    const endpoint = account && endpointOf(account, tenant, hints);
    return endpoint && { account: account!, endpoint };
  }

  /** Like `find`, but waits for accounts that have no token yet. Rejects with 503 while identity is down. */
  async wait(tenant: string | undefined, hints: RegionHints, signal?: AbortSignal): Promise<Place> {
    const account = await (tenant === undefined
      ? this.#waitForFirstWith(hints, signal)
      : this.waitForOwner(tenant, signal));
    const endpoint = endpointOf(account, tenant, hints);
    if (endpoint !== undefined) return { account, endpoint };
    const region = unknownIn(account, hints);
    await account.ready(signal, region);
    return {
      account,
      endpoint: endpointOf(account, tenant, hints) ?? unknownRegion(region ?? '', account.endpoints()),
    };
  }

  /** The account that owns a tenant, or of none named the first; undefined: a token is missing, call `waitForOwner`. */
  owner(tenant: string | undefined): Account | undefined {
    if (tenant === undefined) return this.#firstWith(ANYWHERE);
    for (const account of this.#accounts) if (account.owns(tenant)) return account;
    if (this.#accounts.some((account) => !account.isKnown())) return undefined;
    throw this.#unknownTenant(tenant);
  }

  /** Like `owner`, but waits for accounts that have no token yet. Rejects with 503 while identity is down. */
  async waitForOwner(tenant: string | undefined, signal?: AbortSignal): Promise<Account> {
    if (tenant === undefined) return this.#waitForFirstWith(ANYWHERE, signal);
    const arrivals = this.#accounts.flatMap((account) => account.arrivals(signal));
    const owner = () => this.#accounts.find((account) => account.owns(tenant));
    const found = await firstFound(arrivals, owner);
    if (found !== undefined) return found;
    const failed = (await Promise.allSettled(arrivals)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    throw this.#unknownTenant(tenant);
  }

  /** The first account that has the region, or the first of all, whose fault is told; undefined: a token is missing. */
  #firstWith(hints: RegionHints): Account | undefined {
    const region = hints.path ?? hints.header;
    for (const account of this.#accounts) {
      if (!isThere(account, region)) return undefined;
      if (hasRegion(account, region)) return account;
    }
    return this.#accounts[0];
  }

  async #waitForFirstWith(hints: RegionHints, signal?: AbortSignal): Promise<Account> {
    const region = hints.path ?? hints.header;
    for (const account of this.#accounts) {
      if (!isThere(account, region)) await account.ready(signal, region).catch(() => undefined);
      if (account.token() && hasRegion(account, region)) return account;
    }
    const first = this.#accounts[0]!;
    await first.ready(signal, region);
    return first;
  }

  #unknownTenant(tenant: string): Fault {
    const tenants = this.#accounts.flatMap((account) => account.tenants());
    const owned = tenants.length === 0 ? 'No tenant is known here' : `Tenants here: ${tenants.join(', ')}`;
    return new UnknownTenant(
      'itemNotFound',
      `No account of this gateway owns tenant "${clip(tenant)}". ${owned}.`,
    );
  }
}

const ANYWHERE: RegionHints = { path: undefined, header: undefined, host: undefined };

/** Whether enough is known of an account to say if it has a region, or any. */
const isThere = (account: Account, region: string | undefined): boolean =>
  region === undefined ? account.token() !== undefined : account.isKnown(region);

/**
 * The endpoint of the region a request means; undefined: its identity service has not said yet.
 *
 * @throws {Fault} 404 itemNotFound when the catalog has no such region
 */
function endpointOf(account: Account, tenant: string | undefined, hints: RegionHints): Endpoint | undefined {
  const endpoints = account.endpoints();
  const named = hints.path ?? hints.header;
  if (named !== undefined) {
    const endpoint = endpoints.get(named.toUpperCase());
    if (endpoint !== undefined) return endpoint;
    return account.isKnown(named) ? unknownRegion(named, endpoints) : undefined;
  }
  if (unknownIn(account, hints) !== undefined) return undefined;
  const ofHost = regionOfHost(hints.host, (name) => endpoints.has(name));
  const region = ofHost ?? account.defaultRegion(tenant) ?? '';
  return endpoints.get(region) ?? unknownRegion(region || 'default', endpoints);
}

/** The region that a request names, if nothing is known of it yet. */
function unknownIn(account: Account, { path, header, host }: RegionHints): string | undefined {
  if (account.isKnown()) return undefined;
  const unknown = account.unknownRegions();
  const find = (region: string) =>
    account.isKnown(region) ? undefined : unknown.find((name) => name.toUpperCase() === region.toUpperCase());
  const named = path ?? header ?? regionOfHost(host, (label) => find(label) !== undefined);
  return named === undefined ? undefined : find(named);
}

/** What there is to be found after one of the arrivals; undefined: after none of them. */
function firstFound<T>(
  arrivals: readonly Promise<unknown>[],
  find: () => T | undefined,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    for (const arrival of arrivals)
      arrival.then(
        () => {
          const found = find();
          if (found !== undefined) resolve(found);
        },
        () => {},
      );
    void Promise.allSettled(arrivals).then(() => resolve(find()));
  });
}

const hasRegion = (account: Account, region: string | undefined): boolean =>
  region === undefined || account.endpoints().has(region.toUpperCase());

function unknownRegion(name: string, endpoints: ReadonlyMap<string, Endpoint>): never {
  const regions = [...endpoints.values()].map((endpoint) => endpoint.region).join(', ') || 'none';
  throw new Fault(
    'itemNotFound',
    `The service catalog has no region "${clip(name)}". Regions there are: ${regions}.`,
  );
}

/** Labels of a Host header that are looked at. */
const MOST_LABELS = 16;

/** The region that a Host header begins with, upper case: a label, or more of them for a region with a dot in its name. */
function regionOfHost(host: string | undefined, isRegion: (name: string) => boolean): string | undefined {
  const labels = host?.split('.', MOST_LABELS + 1) ?? [];
  for (let count = Math.min(labels.length - 1, MOST_LABELS); count > 0; count--) {
    const name = labels.slice(0, count).join('.').toUpperCase();
    if (isRegion(name)) return name;
  }
  return undefined;
}

/** Enough of what a caller wrote to recognise it. */
export const clip = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text);
