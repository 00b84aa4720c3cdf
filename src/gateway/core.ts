import type { AccountConfig, Config, IdentityConfig } from '../config/schema.ts';
import { asFault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import type { ListenerTerms } from '../http/caller.ts';
import { Outbox } from '../http/outbox.ts';
import { writeReply, writeResponse } from '../http/reply.ts';
import { basePathOf, chooseEndpoints, type Endpoint } from '../identity/catalog.ts';
import { LOGIN_RESULTS } from '../identity/login-error.ts';
import { type Trust, v2TokensUrl } from '../identity/settings.ts';
import { createTokenSource } from '../identity/token-source.ts';
import { createV2Login } from '../identity/v2-client.ts';
import type { LinkEndpoint } from '../links/mounts.ts';
import { createLinkRewriter, type LinkRewriter } from '../links/rewrite.ts';
import { createAccount, type LiveAccount } from '../routing/account.ts';
import { Directory, type Place } from '../routing/directory.ts';
import { EVERYWHERE } from '../routing/target.ts';
import { createFinish } from '../serving/finish.ts';
import { faultFormat, renderFault } from '../serving/render.ts';
import type { Services } from '../serving/services.ts';
import { ANONYMOUS } from '../serving/wait.ts';
import { beginAccount, beginRegion } from '../telemetry/first-values.ts';
import { observeTokens } from '../telemetry/observers.ts';
import { createRequestLog } from '../telemetry/request-log.ts';
import { createRegions } from '../upstream/region.ts';
import { openAccess } from './access.ts';
import type { Shared } from './shared.ts';
import { openState, type State } from './state.ts';

/** Everything that one configuration means, joined up. */
export interface Core {
  readonly services: Services;
  /** What holds at each listener, by its place in the configuration. */
  readonly terms: readonly ListenerTerms[];
  /** Begins to log in and to ask for limits. */
  start(): void;
  /** Another core has taken over: whatever that one did not take along is closed. */
  retire(successor: Core): Promise<void>;
  close(): Promise<void>;
  /** What a successor may take along. */
  readonly accounts: ReadonlyMap<string, LiveAccount>;
  readonly state: State;
}

/**
 * Joins up the parts for a configuration, a line per part.
 *
 * @param before the core in force until now: tokens of unchanged accounts, cached answers and windows are taken over
 */
export function createCore(config: Config, shared: Shared, before?: Core): Core {
  const { log, clock, metrics, pools } = shared;
  const accounts = new Map(
    config.accounts.map((account) => [
      keyOf(account),
      before?.accounts.get(keyOf(account)) ?? openAccount(account, config, shared),
    ]),
  );
  const directory = new Directory([...accounts.values()]);
  const access = openAccess(config, shared, { accounts: directory.accounts, directory });
  const state = openState(config, shared, before?.state);
  const { cache, limits } = state;
  const regions = createRegions({
    pools,
    clock,
    limits,
    metrics,
    retries: config.upstream.retries,
    clientLimits: shared.clientLimits,
    overLimitStatus: config.limits.overLimitStatus,
  });
  const clients = new Map(config.access.clients.map((client) => [client.name, client]));
  const finished = createFinish(metrics, createRequestLog(log, config.log), shared.audit, clock);
  const links = linksOf(directory);
  const outbox = new Outbox<Call, () => void>((call, write) => {
    try {
      write();
    } catch (error) {
      log.error({ err: error, operation: call.operation }, 'an answer could not be written');
      finished(call, writeInstead(call, error));
    }
  });

  const services: Services = {
    settings: config,
    clock,
    log,
    metrics,
    directory,
    regions,
    limits,
    cache,
    clients,
    callers: access.callers,
    registry: access.registry,
    identifier: access.identifier,
    passwords: shared.passwords,
    proofs: shared.proofs,
    upstreamLogins: shared.upstreamLogins,
    tokens: access.tokens,
    revocations: shared.tokens.revocations,
    revoke: (token) => shared.tokens.revoke(token),
    links,
    location: (call, place, kind, url) => locate(links(), call, place, kind, url),
    reply(call, reply) {
      outbox.put(call, () => {
        writeReply(call, reply);
        finished(call, reply.status);
      });
    },
    respond(call, response) {
      outbox.put(call, () => {
        writeResponse(call, response);
        finished(call, response.status);
      });
    },
    finished,
    countVerdict(region, resource, result, reason) {
      metrics.cacheRequests.inc(region, resource, result, reason);
      if (result === 'hit' || result === 'stale' || result === 'coalesced')
        metrics.cacheSaved.inc(region, resource);
    },
  };
  state.connect(services);
  let stopCounting = () => {};
  return {
    services,
    terms: access.terms,
    accounts,
    state,
    start() {
      observeTokens(metrics, directory.accounts);
      stopCounting = beginRegions(services);
      for (const account of accounts.values()) account.tokens.start();
      state.start(services);
    },
    async retire(successor) {
      stopCounting();
      for (const [key, account] of accounts) if (!successor.accounts.has(key)) account.tokens.close();
      await state.retire(successor.state);
    },
    async close() {
      for (const account of accounts.values()) account.tokens.close();
      await state.close();
    },
  };
}

/** An account whose settings are the same keeps its token over a reload. */
const keyOf = (account: AccountConfig): string => JSON.stringify(account);

function openAccount(
  account: AccountConfig,
  config: Config,
  { log, clock, metrics, pools }: Shared,
): LiveAccount {
  const { identity, name } = account;
  const trust = trustOf(identity);
  const login = createV2Login({
    url: identity.url,
    credentials: identity,
    dispatcher: pools.get(v2TokensUrl(identity.url).origin, trust),
    timeoutMs: config.upstream.headersTimeoutMs,
    clock,
  });
  const accountLog = log.child({ account: name });
  beginAccount(metrics, name, LOGIN_RESULTS);
  const tokens = createTokenSource({
    account: identity,
    clock,
    login: (_credentials, signal) => login(signal),
    log: accountLog,
    observe: (result) => metrics.tokenRequests.inc(name, result),
  });
  tokens.onToken((token) => {
    const { endpoints, skipped } = chooseEndpoints(token.catalog, { ...account, tenantId: token.tenant.id });
    accountLog.info(
      {
        regions: [...endpoints.values()].map(({ region }) => region),
        ...(skipped.length > 0 ? { skipped } : {}),
      },
      'the service catalog is here',
    );
    if (endpoints.size === 0)
      accountLog.error('the service catalog has no endpoint that this account can use');
    if (endpoints.has(EVERYWHERE.toUpperCase()))
      accountLog.warn(
        `the catalog has a region ${EVERYWHERE.toUpperCase()}: /${EVERYWHERE}/ means every region, so reach it by X-Region or a port of its own (listen.regions)`,
      );
  });
  return createAccount(account, tokens, trust);
}

/** Files have been read by the time a configuration is here: their settings hold what was in them. */
function trustOf({ caFile, certFile, keyFile }: IdentityConfig): Trust | undefined {
  if (!caFile && !certFile) return undefined;
  return {
    ...(caFile ? { ca: caFile } : {}),
    ...(certFile && keyFile ? { cert: certFile, key: keyFile } : {}),
  };
}

/** Counts for the regions of each account begin with its catalogs, until that is stopped. */
function beginRegions({ metrics, directory, clients }: Services): () => void {
  const names = [ANONYMOUS, ...clients.keys()];
  const stops = (directory.accounts as readonly LiveAccount[]).map((account) =>
    account.tokens.onToken(() => {
      for (const { region } of account.endpoints().values())
        beginRegion(metrics, account.name, region, names);
    }),
  );
  return () => {
    for (const stop of stops) stop();
  };
}

/** Says that an answer could not be written, or ends the connection where there is no saying it; the status. */
function writeInstead(call: Call, error: unknown): number {
  const fault = asFault(error);
  const format = faultFormat(call);
  try {
    writeReply(call, { status: fault.code, body: renderFault(fault, format), format, headers: [] });
  } catch {
    // Nor can the fault: what follows is all that is left to do.
  }
  if (!call.res.writableEnded) call.res.destroy();
  return fault.code;
}

/** Endpoints at the URLs they are used at, and behind them at the others that the catalog has for them. */
function linkEndpointsOf(endpoints: readonly Endpoint[]): LinkEndpoint[] {
  const at = ({ region, tenantId: tenant }: Endpoint, url: URL): LinkEndpoint => {
    return { region, origin: url.origin, basePath: basePathOf(url), tenant };
  };
  return [
    ...endpoints.map((endpoint) => at(endpoint, endpoint.url)),
    ...endpoints.flatMap((endpoint) => endpoint.otherUrls.map((url) => at(endpoint, url))),
  ];
}

/** A rewriter for the catalogs as they are now; made anew only when a catalog has changed. */
function linksOf(directory: Directory): () => LinkRewriter {
  let seen: unknown[] = [];
  let rewriter = createLinkRewriter({ endpoints: [] });
  return () => {
    const maps = directory.accounts.map((account) => account.endpoints());
    if (maps.length === seen.length && maps.every((map, index) => map === seen[index])) return rewriter;
    seen = maps;
    const endpoints = maps.flatMap((map) => [...map.values()]);
    rewriter = createLinkRewriter({ endpoints: linkEndpointsOf(endpoints) });
    return rewriter;
  };
}

function locate(
  links: LinkRewriter,
  call: Call,
  place: Place,
  kind: '/images/' | '/servers/' | undefined,
  url: string,
): string {
  const { region, tenantId } = place.endpoint;
  if (kind === undefined) return links.rewriteUrl(url, call.publicBase, region) ?? url;
  return links.rewriteLocation(url, kind, call.publicBase, region, tenantId) ?? url;
}
