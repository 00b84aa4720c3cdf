import type { Config } from '../config/schema.ts';
import { asFault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import type { ListenerTerms } from '../http/caller.ts';
import { Outbox } from '../http/outbox.ts';
import { writeReply, writeResponse } from '../http/reply.ts';
import { computeVersionOf } from '../identity/catalog.ts';
import type { LinkRewriter } from '../links/rewrite.ts';
import type { LiveAccount } from '../routing/account.ts';
import { Directory, type Place } from '../routing/directory.ts';
import { createFinish } from '../serving/finish.ts';
import { faultFormat, renderFault } from '../serving/render.ts';
import type { Services } from '../serving/services.ts';
import { ANONYMOUS } from '../serving/wait.ts';
import { beginRegion } from '../telemetry/first-values.ts';
import { observeTokens } from '../telemetry/observers.ts';
import { createRequestLog } from '../telemetry/request-log.ts';
import { createRegions } from '../upstream/region.ts';
import { openAccess } from './access.ts';
import { closeAccount, keyOf, openAccount } from './accounts.ts';
import { linksOf } from './links.ts';
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
  /** The process ends: nobody waits for a slot beyond this monotonic ms, see `RegionLimits.drain`. */
  drain(untilMs: number): void;
  /** Whoever still waits, for a slot or for a login, is told so now. */
  turnAway(): void;
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
  const { cache, limits, idempotency } = state;
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
  const links = linksOf(directory, config.facade.services);
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
    idempotency,
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
      observeTokens(metrics, directory.accounts as readonly LiveAccount[]);
      stopCounting = beginRegions(services);
      for (const account of accounts.values()) for (const { tokens } of account.logins) tokens.start();
      state.start(services);
    },
    async retire(successor) {
      stopCounting();
      for (const [key, account] of accounts) if (!successor.accounts.has(key)) closeAccount(account);
      await state.retire(successor.state);
    },
    drain: (untilMs) => limits.drain(untilMs),
    turnAway() {
      limits.drain(clock.monotonic());
      for (const account of accounts.values()) closeAccount(account);
    },
    async close() {
      for (const account of accounts.values()) closeAccount(account);
      await state.close();
    },
  };
}

/** Counts for the regions of each account begin with its catalogs, until that is stopped. */
function beginRegions({ metrics, directory, clients }: Services): () => void {
  const names = [ANONYMOUS, ...clients.keys()];
  const stops = (directory.accounts as readonly LiveAccount[]).flatMap((account) =>
    account.logins.map(({ tokens }) =>
      tokens.onToken(() => {
        for (const { region } of account.endpoints().values())
          beginRegion(metrics, account.name, region, names);
      }),
    ),
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

function locate(
  links: LinkRewriter,
  call: Call,
  place: Place,
  kind: '/images/' | '/servers/' | undefined,
  url: string,
): string {
  const { region, tenantId } = place.endpoint;
  if (kind === undefined) return links.rewriteUrl(url, call.publicBase, region) ?? url;
  const below = `/${computeVersionOf(place.endpoint)}/${tenantId}`;
  return links.rewriteLocation(url, kind, call.publicBase, region, below) ?? url;
}
