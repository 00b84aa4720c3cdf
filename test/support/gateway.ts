import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../src/clock.ts';
import { checkTree } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { isRecord, type Tree } from '../../src/settings/tree.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { STUB_CREDENTIALS } from './stub-identity.ts';

/** A gateway that listens on free ports of the loopback interface. */
export interface TestGateway {
  readonly url: string;
  /** Of all listeners, where `listen` is a list. */
  readonly urls: readonly string[];
  readonly adminUrl: string;
  /** Ports of `listen.regions`, by region. */
  readonly regionUrls: Readonly<Record<string, string>>;
  readonly config: Config;
  /** What it logged so far, one object a line. */
  logged(): Record<string, unknown>[];
  /** The same as text: to search for what must not be there. */
  logText(): string;
  /** One sample of `/metrics`, such as `sluice_upstream_overlimit_total`; label values narrow it; the sum of all that match. */
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  /** What the process does after a reload that changes `log.level`. */
  logLevel(level: string): void;
  /** Puts these settings over those it was started with, as SIGHUP does. */
  reload(settings: Tree): Promise<void>;
  close(graceMs?: number, delayMs?: number): Promise<void>;
}

export interface TestGatewayOptions {
  /** The identity service of its one account, `main`. */
  identityUrl: string;
  /** How it logs in there; the stub upstream's own credentials by default. */
  credentials?: {
    username: string;
    apiKey?: string;
    password?: string;
    caFile?: string;
    certFile?: string;
    keyFile?: string;
  };
  /** Settings over the defaults; mappings are merged, lists and values replace. */
  settings?: Tree;
  clock?: Clock;
  /** Where its `HTTPS_PROXY` and the like stand; none by default, whatever the machine has. */
  environment?: Record<string, string>;
  /** False: does not wait for the first login (identity is down, or held at a gate). */
  untilReady?: boolean;
}

/** With `FAST_PATH=off` in the environment every test's gateway runs without its fast path: all must pass then, too. */
export const FAST_PATH = process.env['FAST_PATH'] !== 'off';

/** Starts a gateway, by default in front of `startStubUpstream()`. */
export async function startGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const { username, apiKey } = STUB_CREDENTIALS;
  const credentials = options.credentials ?? { username, apiKey };
  const base: Tree = {
    listen: { port: 0, fastPath: FAST_PATH },
    admin: { port: 0 },
    accounts: [{ name: 'main', identity: { url: options.identityUrl, ...credentials } }],
  };
  const settings = merged(base, options.settings ?? {});
  const config = configOf(settings);
  const lines: string[] = [];
  const log = createLog(config.log, { write: (line: string) => void lines.push(line) });
  const { clock, environment = {} } = options;
  const gateway = await createGateway(config, { log, environment, ...(clock ? { clock } : {}) });
  const addresses = await gateway.listen();
  if (options.untilReady !== false) await untilReady(addresses.adminUrl, () => lines.join(''));

  return {
    ...addresses,
    config,
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    logText: () => lines.join(''),
    metric: async (name, labels = {}) =>
      sumOf(await (await fetch(`${addresses.adminUrl}/metrics`)).text(), name, labels),
    logLevel(level) {
      log.level = level;
    },
    reload: (next) => gateway.reload(configOf(merged(settings, next))),
    close: (graceMs = 0, delayMs = 0) => gateway.close({ delayMs, graceMs }),
  };
}

function configOf(tree: Tree): Config {
  const loaded = checkTree(structuredClone(tree), {}, process.cwd());
  if ('problems' in loaded)
    throw new Error(`the test's configuration is wrong:\n${loaded.problems.join('\n')}`);
  return loaded.config;
}

function merged(under: Tree, over: Tree): Tree {
  const result: Tree = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    result[key] = isRecord(below) && isRecord(value) ? merged(below, value) : value;
  }
  return result;
}

/** The login runs over real sockets, so that only asking again tells when it is done. */
async function untilReady(adminUrl: string, logText: () => string): Promise<void> {
  for (let attempt = 0; attempt < 5_000; attempt++) {
    const { status } = await fetch(`${adminUrl}/readyz`);
    if (status === 200) return;
    await pause(10);
  }
  throw new Error(`the gateway did not get ready; it logged:\n${logText()}`);
}

/** Sums the samples of the Prometheus text that bear the name and all these labels. */
function sumOf(text: string, name: string, labels: Record<string, string>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const samples = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((pair) => line.includes(`{${pair}`) || line.includes(`,${pair}`)));
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
