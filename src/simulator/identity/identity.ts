import type { Clock } from '../../clock.ts';
import { Fault } from '../../faults/faults.ts';
import type { JsonObject } from '../../json.ts';
import type { SimulatorSettings } from '../config.ts';
import type { Incoming } from '../exchange.ts';
import { headerOf } from '../exchange.ts';
import { createRateLimiter } from '../rates/limiter.ts';
import { overLimitFault } from '../rates/over-limit.ts';
import type { Endpoints } from './catalog.ts';
import type { CatalogForm } from './catalog-v3.ts';
import type { Token, Tokens } from './tokens.ts';
import type { Users } from './users.ts';

/** What both versions of the identity service work with. */
export interface IdentityContext {
  readonly users: Users;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly logins: LoginLimit;
  /** What v3's catalogs look like. */
  readonly catalogForm: CatalogForm;
  /** The catalog's URLs as this caller reaches them. */
  endpoints(incoming: Incoming): Endpoints;
}

/** The identity service's own rate limit. */
export interface LoginLimit {
  /** @throws Fault overLimit when this user has logged in too often, at the identity service of that region or at the common one */
  charge(username: string, home?: string | null): void;
  /** What is counted at the moment, for the state file. */
  snapshot(): JsonObject;
  restore(saved: JsonObject): void;
}

/** Counts logins for each user name, right or wrong ones alike. */
export function createLoginLimit(settings: SimulatorSettings, clock: Clock): LoginLimit {
  const limit = settings.identityRateLimit;
  if (limit === null) return { charge: () => {}, snapshot: () => ({}), restore: () => {} };
  const table = [{ verb: 'POST', uri: '/tokens', regex: null, ...limit }];
  const { charge, snapshot, restore } = createRateLimiter(
    { algorithm: 'sliding', table, perAccount: {} },
    clock,
  );
  return {
    charge(username, home = null) {
      const login = { method: 'POST', path: '/tokens', fullPath: '/v2.0/tokens', query: '' };
      const verdict = charge(home === null ? username : `${home} ${username}`, '', login);
      if (verdict.kind === 'over') throw overLimitFault(verdict, settings.rateLimits.retryAfter, clock.now());
    },
    snapshot,
    restore,
  };
}

/** Roles that may look at and revoke the tokens of others. */
const ADMIN_ROLES = new Set(['identity:admin', 'identity:service-admin', 'admin']);

/**
 * The token in `X-Auth-Token`.
 *
 * @throws Fault unauthorized when it is missing, expired or revoked
 */
export function callerToken(incoming: Incoming, tokens: Tokens, home: string | null = null): Token {
  const id = headerOf(incoming, 'x-auth-token');
  const token = id === undefined ? undefined : tokens.find(id, home);
  if (!token)
    throw new Fault('unauthorized', 'No valid token was given: log in and send it as X-Auth-Token.');
  return token;
}

/** Whether the caller may look at that token: its own user's, or any for an administrator. */
export function maySee(caller: Token, subject: Token): boolean {
  return caller.user === subject.user || caller.user.roles.some(({ name }) => ADMIN_ROLES.has(name));
}
