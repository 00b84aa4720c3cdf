import { instanceReadiness } from '../admin/readiness.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Services } from '../serving/services.ts';
import { VERSION } from '../version.ts';
import type { Listener } from './listener.ts';

/**
 * Gauges of the gateway as a whole, read when somebody scrapes: what is up, what is under way, which configuration is in force.
 * What is gone is not shown as it last was.
 *
 * @param loadedAtMs when the configuration in force was put in force, wall time in ms
 */
export function observeGateway(
  services: () => Services,
  listeners: readonly Listener[],
  loadedAtMs: () => number,
): void {
  const { metrics } = services();
  metrics.buildInfo.set({ version: VERSION, node: process.version }, 1);
  metrics.onScrape('gateway', () => {
    const now = services();
    observeAccounts(now);
    observeRedis(now);
    observeListeners(now, listeners);
    metrics.reloadSuccessful.set(now.standings.get('reload')?.isUp === false ? 0 : 1);
    metrics.reloadTimestamp.set(loadedAtMs() / 1000);
  });
}

function observeAccounts(services: Services): void {
  const { metrics, health, identityHealth, circuits, regions, directory } = services;
  metrics.identityUp.reset();
  metrics.accountReady.reset();
  for (const { name, ready } of instanceReadiness(services).accounts)
    metrics.accountReady.set({ account: name }, ready ? 1 : 0);
  for (const gauge of [metrics.regionUp, metrics.upstreamInFlight, metrics.retryBudget]) gauge.reset();
  for (const account of directory.accounts as readonly LiveAccount[]) {
    for (const { region = '' } of account.logins) {
      const isUp = identityHealth.standing(account.name, region)?.isUp === true;
      metrics.identityUp.set({ account: account.name, region }, isUp ? 1 : 0);
    }
    for (const { region, origin } of account.endpoints().values()) {
      const labels = { account: account.name, region };
      const standing = health.standing(account.name, region);
      if (standing !== undefined) metrics.regionUp.set(labels, standing.isUp ? 1 : 0);
      metrics.upstreamInFlight.set(labels, circuits.inFlight(account.name, region));
      metrics.retryBudget.set(labels, regions.retriesLeft(origin));
    }
  }
}

function observeRedis({ metrics, standings, limits }: Services): void {
  metrics.redisUp.reset();
  const isAlone = limits.standings().some((standing) => standing.isAlone === true);
  for (const [part, { isUp }] of standings.all()) {
    const purpose = /^redis (.*)$/.exec(part)?.[1];
    if (purpose === undefined) continue;
    metrics.redisUp.set({ purpose }, isUp && !(purpose === 'limits' && isAlone) ? 1 : 0);
  }
}

function observeListeners({ metrics }: Services, listeners: readonly Listener[]): void {
  let connections = 0;
  let inFlight = 0;
  for (const listener of listeners) {
    const load = listener.load();
    connections += load.connections;
    inFlight += load.inFlight;
  }
  metrics.httpConnections.set(connections);
  metrics.httpInFlight.set(inFlight);
}
