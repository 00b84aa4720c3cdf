import { chooseDefaultRegion, computeEndpoints, type Endpoint } from '../identity/catalog.ts';
import { type ServiceTable, serviceEndpoints } from '../identity/service-endpoints.ts';
import type { Trust } from '../identity/settings.ts';
import type { Token } from '../identity/token.ts';
import type { TokenSource } from '../identity/token-source.ts';
import type { Account } from './directory.ts';

/** The part of `accounts[]` that choosing endpoints needs. */
export interface AccountSettings {
  name: string;
  service: string;
  interface: 'public' | 'internal';
  regions: string[] | null;
  defaultRegion: string | null;
  /** Where it logs in; `us`, `uk` and the like are on hosts of their own. */
  identity?: { readonly url: string };
}

/** An account with the source of its tokens. */
export interface LiveAccount extends Account {
  readonly tokens: TokenSource;
  readonly trust: Trust | undefined;
  readonly settings: AccountSettings;
}

/** An account whose endpoints follow the catalog of its current token; they are chosen once per token. */
export function createAccount(settings: AccountSettings, tokens: TokenSource, trust?: Trust): LiveAccount {
  let seen: Token | undefined;
  let endpoints: ReadonlyMap<string, Endpoint> = new Map();
  let services: ServiceTable = new Map();
  const refresh = () => {
    const token = tokens.peek();
    if (token === undefined || token === seen) return;
    seen = token;
    const choice = { ...settings, tenantId: token.tenant.id };
    endpoints = computeEndpoints(token.catalog, choice);
    services = serviceEndpoints(token.catalog, { ...choice, identityUrl: settings.identity?.url });
  };
  return {
    name: settings.name,
    settings,
    tokens,
    trust,
    token: () => tokens.peek() ?? seen,
    ready: (signal) => tokens.get(signal),
    endpoints() {
      refresh();
      return endpoints;
    },
    services() {
      refresh();
      return services;
    },
    defaultRegion() {
      refresh();
      return chooseDefaultRegion(endpoints, settings.defaultRegion, seen?.user.defaultRegion);
    },
  };
}
