import { systemClock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { asFault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import type { ListenerTerms } from '../http/caller.ts';
import { Outbox } from '../http/outbox.ts';
import { writePassed, writeReply, writeResponse } from '../http/reply.ts';
import type { LiveAccount } from '../routing/account.ts';
import { Directory } from '../routing/directory.ts';
import { OWN_ACCOUNT } from '../routing/own-account.ts';
import { faultReply } from '../serving/fault-reply.ts';
import { createFinish } from '../serving/finish.ts';
import { faultFormat, renderFault } from '../serving/render.ts';
import type { Services } from '../serving/services.ts';
import { SharedReads } from '../serving/shared-reads.ts';
import { StatePolls } from '../serving/state-poll.ts';
import { withdrawnFault } from '../serving/still-good.ts';
import { ANONYMOUS } from '../serving/wait.ts';
import { beginRegion } from '../telemetry/first-values.ts';
import { observeTokens } from '../telemetry/observers.ts';
import { createRequestLog } from '../telemetry/request-log.ts';
import { Hedging } from '../upstream/hedge/hedging.ts';
import { createRegions } from '../upstream/region.ts';
import { VersionWatch } from '../upstream/version-watch.ts';
import { openAccess } from './access.ts';
import { closeAccount, keyOf, openAccount } from './accounts.ts';
import { linksOf, locate } from './links.ts';
import type { Shared } from './shared.ts';
import { openState, type State } from './state.ts';
import { watchedIdentities, watchedRegions } from './watched.ts';

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
  const { log, clock, metrics, pools, health, identityHealth, circuits, standings } = shared;
  const accounts = new Map(
    config.accounts.map((account) => [
      keyOf(account),
      before?.accounts.get(keyOf(account)) ?? openAccount(account, config, shared),
    ]),
  );
  const directory = new Directory([...accounts.values()]);
  const access = openAccess(config, shared, { accounts: [...accounts.values()], directory });
  const state = openState(config, shared, before?.state);
  const { cache, limits, idempotency } = state;
  const statePolls = new StatePolls();
  const regions = createRegions({
    pools,
    clock,
    limits,
    metrics,
    log,
    health,
    retries: config.upstream.retries,
    circuits,
    hedging: new Hedging(config.upstream.hedge),
    clientLimits: shared.clientLimits,
    overLimitStatus: config.limits.overLimitStatus,
  });
  const clients = new Map(config.access.clients.map((client) => [client.name, client]));
  const finished = createFinish(
    metrics,
    createRequestLog(log, config.log),
    shared.audit,
    clock,
    shared.notable,
  );
  const links = linksOf(directory, config.facade.services);
  const outbox = new Outbox<Call, () => void>((call, write) => {
    try {
      write();
    } catch (error) {
      log.error({ err: error, operation: call.operation }, 'an answer could not be written');
      finished(call, writeInstead(call, error), 0);
    }
  });

  const services: Services = {
    settings: config,
    clock,
    log,
    metrics,
    tracing: shared.tracing,
    health,
    identityHealth,
    circuits,
    notable: shared.notable,
    standings,
    directory,
    regions,
    limits,
    cache,
    idempotency,
    statePolls,
    sharedReads: new SharedReads(clock),
    clients,
    callers: access.callers,
    registry: access.registry,
    identifier: access.identifier,
    passwords: shared.passwords,
    ownCallers: access.callers.own,
    tokens: access.tokens,
    revocations: shared.tokens.revocations,
    revoke: (token) => shared.tokens.revoke(token),
    links,
    location: (call, place, kind, url) => locate(links(place.account), call, place, kind, url),
    latest: shared.latest,
    reply(call, given) {
      const withdrawn = given.status === 401 ? undefined : withdrawnFault(call, services);
      const reply = withdrawn === undefined ? given : faultReply(call, withdrawn);
      outbox.put(call, () => {
        finished(call, reply.status, writeReply(call, reply));
      });
    },
    respond(call, response) {
      const withdrawn = withdrawnFault(call, services);
      if (withdrawn !== undefined) return services.reply(call, faultReply(call, withdrawn));
      outbox.put(call, () => {
        finished(call, response.status, writeResponse(call, response));
      });
    },
    pass(call, passed) {
      outbox.put(call, () => {
        finished(call, passed.status, writePassed(call, passed));
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
  const live = [...accounts.values()];
  const watches = [
    new VersionWatch(systemClock, health, () => watchedRegions(live, pools)),
    new VersionWatch(systemClock, identityHealth, () => watchedIdentities(live, pools)),
  ];
  return {
    services,
    terms: access.terms,
    accounts,
    state,
    start() {
      const { circuit, maxInFlight } = config.upstream;
      const names = new Set([...directory.accounts.map(({ name }) => name), OWN_ACCOUNT]);
      circuits.use({ ...circuit, mostInFlight: maxInFlight }, names);
      observeTokens(metrics, directory.accounts as readonly LiveAccount[]);
      stopCounting = beginRegions(services);
      for (const account of accounts.values()) for (const { tokens } of account.logins) tokens.start();
      state.start(services);
      for (const watch of watches) watch.start();
    },
    async retire(successor) {
      stopCounting();
      for (const watch of watches) watch.stop();
      for (const [key, account] of accounts) if (!successor.accounts.has(key)) closeAccount(account);
      await state.retire(successor.state);
    },
    drain(untilMs) {
      statePolls.end();
      limits.drain(untilMs);
    },
    turnAway() {
      limits.drain(clock.monotonic());
      for (const account of accounts.values()) closeAccount(account);
    },
    async close() {
      for (const watch of watches) watch.stop();
      for (const account of accounts.values()) closeAccount(account);
      await state.close();
    },
  };
}

/** Counts for the regions of each account begin with its catalogs, until that is stopped. */
function beginRegions({ metrics, directory, clients, limits }: Services): () => void {
  const names = [ANONYMOUS, ...clients.keys()];
  const stops = (directory.accounts as readonly LiveAccount[]).flatMap((account) =>
    account.logins.map(({ tokens }) =>
      tokens.onToken(() => {
        for (const { region } of account.endpoints().values())
          beginRegion(metrics, account.name, region, names, limits.scopesOf(account.name));
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
