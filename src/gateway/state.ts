import { randomUUID } from 'node:crypto';
import { createCache, type ResponseCache } from '../cache/cache.ts';
import { connectSharedStore } from '../cache/redis/store.ts';
import type { Clock } from '../clock.ts';
import { identitiesOf } from '../config/identities.ts';
import { IN_PROCESS } from '../config/identity-rules.ts';
import type { Config } from '../config/schema.ts';
import type { IdempotencyKeeper } from '../idempotency/keeper.ts';
import { serviceNameOf } from '../identity/service-types.ts';
import { identityUrlOf, userOf } from '../identity/settings.ts';
import type { JsonValue } from '../json.ts';
import { CONTROL_CLIENT } from '../limits/client.ts';
import { createLimits, type RegionLimits } from '../limits/limits.ts';
import type { LimitScope } from '../limits/settings.ts';
import { createRedisBudgetStore } from '../limits/shared/redis-store.ts';
import type { BudgetStore } from '../limits/shared/store.ts';
import type { Permit } from '../limits/slot-request.ts';
import { operationNamed } from '../operations/match.ts';
import { createRedis, type RedisConnection } from '../redis/connection.ts';
import { createSeal, type Seal } from '../redis/seal.ts';
import { usesRedis } from '../redis/settings.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Place } from '../routing/directory.ts';
import type { Services } from '../serving/services.ts';
import { observeCache, observeLimits } from '../telemetry/observers.ts';
import { MOST_AT_ONCE, nextTurn } from '../turns.ts';
import { cancellationOf } from '../upstream/cancellation.ts';
import type { Regions } from '../upstream/region.ts';
import { idempotencyKeyOf, openIdempotency } from './idempotency.ts';
import type { Shared } from './shared.ts';
import { warmCache } from './warm.ts';

/**
 * What is remembered from request to request: cached answers, rate-limit windows, keys of creates. It outlives a reload if it
 * can.
 */
export interface State {
  readonly cache: ResponseCache;
  readonly idempotency: IdempotencyKeeper;
  readonly limits: RegionLimits<Place>;
  /** Says which services are in force: limits are learned by way of them. Before the first request. */
  connect(services: Services): void;
  /** Begins to learn limits and to warm the cache, once tokens are there. */
  start(services: Services): void;
  /** Closes what the successor did not take over. */
  retire(successor: State): Promise<void>;
  close(): Promise<void>;
}

/** Opens the state of a configuration, or takes over what its predecessor has under the same settings. */
export function openState(config: Config, shared: Shared, before?: State): State {
  const same = before instanceof OpenState ? before : undefined;
  return new OpenState(config, shared, same);
}

class OpenState implements State {
  readonly cache: ResponseCache;
  readonly limits: RegionLimits<Place>;
  readonly idempotency: IdempotencyKeeper;
  readonly #cacheKey: string;
  readonly #limitsKey: string;
  readonly #idempotencyKey: string;
  readonly #live: LiveLimits;

