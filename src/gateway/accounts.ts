import { type AccountIdentity, identitiesOf } from '../config/identities.ts';
import type { AccountConfig, Config } from '../config/schema.ts';
import { createCaller } from '../identity/caller.ts';
import { chooseEndpoints } from '../identity/catalog.ts';
import { MOST_ENDPOINTS, MOST_SERVICES } from '../identity/catalog-bounds.ts';
import type { IdentityWay } from '../identity/identity-request.ts';
import { createIdentityLogin } from '../identity/login.ts';
import { LOGIN_RESULTS } from '../identity/login-error.ts';
import { mergeCatalogs } from '../identity/merge-catalogs.ts';
import { locateIdentity, type Trust } from '../identity/settings.ts';
import type { Token } from '../identity/token.ts';
import { createTokenSource, type IdentityLog } from '../identity/token-source.ts';
import type { LogIn } from '../identity/v2-client.ts';
import { createAccount, type LiveAccount, type Login } from '../routing/account.ts';
import { EVERYWHERE } from '../routing/target.ts';
import { beginAccount } from '../telemetry/first-values.ts';
import { traced } from '../telemetry/tracing.ts';
import type { Shared } from './shared.ts';

/** An account whose settings are the same keeps its tokens over a reload. */
export const keyOf = (account: AccountConfig): string => JSON.stringify(account);

/** Joins up an account: a login for each of its identity services, none of which begins before its source is started. */
export function openAccount(account: AccountConfig, config: Config, shared: Shared): LiveAccount {
  beginAccount(shared.metrics, account.name, LOGIN_RESULTS);
  const logins = identitiesOf(account).map((identity) => openLogin(account, identity, config, shared));
  return createAccount(account, logins as [Login, ...Login[]]);
}

/** The name under which it is written down how a login stands. */
const loginPart = (account: string, region: string | undefined): string =>
  region === undefined ? `login ${account}` : `login ${account} ${region}`;

/** Ends every login of an account. */
export function closeAccount({ logins }: LiveAccount): void {
  for (const { tokens } of logins) tokens.close();
}

function openLogin(
  account: AccountConfig,
  identity: AccountIdentity,
  config: Config,
  { log, clock, metrics, pools, standings, tracing, loginPermits, identityHealth }: Shared,
): Login {
  const { region } = identity;
  const gate = loginPermits.gate({ name: account.name }, region);
  const pulse = identityHealth.pulse(account.name, region ?? '');
  const login = createLogin(identity, config, { clock, pools }, { gate, pulse });
  const accountLog = log.child({ account: account.name, ...(region === undefined ? {} : { region }) });
  const tokens = createTokenSource({
    account: identity,
    clock,
    login: (_credentials, signal) => {
      const attributes = { 'sluice.account': account.name, 'sluice.region': region };
      return traced(tracing?.root('login', 'client', attributes), login(signal));
    },
    log: accountLog,
    observe: (result) => {
      metrics.tokenRequests.inc(account.name, result);
      standings.set(loginPart(account.name, region), result === 'ok', result);
    },
  });
  tokens.onToken((token) => describeCatalog(token, account, region, accountLog));
  const { url, userDomain, project } = identity;
  // Callers' own logins take nothing from the account's, and are counted together: whose they are only the service knows.
  const callersGate = loginPermits.gate({ name: account.name, spender: `callers ${url}` }, region);
  const way = { ...wayTo(identity, config, { clock, pools }), gate: callersGate, pulse };
  // Whoever names no project means the account's.
  const projectNow = () => {
    const tenant = tokens.peek()?.tenant;
    return project ?? (tenant && { id: tenant.id });
  };
  const callers = createCaller({ url, ...way, clock, userDomain, project: projectNow });
  return { region, tokens, trust: trustOf(identity), identityUrl: url, callers };
}

/** A function that logs in once, in the version of the identity service. */
export function createLogin(
  identity: AccountIdentity,
  config: Pick<Config, 'upstream'>,
  parts: Pick<Shared, 'clock' | 'pools'>,
  watched: Pick<IdentityWay, 'gate' | 'pulse'> = {},
): LogIn {
  const { url } = identity;
  return createIdentityLogin({
    url,
    credentials: identity,
    ...wayTo(identity, config, parts),
    ...watched,
    clock: parts.clock,
  });
}

/** How an identity service is reached. */
function wayTo(
  identity: AccountIdentity,
  { upstream }: Pick<Config, 'upstream'>,
  { pools }: Pick<Shared, 'clock' | 'pools'>,
): IdentityWay {
  return {
    dispatcher: pools.get(locateIdentity(identity.url).url.origin, trustOf(identity)),
    timeoutMs: upstream.headersTimeoutMs,
  };
}

/** Files have been read by the time a configuration is here: their settings hold what was in them. */
export function trustOf({ caFile, certFile, keyFile }: AccountIdentity): Trust | undefined {
  if (!caFile && !certFile) return undefined;
  return {
    ...(caFile ? { ca: caFile } : {}),
    ...(certFile && keyFile ? { cert: certFile, key: keyFile } : {}),
  };
}

/** Endpoints that a line of the log names. */
const MOST_TOLD = 50;

function describeCatalog(
  token: Token,
  account: AccountConfig,
  region: string | undefined,
  log: IdentityLog,
): void {
  const { catalog, tenant, leftOut } = token;
  const own =
    region === undefined
      ? catalog
      : mergeCatalogs([{ region, tenantId: tenant.id, catalog }], account.service);
  const choice = {
    ...account,
    regions: region === undefined ? account.regions : [region],
    tenantId: tenant.id,
  };
  const { endpoints, skipped } = chooseEndpoints(own, choice);
  log.info(
    {
      regions: [...endpoints.values()].map((endpoint) => endpoint.region),
      ...(skipped.length > 0 ? { skipped: skipped.slice(0, MOST_TOLD) } : {}),
    },
    'the service catalog is here',
  );
  if (leftOut !== undefined)
    log.warn(
      { leftOut },
      `the service catalog has more than ${MOST_SERVICES} services or ${MOST_ENDPOINTS} endpoints; the others are left out`,
    );
  if (endpoints.size === 0) log.error({}, 'the service catalog has no endpoint that this account can use');
  if (endpoints.has(EVERYWHERE.toUpperCase()))
    log.warn(
      {},
      `the catalog has a region ${EVERYWHERE.toUpperCase()}: /${EVERYWHERE}/ means every region, so reach it by X-Region or a port of its own (listen.regions)`,
    );
}
