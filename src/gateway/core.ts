import type { AccountConfig, Config } from '../config/schema.ts';
import { claimsOf } from '../facade/accounts.ts';
import { asFault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import { Outbox } from '../http/outbox.ts';
import { writeReply, writeResponse } from '../http/reply.ts';
import { basePathOf, chooseEndpoints, type Endpoint } from '../identity/catalog.ts';
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
import { createRequestLog } from '../telemetry/request-log.ts';
import { createRegions } from '../upstream/region.ts';
import type { Shared } from './shared.ts';
import { openState, type State } from './state.ts';

/** Everything that one configuration means, joined up. */
export interface Core {
  readonly services: Services;
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
  const state = openState(config, shared, before?.state);
  const { cache, limits } = state;
  const regions = createRegions({ pools, clock, limits, metrics, retries: config.upstream.retries });
  const clients = new Map(config.access.clients.map((client) => [client.name, client]));
  const finished = createFinish(metrics, createRequestLog(log, config.log), () => clock.monotonic());
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
    publicUrl: config.publicUrl?.replace(/(?<!\/)\/+$/, ''),
    clock,
    log,
    metrics,
    directory,
    regions,
    limits,
    cache,
    clients,
    tokenKeys: shared.tokens.use(config),
    revocations: shared.tokens.revocations,
    revoke: (token) => shared.tokens.revoke(token),
    tenantOfToken: (tokenId) => claimsOf(tokenId, services)?.tenantId || undefined,
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
  return {
    services,
    accounts,
    state,
    start() {
      for (const account of accounts.values()) account.tokens.start();
      state.start(services);
    },
    async retire(successor) {
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

function openAccount(account: AccountConfig, config: Config, { log, clock, metrics }: Shared): LiveAccount {
  const { identity, name } = account;
  const login = createV2Login({
    url: identity.url,
    credentials: identity,
    timeoutMs: config.upstream.headersTimeoutMs,
    clock,
  });
  const accountLog = log.child({ account: name });
  const tokens = createTokenSource({
    account: identity,
    clock,
    login: (_credentials, signal) => login(signal),
    log: accountLog,
    observe: (result) => metrics.tokenRequests.inc(name, result),
  });
  tokens.onToken((token) => {
    metrics.tokenExpiry.set({ account: name }, token.expiresAtMs / 1000);
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
  return createAccount(account, tokens);
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
