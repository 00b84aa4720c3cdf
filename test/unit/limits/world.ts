import type { Redis } from 'ioredis';
import { limitKey, type PublishedLimit, UNIT_MS } from '../../../src/limits/published/limit.ts';
import { createShaper } from '../../../src/limits/queue/shaper.ts';
import { type Shaper, silentObserver } from '../../../src/limits/queue/shaper-contract.ts';
import { BudgetLease } from '../../../src/limits/shared/lease.ts';
import { createRedisBudgetStore } from '../../../src/limits/shared/redis-store.ts';
import type { BudgetStore, ExchangeReport } from '../../../src/limits/shared/store.ts';
import type { Permit, Refusal, SlotRequest } from '../../../src/limits/slot-request.ts';
import { createSeal } from '../../../src/redis/seal.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import {
  createReferenceLimiter,
  type LimiterKind,
  type ReferenceLimiter,
} from '../../support/reference-upstreams.ts';
import { requestFor, TEST_SETTINGS } from './harness.ts';

/** What the instances of a world seal with. */
const SEAL = createSeal(['the key that all instances have in common']);

/** How long a request is on its way there and back, ms, and what becomes of it on the way. */
export interface Trip {
  readonly thereMs: number;
  readonly backMs: number;
  /** `given back`: never sent. `left`: its caller leaves before the answer, the region counts it all the same. */
  readonly fate?: 'answered' | 'given back' | 'left';
}

export interface WorldOptions {
  readonly kind: LimiterKind;
  readonly limits: readonly PublishedLimit[];
  readonly trip: (sent: number) => Trip;
  readonly shares?: (client: string) => number;
  /** Where instances share the budget; left out, the one instance has it to itself. */
  readonly redis?: Redis;
}

/** What has become of a request. */
export interface Request {
  readonly path: string;
  readonly client: string;
  readonly askedAt: number;
  sentAt: number | undefined;
  state: 'waiting' | 'sent' | 'refused' | 'gone';
}

let worlds = 0;

/** A region that enforces its limits in one of the three ways, and instances in front of it, all on one fake clock. */
export class World {
  readonly clock = new FakeClock();
  readonly instances: Instance[] = [];
  readonly options: WorldOptions;
  limits: readonly PublishedLimit[];
  isStoreUp = true;
  exchanges = 0;
  rejections = 0;
  sent = 0;
  /** Looks at the world after each event. */
  inspect: () => void = () => undefined;
  readonly #limiters: Map<string, ReferenceLimiter>;
  readonly #prefix = `world${process.pid}-${worlds++}:`;
  readonly #pending = new Set<Promise<unknown>>();

  constructor(options: WorldOptions) {
    this.options = options;
    this.limits = options.limits;
    this.#limiters = new Map(
      options.limits.map((limit) => [
        limitKey(limit),
        createReferenceLimiter(options.kind, limit.value, UNIT_MS[limit.unit]),
      ]),
    );
  }

  /** @param instances how many it takes there to be until Redis has said */
  join(name: string, instances = 1): Instance {
    return this.#add(new Instance(this, this.#storeOf(name), instances));
  }

  /** An instance that has not asked the region yet, and holds everything back until it has. */
  joinUnasked(name: string, guess: readonly PublishedLimit[]): Instance {
    const instance = new Instance(this, this.#storeOf(name), 1, guess);
    instance.shaper.hold();
    return this.#add(instance);
  }

  #add(instance: Instance): Instance {
    this.instances.push(instance);
    return instance;
  }

  get alive(): Instance[] {
    return this.instances.filter(({ isAlive }) => isAlive);
  }

  get requests(): Request[] {
    return this.instances.flatMap(({ requests }) => requests);
  }

  /**
   * A limit has another value. The instances hear of a lower one before it is enforced, as much as a request may be on its
   * way, and of a higher one afterwards: of what nobody told them they cannot know.
   */
  change(index: number, value: number): void {
    const changed = { ...this.limits[index]!, value };
    const isLower = value < this.limits[index]!.value;
    this.limits = this.limits.map((limit, at) => (at === index ? changed : limit));
    const limiter = this.#limiters.get(limitKey(changed))!;
    if (!isLower) limiter.change(value);
    for (const { shaper } of this.alive) shaper.setLimits(this.limits);
    if (isLower) this.clock.setTimer(() => limiter.change(this.limits[index]!.value), 501);
  }

  /** A request reaches the region, which counts it under all limits that match until one says no. */
  arrive(path: string): void {
    const charged = this.limits.filter((limit) => matches(limit, path));
    const isRefused = charged.some(
      (limit) => !this.#limiters.get(limitKey(limit))!.arrive(this.clock.monotonic()),
    );
    if (isRefused) this.rejections++;
  }

  /** Redis is gone with all it knew. */
  async lose(): Promise<void> {
    this.isStoreUp = false;
    const keys = (await this.options.redis?.keys(`${this.#prefix}*`)) ?? [];
    if (keys.length > 0) await this.options.redis?.del(...keys);
  }

  /** Somebody writes over what Redis holds. */
  async spoil(rubbish: (key: string) => Promise<unknown>): Promise<void> {
    for (const key of (await this.options.redis?.keys(`${this.#prefix}*`)) ?? []) {
      await this.options.redis?.del(key);
      await rubbish(key);
    }
  }

  /** Somebody looks at what Redis holds. */
  async copy(look: (key: string) => Promise<unknown>): Promise<void> {
    for (const key of (await this.options.redis?.keys(`${this.#prefix}*`)) ?? []) await look(key);
  }

  /** Moves time on, event by event, letting every exchange finish at the moment it was made. */
  async run(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    await this.#quiet();
    for (let next = this.clock.nextIn(); next !== undefined; next = this.clock.nextIn()) {
      if (this.clock.monotonic() + next > end) break;
      this.clock.tick(next);
      await this.#quiet();
    }
    this.clock.tick(end - this.clock.monotonic());
  }

  /** Runs until nobody waits; for `ms` at most. */
  async drain(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    const isBusy = () => this.alive.some(({ shaper }) => shaper.queueDepth > 0);
    while (isBusy() && this.clock.monotonic() < end) await this.run(250);
  }

  async #quiet(): Promise<void> {
    do {
      if (this.#pending.size > 0) await Promise.allSettled(this.#pending);
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#pending.size > 0);
    this.inspect();
  }

  #storeOf(instance: string): BudgetStore | undefined {
    const { redis } = this.options;
    if (!redis) return undefined;
    const now = () => this.clock.now();
    const real = createRedisBudgetStore({
      redis,
      instance,
      prefix: this.#prefix,
      now,
      seal: () => SEAL,
    });
    return { exchange: (report) => this.#exchange(real, report) };
  }

  #exchange(real: BudgetStore, report: ExchangeReport): ReturnType<BudgetStore['exchange']> {
    if (!this.isStoreUp) return Promise.reject(new Error('Redis is away'));
    this.exchanges++;
    const answer = real.exchange(report);
    this.#pending.add(answer);
    const done = () => void this.#pending.delete(answer);
    answer.then(done, done);
    return answer;
  }
}

