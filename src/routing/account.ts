import type { CallerIdentity } from '../identity/caller-identity.ts';
import {
  chooseDefaultRegion,
  computeEndpoints,
  type Endpoint,
  type EndpointChoice,
  type Interface,
  keyOfRegion,
} from '../identity/catalog.ts';
import { mergeCatalogs } from '../identity/merge-catalogs.ts';
import { type ServiceTable, serviceEndpoints } from '../identity/service-endpoints.ts';
import type { Trust } from '../identity/settings.ts';
import type { ServiceCatalog, Token } from '../identity/token.ts';
import type { TokenSource } from '../identity/token-source.ts';
import type { Account } from './directory.ts';

/** The part of `accounts[]` that choosing endpoints needs. */
export interface AccountSettings {
  name: string;
  service: string;
  interface: Interface;
  regions: string[] | null;
  defaultRegion: string | null;
}

/** One way an account logs in. */
export interface Login {
  /** The region it is for, as the configuration names it; undefined: all that its catalog has. */
  readonly region: string | undefined;
  readonly tokens: TokenSource;
  readonly trust: Trust | undefined;
  /** Where it logs in; `us`, `uk` and the like are on hosts of their own. */
  readonly identityUrl: string;
  /** The same service, for callers who have credentials of their own there. */
  readonly callers: CallerIdentity;
}

/** An account with the sources of its tokens. */
export interface LiveAccount extends Account {
  readonly settings: AccountSettings;
  /** One, or one for each of its regions. */
  readonly logins: readonly [Login, ...Login[]];
  /** The login that a region is asked with. */
  loginAt(region: string): Login;
  /** What the identity services say there is, in one. */
  catalog(): ServiceCatalog;
  /** When the first of its tokens expires, wall time in ms; undefined: there has been none. */
  expiresAtMs(): number | undefined;
}

/** An account whose endpoints follow the catalogs of its current tokens; they are chosen once per token. */
export function createAccount(
  settings: AccountSettings,
  logins: readonly [Login, ...Login[]],
  as: Pick<Account, 'spender' | 'cacheAs'> = {},
): LiveAccount {
  return new CatalogAccount(settings, logins, as);
}

class CatalogAccount implements LiveAccount {
  readonly name: string;
  readonly settings: AccountSettings;
  readonly logins: readonly [Login, ...Login[]];
  readonly spender: string | undefined;
  readonly cacheAs: string | undefined;
  readonly #byRegion: ReadonlyMap<string, Login>;
  /** The last token of each login. */
  readonly #seen: (Token | undefined)[];
  #catalog: ServiceCatalog = [];
  #endpoints: ReadonlyMap<string, Endpoint> = new Map();
  /** Undefined: nobody has asked since the last token; a long catalog is not read for both in one turn of the event loop. */
  #services: ServiceTable | undefined = new Map();

  constructor(
    settings: AccountSettings,
    logins: readonly [Login, ...Login[]],
    { spender, cacheAs }: Pick<Account, 'spender' | 'cacheAs'>,
  ) {
    this.spender = spender;
    this.cacheAs = cacheAs;
    this.name = settings.name;
    this.settings = settings;
    this.logins = logins;
    this.#byRegion = new Map(logins.map((login) => [keyOfRegion(login.region ?? ''), login]));
    this.#seen = logins.map(() => undefined);
  }

  loginAt(region: string): Login {
    const [first] = this.logins;
    return first.region === undefined ? first : (this.#byRegion.get(keyOfRegion(region)) ?? first);
  }

  token(): Token | undefined {
    for (let index = 0; index < this.logins.length; index++) {
      const token = this.#tokenOf(index);
      if (token !== undefined) return token;
    }
    return undefined;
  }

  owns(tenant: string): boolean {
    for (let index = 0; index < this.logins.length; index++)
      if (this.#tokenOf(index)?.tenant.id === tenant) return true;
    return false;
  }

  tenants(): string[] {
    return [...new Set(this.logins.flatMap((_login, index) => this.#tokenOf(index)?.tenant.id ?? []))];
  }

  isKnown(region?: string): boolean {
    for (let index = 0; index < this.logins.length; index++)
      if (isMeant(this.logins[index]!, region) && this.#tokenOf(index) === undefined) return false;
    return true;
  }

  unknownRegions(): string[] {
    return this.logins.flatMap(({ region }, index) =>
      region === undefined || this.#tokenOf(index) !== undefined ? [] : region,
    );
  }

  ready(signal?: AbortSignal, region?: string): Promise<Token> {
    const meant = this.logins.filter((login) => region !== undefined && isMeant(login, region));
    const asked = (meant.length > 0 ? meant : this.logins).map(({ tokens }) => tokens.get(signal));
    if (asked.length === 1) return asked[0]!;
    return Promise.any(asked).catch((error: AggregateError) => Promise.reject(error.errors[0]));
  }

  arrivals(signal?: AbortSignal): Promise<Token>[] {
    return this.logins.map(({ tokens }) => tokens.get(signal));
  }

  catalog(): ServiceCatalog {
    this.#refresh();
    return this.#catalog;
  }

  endpoints(): ReadonlyMap<string, Endpoint> {
    this.#refresh();
    return this.#endpoints;
  }

  services(): ServiceTable {
    this.#refresh();
    this.#services ??= serviceEndpoints(this.#catalog, {
      ...this.#choice(),
      identityUrl: this.logins.map((login) => login.identityUrl),
    });
    return this.#services;
  }

  defaultRegion(tenant?: string): string | undefined {
    const all = this.endpoints();
    const { defaultRegion } = this.settings;
    const userDefault = this.token()?.user.defaultRegion;
    if (this.logins.length === 1 || tenant === undefined)
      return chooseDefaultRegion(all, defaultRegion, userDefault);
    const own = new Map([...all].filter(([, endpoint]) => endpoint.tenantId === tenant));
    return chooseDefaultRegion(own.size > 0 ? own : all, defaultRegion, userDefault);
  }

  expiresAtMs(): number | undefined {
    const known = this.logins.flatMap((_login, index) => this.#tokenOf(index)?.expiresAtMs ?? []);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /** The current token, or the last there was. */
  #tokenOf(index: number): Token | undefined {
    return this.logins[index]!.tokens.peek() ?? this.#seen[index];
  }

  #refresh(): void {
    let isNew = false;
    for (let index = 0; index < this.logins.length; index++) {
      const token = this.#tokenOf(index);
      if (token === this.#seen[index]) continue;
      this.#seen[index] = token;
      isNew = true;
    }
    if (isNew) this.#choose();
  }

  #choose(): void {
    const { settings, logins } = this;
    const tokens = this.#seen;
    const first = tokens.find((token) => token !== undefined)!;
    const parts = logins.flatMap(({ region }, index) => {
      const token = tokens[index];
      if (region === undefined || token === undefined) return [];
      return [{ region, tenantId: token.tenant.id, catalog: token.catalog }];
    });
    const catalog = parts.length === 0 ? first.catalog : mergeCatalogs(parts, settings.service);
    this.#catalog = catalog;
    this.#endpoints = computeEndpoints(catalog, this.#choice());
    this.#services = undefined;
  }

  #choice(): EndpointChoice {
    const tenantId = this.#seen.find((token) => token !== undefined)?.tenant.id ?? '';
    return { ...this.settings, tenantId };
  }
}

/** Whether a login brings what is in a region; undefined: anything. */
const isMeant = ({ region: own }: Login, region: string | undefined): boolean =>
  own === undefined || region === undefined || keyOfRegion(own) === keyOfRegion(region);
