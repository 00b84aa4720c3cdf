import { Fault } from '../faults/faults.ts';
import type { Endpoint } from '../identity/catalog.ts';
import type { ServiceTable } from '../identity/service-endpoints.ts';
import type { Token } from '../identity/token.ts';

/** One upstream account as routing sees it; `identity/` keeps the token behind it fresh. */
export interface Account {
  readonly name: string;
  /** The account's current token, or undefined while there is none. */
  token(): Token | undefined;
  /** Waits for the first token; rejects with a 503 fault when there is none to be had. */
  ready(signal?: AbortSignal): Promise<Token>;
  /** Compute endpoints by upper-case region name, from the catalog of the current token. */
  endpoints(): ReadonlyMap<string, Endpoint>;
  /** The other services of that catalog, by type and region. */
  services(): ServiceTable;
  /** The region used when a request names none, upper case. */
  defaultRegion(): string | undefined;
}

/** Where a request goes: an account and one of its regions. */
export interface Place {
  account: Account;
  endpoint: Endpoint;
}

/** What a request says about its region: the path first, then `X-Region`, then the Host's first label. */
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
  readonly #namesTenants: boolean;

  /** @param options `namesTenants`: whoever asks may hear which tenants there are */
  constructor(accounts: readonly Account[], options: { readonly namesTenants: boolean } = NAMES_TENANTS) {
    this.#accounts = accounts;
    this.#namesTenants = options.namesTenants;
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
    return account && { account, endpoint: this.#endpoint(account, hints) };
  }

  /** Like `find`, but waits for accounts that have no token yet. Rejects with 503 while identity is down. */
  async wait(tenant: string | undefined, hints: RegionHints, signal?: AbortSignal): Promise<Place> {
    const account = await (tenant === undefined
      ? this.#waitForFirstWith(hints, signal)
      : this.waitForOwner(tenant, signal));
    return { account, endpoint: this.#endpoint(account, hints) };
  }

  /** The account that owns a tenant, or of none named the first; undefined: a token is missing, call `waitForOwner`. */
  owner(tenant: string | undefined): Account | undefined {
    if (tenant === undefined) return this.#firstWith(ANYWHERE);
    for (const account of this.#accounts) if (account.token()?.tenant.id === tenant) return account;
    if (this.#accounts.some((account) => !account.token())) return undefined;
    throw this.#unknownTenant(tenant);
  }

  /** Like `owner`, but waits for accounts that have no token yet. Rejects with 503 while identity is down. */
  async waitForOwner(tenant: string | undefined, signal?: AbortSignal): Promise<Account> {
    if (tenant === undefined) return this.#waitForFirstWith(ANYWHERE, signal);
    const attempts = await Promise.allSettled(this.#accounts.map((account) => account.ready(signal)));
    for (const account of this.#accounts) if (account.token()?.tenant.id === tenant) return account;
    const failed = attempts.find((attempt) => attempt.status === 'rejected');
    if (failed) throw failed.reason;
    throw this.#unknownTenant(tenant);
  }

  /** The endpoint of the region a request means; 404 itemNotFound when the catalog has no such region. */
  #endpoint(account: Account, hints: RegionHints): Endpoint {
    const endpoints = account.endpoints();
    const named = hints.path ?? hints.header;
    if (named !== undefined) return endpoints.get(named.toUpperCase()) ?? unknownRegion(named, endpoints);
    const label = hostLabel(hints.host);
    const region = (label !== undefined && endpoints.has(label) ? label : account.defaultRegion()) ?? '';
    return endpoints.get(region) ?? unknownRegion(region || 'default', endpoints);
  }

  /** The first account that has the region, or the first of all, whose fault is told; undefined: a token is missing. */
  #firstWith(hints: RegionHints): Account | undefined {
    const region = hints.path ?? hints.header;
    for (const account of this.#accounts) {
      if (!account.token()) return undefined;
      if (hasRegion(account, region)) return account;
    }
    return this.#accounts[0];
  }

  async #waitForFirstWith(hints: RegionHints, signal?: AbortSignal): Promise<Account> {
    const region = hints.path ?? hints.header;
    for (const account of this.#accounts) {
      if (!account.token()) await account.ready(signal).catch(() => undefined);
      if (account.token() && hasRegion(account, region)) return account;
    }
    const first = this.#accounts[0]!;
    await first.ready(signal);
    return first;
  }

  #unknownTenant(tenant: string): Fault {
    if (!this.#namesTenants)
      return new UnknownTenant('itemNotFound', `No account of this gateway owns tenant "${clip(tenant)}".`);
    const tenants = this.#accounts
      .map((account) => account.token()?.tenant.id)
      .filter((id) => id !== undefined);
    const owned = tenants.length === 0 ? 'No tenant is known here' : `Tenants here: ${tenants.join(', ')}`;
    return new UnknownTenant(
      'itemNotFound',
      `No account of this gateway owns tenant "${clip(tenant)}". ${owned}.`,
    );
  }
}

const NAMES_TENANTS = { namesTenants: true } as const;
const ANYWHERE: RegionHints = { path: undefined, header: undefined, host: undefined };

const hasRegion = (account: Account, region: string | undefined): boolean =>
  region === undefined || account.endpoints().has(region.toUpperCase());

function unknownRegion(name: string, endpoints: ReadonlyMap<string, Endpoint>): never {
  const regions = [...endpoints.values()].map((endpoint) => endpoint.region).join(', ') || 'none';
  throw new Fault(
    'itemNotFound',
    `The service catalog has no region "${clip(name)}". Regions there are: ${regions}.`,
  );
}

/** The first label of a Host header, upper case; undefined for addresses and one-label names. */
function hostLabel(host: string | undefined): string | undefined {
  const dot = host === undefined ? -1 : host.indexOf('.');
  return dot > 0 ? host!.slice(0, dot).toUpperCase() : undefined;
}

/** Enough of what a caller wrote to recognise it. */
export const clip = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text);