  constructor(config: Config, shared: Shared, before: OpenState | undefined) {
    this.#cacheKey = JSON.stringify([config.cache, config.redis]);
    this.#limitsKey = limitsKeyOf(config);
    this.cache = before && before.#cacheKey === this.#cacheKey ? before.cache : openCache(config, shared);
    this.#idempotencyKey = idempotencyKeyOf(config);
    this.idempotency =
      before && before.#idempotencyKey === this.#idempotencyKey
        ? before.idempotency
        : openIdempotency(config, shared);
    const live = liveLimits(config);
    const keeps = before !== undefined && before.#limitsKey === this.#limitsKey;
    this.#live = keeps ? Object.assign(before.#live, live) : live;
    this.limits = keeps ? before.limits : openLimits(this.#live, config, shared);
    if (keeps) this.limits.reload();
  }

  connect(services: Services): void {
    this.#live.services = services;
  }

  start(services: Services): void {
    for (const account of services.directory.accounts as readonly LiveAccount[]) {
      for (const login of account.logins) {
        const stop = login.tokens.onToken(() => {
          for (const endpoint of account.endpoints().values()) {
            if (account.loginAt(endpoint.region) !== login) continue;
            this.limits.warm({ account, endpoint });
            warmCache({ account, endpoint }, services);
          }
          queueMicrotask(() => stop());
        });
      }
    }
  }

  async retire(successor: State): Promise<void> {
    if (successor.limits !== this.limits) await this.limits.close();
    if (successor.cache !== this.cache) await this.cache.close();
    if (successor.idempotency !== this.idempotency) await this.idempotency.close();
  }

  async close(): Promise<void> {
    await this.limits.close();
    await this.cache.close();
    await this.idempotency.close();
  }
}

function openCache(config: Config, { clock, metrics, log, standings }: Shared): ResponseCache {
  const observe = observeCache(metrics, () => cache.stats());
  if (usesRedis(config.redis) && config.redis.signingKeys.length === 0)
    log.warn(
      'redis.signingKeys is empty: whoever can write to Redis decides what callers are answered, as far as it looks like an answer',
    );
  const shared = connectSharedStore(config.redis, {
    clock,
    log,
    observe,
    instanceId: randomUUID(),
    standing: standings.open('redis cache'),
  });
  const cache = createCache({ settings: config.cache, clock, observe, shared });
  return cache;
}

/** How long Redis may take to hand out slots, ms: requests that wait for one can wait for this too. */
const BUDGET_TIMEOUT_MS = 200;

/**
 * What the limits read anew each time, so that a reload puts it in force without forgetting what is spent: a DAY limit
 * that starts again from nothing ends in the region's refusals.
 */
interface LiveLimits {
  settings: Config['limits'];
  users: ReadonlyMap<string, string>;
  /** Whose requests limits count together that do not say so, by account. */
  scopes: ReadonlyMap<string, LimitScope>;
  shares: ReadonlyMap<string, number>;
  /** Of what instances leave for each other in Redis. */
  seal: Seal;
  /** The services in force: their accounts, and the way to their regions. */
  services?: Services;
}

function liveLimits(config: Config): LiveLimits {
  const { accounts, access, limits, redis } = config;
  const named = <T extends { service: string }>(rows: readonly T[]) =>
    rows.map((row) => ({ ...row, service: row.service === '*' ? '*' : serviceNameOf(row.service) }));
  return {
    settings: { ...limits, static: named(limits.static), presetLimits: named(limits.presetLimits) },
    scopes: new Map(accounts.map((account) => [account.name, scopeOf(account)])),
    users: new Map(accounts.map((account) => [account.name, usersOf(account)])),
    shares: new Map(access.clients.map(({ name, share }) => [name, share])),
    seal: createSeal(redis.signingKeys),
  };
}

/** Whose limits are spent: the user of an account, or its users in all regions. */
const usersOf = (account: Config['accounts'][number]): string => identitiesOf(account).map(userOf).join(' ');

/** Identity v2.0 knows users with one tenant each, and its services count by user; later ones count by project. */
const scopeOf = (account: Config['accounts'][number]): LimitScope =>
  identitiesOf(account).every(({ url }) => isV2(url)) ? 'user' : 'project';

const isV2 = (url: string): boolean => url === IN_PROCESS || /\/v2\.0\/*$/.test(identityUrlOf(url));

/** The project of an account in a region, with where it is one; undefined before there is a token. */
function projectOf(name: string, region: string, live: LiveLimits): string | undefined {
  const account = live.services?.directory.accounts.find((one) => one.name === name) as
    | LiveAccount
    | undefined;
  if (account === undefined) return undefined;
  const { tokens, identityUrl } = account.loginAt(region);
  const token = tokens.peek() ?? account.token();
  return token && `${identityUrl} project ${token.tenant.id}`;
}

/** Where windows are remembered, if they are kept at all: where this changes they begin anew. */
function limitsKeyOf({ limits, redis }: Config): string {
  const { signingKeys: _, ...connection } = redis;
  return JSON.stringify([limits.enabled, limits.ledger, connection]);
}

/** The settings as a reload last put them. */
function settingsOf(live: LiveLimits): Config['limits'] {
  const names = Object.keys(live.settings) as (keyof Config['limits'])[];
  const getters = names.map((name) => [name, { get: () => live.settings[name] }] as const);
  return Object.defineProperties({}, Object.fromEntries(getters)) as Config['limits'];
}

/** The account as it is now: an unchanged name may have got new credentials since its limits were first asked for. */
function placeNow(place: Place, live: LiveLimits): Place {
  if (place.account.spender !== undefined) return place;
  const account =
    live.services?.directory.accounts.find(({ name }) => name === place.account.name) ?? place.account;
  return {
    account,
    endpoint: account.endpoints().get(place.endpoint.region.toUpperCase()) ?? place.endpoint,
  };
}

function openLimits(live: LiveLimits, config: Config, shared: Shared): RegionLimits<Place> {
  const { clock, metrics, log, standings } = shared;
  const redis = createRedis(config.redis, log, {
    purpose: 'limits',
    commandTimeoutMs: BUDGET_TIMEOUT_MS,
    standing: standings.open('redis limits'),
  });
  const limits: RegionLimits<Place> = createLimits<Place>({
    store: redis === null ? undefined : budgetStore(redis, live, shared),
    settings: settingsOf(live),
    clock,
    userOf: (account) => live.users.get(account),
    projectOf: (account, region) => projectOf(account, region, live),
    scopeOf: (account) => live.scopes.get(account) ?? 'user',
    shares: (client) => live.shares.get(client) ?? 1,
    fetchLimits: (place, permit) => fetchLimits(placeNow(place, live), permit, live.services!.regions),
    observe: observeLimits(metrics, log, () => limits.standings()),
    warn: (line) => log.warn(line),
  });
  if (redis === null) return limits;
  const closeLimits = limits.close.bind(limits);
  return Object.assign(limits, {
    async close() {
      await closeLimits();
      redis.disconnect();
    },
  });
}

function budgetStore(redis: RedisConnection, live: LiveLimits, { clock, log }: Shared): BudgetStore {
  return createRedisBudgetStore({
    redis,
    instance: randomUUID(),
    seal: () => live.seal,
    onRubbish: rarely(clock, () =>
      log.warn(
        { trouble: 'rubbish' },
        'Redis holds something as the budget of limits that no instance with one of redis.signingKeys wrote; it is ignored',
      ),
    ),
  });
}

/** Whoever writes rubbish decides how often, but not how often that is logged. */
function rarely(clock: Clock, tell: () => void, gapMs = 600_000): () => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.monotonic() - toldAt < gapMs) return;
    toldAt = clock.monotonic();
    tell();
  };
}

