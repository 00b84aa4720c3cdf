import type { LiveAccount, Login } from '../routing/account.ts';
import type { Services } from '../serving/services.ts';

/** How an account stands, as `/readyz` and `/status.json` show it. */
export interface AccountReadiness {
  name: string;
  ready: boolean;
  token: string;
  regions: string[];
  problem?: string;
  /** Where it logs in in each region. */
  logins?: { region: string; token: string; problem?: string }[];
}

const NO_ENDPOINT =
  'The service catalog has no endpoint for this account; see accounts[].service, interface and regions.';

/** How the accounts in force stand. */
export function readiness(services: Services): AccountReadiness[] {
  return (services.directory.accounts as readonly LiveAccount[]).map(readinessOf);
}

/** What an instance can do, in whole or for one account. */
export interface Readiness {
  readonly isReady: boolean;
  readonly accounts: readonly AccountReadiness[];
}

/**
 * An instance is ready while any account can be served, or the cache has answers for one: what is down takes nothing else with
 * it, and an instance that is withdrawn serves nobody.
 */
export function instanceReadiness(services: Services): Readiness {
  const accounts = readiness(services);
  const isAnyKnown = accounts.some(({ regions }) => regions.length > 0);
  const hasAnswers = isAnyKnown && services.cache.stats().entries > 0;
  return { isReady: accounts.some(({ ready }) => ready) || hasAnswers, accounts };
}

/**
 * An account is ready while it holds a token that has not expired, and its catalog an endpoint to use it at. One that logs in
 * region by region is ready once each has been tried: whoever is down must not take the others out of service.
 */
function readinessOf(account: LiveAccount): AccountReadiness {
  const { name, logins } = account;
  const best = logins.find(({ tokens }) => tokens.peek() !== undefined) ?? logins[0];
  const hasToken = best.tokens.peek() !== undefined;
  const isTried = logins.every(({ tokens }) => tokens.state !== 'starting');
  const regions = [...account.endpoints().values()].map(({ region }) => region);
  const ready = hasToken && isTried && regions.length > 0;
  const problem =
    problemOf(logins.find((login) => problemOf(login) !== undefined) ?? best) ??
    (hasToken && regions.length === 0 ? NO_ENDPOINT : undefined);
  return {
    name,
    ready,
    token: best.tokens.state,
    regions,
    ...(problem === undefined ? {} : { problem }),
    ...(best.region === undefined ? {} : { logins: logins.map(loginReadiness) }),
  };
}

function loginReadiness(login: Login): { region: string; token: string; problem?: string } {
  const problem = problemOf(login);
  return {
    region: login.region!,
    token: login.tokens.state,
    ...(problem === undefined ? {} : { problem }),
  };
}

const problemOf = ({ tokens }: Login): string | undefined => tokens.lastFailure?.message;