/** One process. */
export class Instance {
  readonly shaper: Shaper;
  readonly states: string[] = [];
  readonly requests: Request[] = [];
  isAlive = true;
  readonly #world: World;

  constructor(
    world: World,
    store: BudgetStore | undefined,
    instances: number,
    limits: readonly PublishedLimit[] = world.limits,
  ) {
    this.#world = world;
    const { clock } = world;
    this.shaper = createShaper({
      clock,
      settings: TEST_SETTINGS,
      shares: world.options.shares ?? (() => 1),
      observe: silentObserver,
      lease:
        store &&
        ((holder) =>
          new BudgetLease({
            clock,
            store: { exchange: (report) => (this.isAlive ? store.exchange(report) : never()) },
            holder,
            budget: 'someone|DFW',
            instances: () => instances,
            onState: (state) => this.states.push(state),
          })),
    });
    this.shaper.setLimits(limits);
  }

  get sent(): number {
    return this.requests.filter(({ state }) => state === 'sent').length;
  }

  get refused(): number {
    return this.requests.filter(({ state }) => state === 'refused').length;
  }

  /** Asks for so many slots at once. */
  flood(count: number, overrides: Partial<SlotRequest> = {}): void {
    for (let index = 0; index < count; index++) this.request(overrides);
  }

  /** @param leaveAfterMs when the caller gives up, should it still wait; undefined: never */
  request(overrides: Partial<SlotRequest> = {}, leaveAfterMs?: number): Request {
    const { path = '/servers', client = 'anybody' } = overrides;
    const askedAt = this.#world.clock.monotonic();
    const request: Request = { path, client, askedAt, sentAt: undefined, state: 'waiting' };
    this.requests.push(request);
    const leaver = leaveAfterMs === undefined ? undefined : new AbortController();
    if (leaver) this.#world.clock.setTimer(() => leaver.abort(), leaveAfterMs!);
    const outcome = this.shaper.acquire(requestFor(path, { ...overrides, signal: leaver?.signal }));
    const settled = (answer: Permit | Refusal) => this.#settled(request, answer);
    if (outcome instanceof Promise)
      void outcome.then(settled, () => {
        request.state = 'gone';
      });
    else settled(outcome);
    return request;
  }

  #settled(request: Request, answer: Permit | Refusal): void {
    if (answer.refused) request.state = 'refused';
    else if (!this.isAlive) request.state = 'gone';
    else this.#send(request, answer);
  }

  #send(request: Request, permit: Permit): void {
    const world = this.#world;
    const { clock } = world;
    const { thereMs, backMs, fate = 'answered' } = world.options.trip(world.sent++);
    if (fate === 'given back') {
      request.state = 'gone';
      permit.cancel();
      return;
    }
    request.state = 'sent';
    request.sentAt = clock.monotonic();
    if (fate === 'left') clock.setTimer(() => permit.lost(), (thereMs + backMs) / 3);
    clock.setTimer(() => {
      world.arrive(request.path);
      clock.setTimer(() => permit.answered(200), backMs);
    }, thereMs);
  }

  /** kill -9. */
  kill(): void {
    this.isAlive = false;
  }
}

export const matches = (limit: PublishedLimit, path: string): boolean =>
  limit.regex === undefined
    ? limit.uri === '*' || path.startsWith(limit.uri)
    : new RegExp(limit.regex).test(path);

const never = (): Promise<never> => new Promise(() => undefined);
