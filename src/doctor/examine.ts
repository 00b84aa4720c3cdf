/** Everything that `sluice doctor` looks at, in the order in which one thing stands on another. */
import { systemClock } from '../clock.ts';
import { identitiesOf } from '../config/identities.ts';
import { IN_PROCESS } from '../config/identity-rules.ts';
import type { Config } from '../config/schema.ts';
import { createLogin, trustOf } from '../gateway/accounts.ts';
import { sharedSettings } from '../gateway/peers.ts';
import { chooseEndpoints, chooseService, type Endpoint, regionOf } from '../identity/catalog.ts';
import { mergeCatalogs } from '../identity/merge-catalogs.ts';
import { identityUrlOf, type Trust } from '../identity/settings.ts';
import type { Token } from '../identity/token.ts';
import { usesRedis } from '../redis/settings.ts';
import type { Environment } from '../settings/interpolate.ts';
import type { Tree } from '../settings/tree.ts';
import { ExchangeError } from '../upstream/exchange.ts';
import { Pools } from '../upstream/pools.ts';
import { Proxies } from '../upstream/proxies.ts';
import { type AccountCatalog, judgeCatalog, judgeNamedRegions } from './catalog.ts';
import { judgeClock } from './clock.ts';
import { judgeName, resolveName } from './dns.ts';
import { judgeFile, namedFiles, stateOf } from './files.ts';
import { about, type Finding } from './finding.ts';
import { handleLimit, judgeHandles } from './handles.ts';
import { judgeInstances } from './instances.ts';
import { askLimits, askOnce, judgeLimits } from './limits.ts';
import { judgeLogin, tryLogin } from './login.ts';
import { judgePort, placesOf, tryListen } from './ports.ts';
import { judgeRedis, lookAtRedis } from './redis.ts';
import { addressOf, merged, type Target } from './target.ts';
import { judgeConnection, tryConnect } from './tcp.ts';
import { judgeHandshake, shakeHands } from './tls.ts';

/** What is examined. */
export interface Patient {
  readonly config: Config;
  /** The configuration as it is written, variables put in and before that, with its file's name. */
  readonly tree: Tree;
  readonly source: Tree;
  readonly file: string;
  readonly env: Environment;
  /** Whether a Sluice answers where this configuration's operators' listener is. */
  readonly isServed: () => Promise<boolean>;
}

/** One login of an account that has brought a token. */
interface Member {
  readonly account: Config['accounts'][number];
  readonly path: string;
  readonly region: string | undefined;
  readonly trust: Trust | undefined;
  readonly token: Token;
}

/** Looks at everything. @param report told of each finding as it comes */
export async function examine(patient: Patient, report: (finding: Finding) => void): Promise<Finding[]> {
  const all: Finding[] = [];
  const tell = (findings: readonly Finding[]) => {
    for (const finding of findings) {
      all.push(finding);
      report(finding);
    }
  };
  const { config, tree, source, file, env } = patient;
  tell(namedFiles(tree, source, file, env).map((one) => judgeFile(one, stateOf(one))));
  tell(await ports(patient));
  const proxies = proxiesOf(env);
  const pools = new Pools(config.upstream, systemClock, { proxies });
  try {
    const visit = new Visit(config, pools, proxies, tell);
    const endpoints = await visit.accounts();
    tell([judgeHandles(handleLimit(), Math.max(1, endpoints), config.upstream.connections)]);
  } finally {
    await pools.close();
  }
  if (usesRedis(config.redis)) {
    const state = await lookAtRedis(config.redis);
    tell(judgeRedis(state));
    if (typeof state !== 'string') tell(judgeInstances(sharedSettings(config), state.instances));
  } else tell([about('redis', 'connection').ok('none is configured: this instance shares nothing')]);
  return all;
}

/** What is wrong with a proxy's variable is said where the configuration is looked at; the rest is looked at without. */
function proxiesOf(env: Environment): Proxies {
  try {
    return new Proxies(env);
  } catch {
    return new Proxies({});
  }
}

async function ports({ config, isServed }: Patient): Promise<Finding[]> {
  const tried = await Promise.all(
    placesOf(config).map(async (place) => [place, await tryListen(place)] as const),
  );
  const isInUse = tried.some(([, problem]) => problem === 'EADDRINUSE');
  const served = isInUse && (await isServed());
  return tried.map(([place, problem]) => judgePort(place, problem, served));
}

