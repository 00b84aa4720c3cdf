import type { Logger } from 'pino';
import { isLoopback } from './access/addresses.ts';
import { changedSettings } from './config/changes.ts';
import type { AccountIdentity } from './config/identities.ts';
import { IN_PROCESS } from './config/identity-rules.ts';
import type { Config, IdentityConfig } from './config/schema.ts';
import { drainTimes } from './gateway/drain.ts';
import { createGateway, type Gateway } from './gateway/gateway.ts';
import { needsV3 } from './identity/settings.ts';
import type { Simulator } from './simulator/simulator.ts';
import { VERSION } from './version.ts';

/** Where a server can be reached. */
export interface Addresses {
  readonly url: string;
  /** Of all listeners, in their order. */
  readonly urls: readonly string[];
  readonly adminUrl: string;
  readonly regionUrls: Readonly<Record<string, string>>;
  /** Identity service of the simulator in this process, if there is one. */
  readonly identityUrl: string | undefined;
}

/** A gateway that serves, with the simulator in front of which it may stand. */
export interface Server {
  readonly addresses: Addresses;
  /**
   * Puts another configuration in force; one at a time, in the order of the calls. What is bound to sockets (`listen`,
   * `admin.host` and `.port`, `simulator`) stays as it was until the next start.
   */
  reload(config: Config): Promise<void>;
  /** Another configuration had so many problems, and is not put in force. */
  refused(problems: number): void;
  /** Takes no more callers after `shutdown.delayMs`, lets requests under way finish within `graceMs`, then ends everything. */
  close(): Promise<void>;
}

/** Starts the simulator, when enabled, then the gateway. When one of them cannot start, nothing is left running. */
export async function startServer(config: Config, log: Logger): Promise<Server> {
  const simulator = await openSimulator(config, log);
  let gateway: Gateway | undefined;
  try {
    const identityUrl = (await simulator?.listen())?.identityUrl;
    const direct = identityUrl === undefined ? [] : [new URL(identityUrl).hostname];
    gateway = await createGateway(resolveIdentity(config, identityUrl), { log, direct });
    const addresses = { ...(await gateway.listen()), identityUrl };
    log.info({ ...addresses, version: VERSION, node: process.version }, 'serving');
    return createServer(config, { gateway, simulator, addresses, log });
  } catch (error) {
    await gateway?.close({ delayMs: 0, graceMs: 0 });
    await simulator?.close();
    throw error;
  }
}

/** The simulator is loaded only by those who use it. */
async function openSimulator({ simulator }: Config, log: Logger): Promise<Simulator | undefined> {
  if (!simulator.enabled) return undefined;
  const { createSimulator } = await import('./simulator/simulator.ts');
  return createSimulator(simulator, { log });
}

interface Parts {
  readonly gateway: Gateway;
  readonly simulator: Simulator | undefined;
  readonly addresses: Addresses;
  readonly log: Logger;
}

function createServer(initial: Config, { gateway, simulator, addresses, log }: Parts): Server {
  let current = initial;
  let reloads = Promise.resolve();

  const apply = async (next: Config): Promise<void> => {
    const { listen, moreListeners, admin } = initial;
    for (const part of boundParts(initial, next)) {
      log.warn({ part }, 'this part of the configuration takes effect at the next start');
    }
    const token = next.admin.token ?? (isLoopback(admin.host) ? null : current.admin.token);
    const bound = {
      ...next,
      listen,
      moreListeners,
      admin: { ...admin, token },
      simulator: initial.simulator,
    };
    await gateway.reload(resolveIdentity(bound, addresses.identityUrl));
    log.level = next.log.level;
    const changed = changedSettings(current, next);
    current = { ...next, admin: bound.admin };
    log.info({ changed }, 'the new configuration is in force');
  };
  return {
    addresses,
    reload(next) {
      const reloaded = reloads.then(() => apply(next));
      reloads = reloaded.catch(() => {});
      return reloaded;
    },
    refused: (problems) => gateway.refused(problems),
    async close() {
      await gateway.close(drainTimes(current));
      await simulator?.close();
    },
  };
}

/** The parts that differ but hold sockets. */
function boundParts(before: Config, after: Config): string[] {
  const parts = ['listen', 'admin', 'simulator', 'tracing'] as const;
  const bound = ({ listen, moreListeners, admin: { host, port }, simulator, tracing }: Config) => ({
    listen: [listen, ...moreListeners],
    admin: { host, port },
    simulator,
    tracing,
  });
  return parts.filter((part) => JSON.stringify(bound(before)[part]) !== JSON.stringify(bound(after)[part]));
}

/** Accounts that log in at the simulator of this process get its URL, which is known only once it listens. */
function resolveIdentity(config: Config, identityUrl: string | undefined): Config {
  const accounts = config.accounts.map((account) => {
    const resolve = <T extends AccountIdentity>(identity: T): T => {
      if (identity.url !== IN_PROCESS) return identity;
      if (identityUrl === undefined)
        throw new Error(`${account.name}: the simulator does not run in this process`);
      return { ...identity, url: needsV3(identity) ? identityUrl.replace(/v2\.0$/, 'v3') : identityUrl };
    };
    const { identity } = account;
    return {
      ...account,
      identity: Array.isArray(identity) ? identity.map(resolve) : resolve(identity as IdentityConfig),
    };
  });
  return { ...config, accounts };
}