/** How long `GET /limits` may take, with all its attempts, ms. */
const LIMITS_TIMEOUT_MS = 10_000;
const GET_LIMITS = operationNamed('getLimits');

/**
 * Asks a region for its limits, with a permit already given for it; a further attempt takes a slot of its own, before
 * everybody else's.
 *
 * @throws {Error} there is no 200 with a document
 */
async function fetchLimits(place: Place, permit: Permit, regions: Regions): Promise<JsonValue> {
  const { status, text } = await regions.ask({
    operation: GET_LIMITS,
    method: GET_LIMITS.method,
    place,
    path: GET_LIMITS.path,
    query: '',
    headers: {},
    body: undefined,
    shared: true,
    permit,
    client: CONTROL_CLIENT,
    priority: 'interactive',
    maxWaitMs: LIMITS_TIMEOUT_MS,
    cancellation: cancellationOf(AbortSignal.timeout(LIMITS_TIMEOUT_MS)),
  });
  if (status !== 200) throw new Error(`the region answered ${status}`);
  // What is long has been read in one turn of the event loop, is parsed in another, and means limits in a third.
  const isLong = text.length > MOST_AT_ONCE;
  if (isLong) await nextTurn();
  const document = JSON.parse(text) as JsonValue;
  if (isLong) await nextTurn();
  return document;
}