/** The way to every upstream: names, connections, handshakes, logins, catalogs, regions. */
class Visit {
  readonly #config: Config;
  readonly #pools: Pools;
  readonly #proxies: Proxies;
  readonly #tell: (findings: readonly Finding[]) => void;
  /** Addresses that cannot be connected to: nothing more is asked there. */
  readonly #dead = new Set<string>();

  constructor(config: Config, pools: Pools, proxies: Proxies, tell: (findings: readonly Finding[]) => void) {
    this.#config = config;
    this.#pools = pools;
    this.#proxies = proxies;
    this.#tell = tell;
  }

  /** @returns how many endpoints there are pools for */
  async accounts(): Promise<number> {
    const { accounts } = this.#config;
    const services = accounts.flatMap((account, index) =>
      identitiesOf(account).map((identity, at, all) => {
        const path = `accounts.${index}.identity${all.length > 1 ? `.${at}` : ''}`;
        return { account, path: `accounts.${index}`, setting: `${path}.url`, identity };
      }),
    );
    const [inProcess, remote] = [true, false].map((isOwn) =>
      services.filter(({ identity }) => (identity.url === IN_PROCESS) === isOwn),
    ) as [typeof services, typeof services];
    this.#tell(
      inProcess.map(({ account }) =>
        about('login', account.name).ok(
          'at the simulator that `sluice serve` starts in its process: nothing to look at',
        ),
      ),
    );
    const targets = merged(
      remote.map(({ account, identity }) => {
        const { origin } = new URL(identityUrlOf(identity.url));
        return this.#target(`identity of ${account.name}`, origin, trustOf(identity));
      }),
    );
    await this.#reach(targets);
    await this.#clocks(targets, (target) => {
      const found = remote.find(
        ({ identity }) => new URL(identityUrlOf(identity.url)).origin === target.origin,
      );
      return new URL(identityUrlOf(found!.identity.url)).pathname;
    });
    const members: Member[] = [];
    for (const { account, path, identity } of remote) {
      if (this.#dead.has(new URL(identityUrlOf(identity.url)).origin)) {
        const who = identity.region === undefined ? account.name : `${account.name} ${identity.region}`;
        this.#tell([about('login', who).fault('not tried', 'see the lines of dns, tcp and tls above')]);
        continue;
      }
      const timeoutMs = this.#config.upstream.headersTimeoutMs;
      const login = createLogin(identity, this.#config, { clock: systemClock, pools: this.#pools });
      const outcome = await tryLogin(login, timeoutMs);
      const who = identity.region === undefined ? account.name : `${account.name} ${identity.region}`;
      this.#tell([judgeLogin(who, outcome, Date.now())]);
      if ('token' in outcome)
        members.push({
          account,
          path,
          region: identity.region,
          trust: trustOf(identity),
          token: outcome.token,
        });
    }
    return (
      targets.length +
      (await this.#regions(members, remote.length === members.length && inProcess.length === 0))
    );
  }

  /** @param isWhole every catalog is here: what none of them has is nowhere */
  async #regions(members: readonly Member[], isWhole: boolean): Promise<number> {
    const catalogs = catalogsOf(members);
    for (const catalog of catalogs) this.#tell(judgeCatalog(catalog));
    if (isWhole) this.#tell(judgeNamedRegions(this.#config, catalogs));
    const places = catalogs.flatMap(({ account, chosen }) =>
      [...chosen.endpoints.values()].map((endpoint) => {
        const own = members.filter((member) => member.account === account);
        const member =
          own.find(({ region }) => region?.toUpperCase() === endpoint.region.toUpperCase()) ?? own[0]!;
        const target = this.#target(`${endpoint.region} of ${account.name}`, endpoint.origin, member.trust);
        return { endpoint, member, target, where: `${account.name} ${endpoint.region}` };
      }),
    );
    const targets = merged(places.map(({ target }) => target));
    await this.#reach(targets);
    const answers = await Promise.all(
      places.map(async ({ endpoint, member, where }) =>
        this.#dead.has(endpoint.origin)
          ? [about('limits', where).fault('not asked', 'see the lines of dns, tcp and tls above')]
          : this.#limits(where, endpoint, member),
      ),
    );
    this.#tell(answers.flat());
    return targets.length;
  }

  async #limits(where: string, endpoint: Endpoint, { token, trust }: Member): Promise<Finding[]> {
    const askedAt = Date.now();
    const dispatcher = this.#pools.get(endpoint.origin, trust);
    const answer = await askLimits(dispatcher, endpoint, token, this.#config.upstream.headersTimeoutMs);
    const findings = this.#config.limits.source === 'static' ? [] : judgeLimits(where, answer);
    if (answer instanceof ExchangeError) return judgeLimits(where, answer);
    return [...findings, judgeClock(where, String(answer.headers.date ?? ''), askedAt, Date.now())];
  }

  async #clocks(targets: readonly Target[], pathOf: (target: Target) => string): Promise<void> {
    for (const target of targets) {
      if (this.#dead.has(target.origin)) continue;
      const askedAt = Date.now();
      const dispatcher = this.#pools.get(target.origin, target.trust);
      const timeoutMs = this.#config.upstream.headersTimeoutMs;
      const answer = await askOnce(dispatcher, pathOf(target), {}, timeoutMs);
      // Whether it answers at all is for the login to say.
      if (answer instanceof ExchangeError) continue;
      this.#tell([
        judgeClock(addressOf(target.origin).host, String(answer.headers.date ?? ''), askedAt, Date.now()),
      ]);
    }
  }

  #target(role: string, origin: string, trust: Trust | undefined): Target {
    return { role, origin, trust, proxy: this.#proxies.to(origin) };
  }

  /** Names, connections and handshakes of servers, or of the proxies on the way to them. */
  async #reach(targets: readonly Target[]): Promise<void> {
    const each = await Promise.all(targets.map((target) => this.#reachOne(target)));
    const lines = each.flat();
    // A proxy, or a host for several regions, is on the way of several.
    this.#tell(lines.filter((line, index) => lines.findIndex((one) => sameLine(one, line)) === index));
  }

  async #reachOne({ role, origin, trust, proxy }: Target): Promise<Finding[]> {
    const { host, port, isTls } = addressOf(proxy ?? origin);
    const purpose = proxy === undefined ? role : 'proxy';
    const { connectTimeoutMs } = this.#config.upstream;
    const resolved = await resolveName(host);
    const name = judgeName(host, purpose, resolved);
    if (name.level === 'fault') return this.#isDead(origin, [name]);
    const address = `${host}:${port}`;
    const outcome = await tryConnect(host, port, connectTimeoutMs);
    const connection = judgeConnection(address, purpose, outcome, connectTimeoutMs / 2);
    if (connection.level === 'fault') return this.#isDead(origin, [name, connection]);
    if (!isTls) return [name, connection];
    const shaken = await shakeHands(
      { host, port },
      proxy === undefined ? trust : undefined,
      connectTimeoutMs * 2,
    );
    const handshake = judgeHandshake(address, shaken, Date.now());
    if (handshake.level === 'fault') return this.#isDead(origin, [name, connection, handshake]);
    return [name, connection, handshake];
  }

  #isDead(origin: string, findings: Finding[]): Finding[] {
    this.#dead.add(origin);
    return findings;
  }
}

const sameLine = (one: Finding, other: Finding): boolean => JSON.stringify(one) === JSON.stringify(other);

/** The catalog of each account, of all its logins. */
function catalogsOf(members: readonly Member[]): AccountCatalog[] {
  const accounts = [...new Set(members.map(({ account }) => account))];
  return accounts.map((account) => {
    const own = members.filter((member) => member.account === account);
    const [first] = own as [Member];
    const parts = own.flatMap(({ region, token }) =>
      region === undefined ? [] : [{ region, tenantId: token.tenant.id, catalog: token.catalog }],
    );
    const catalog = parts.length === 0 ? first.token.catalog : mergeCatalogs(parts, account.service);
    const chosen = chooseEndpoints(catalog, { ...account, tenantId: first.token.tenant.id });
    const regions = chooseService(catalog, account.service)?.endpoints.map(regionOf) ?? [];
    const all = [...new Set(regions.filter((region) => region !== ''))];
    return { account, path: first.path, catalog, chosen, all };
  });
}
