import { type LimitUnit, type PublishedLimit, UNIT_MS } from '../../../../src/limits/published/limit.ts';
import { createShaper } from '../../../../src/limits/queue/shaper.ts';
import {
  type Shaper,
  type ShaperOptions,
  silentObserver,
} from '../../../../src/limits/queue/shaper-contract.ts';
import { BudgetLease } from '../../../../src/limits/shared/lease.ts';
import type { Permit, Refusal } from '../../../../src/limits/slot-request.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import {
  createReferenceLimiter,
  type LimiterKind,
  type ReferenceLimiter,
} from '../../../support/reference-upstreams.ts';
import { requestFor, TEST_SETTINGS } from '../harness.ts';
import { randomOf } from '../random.ts';
import { MemoryStore } from '../shared/memory-store.ts';

/** A limit that the region enforces and does not publish. */
export interface HiddenLimit {
  readonly value: number;
  readonly unit: LimitUnit;
  /** Left out: all. */
  readonly method?: string;
}

export interface HiddenWorldOptions {
  readonly kind: LimiterKind;
  readonly hidden: readonly HiddenLimit[];
  /** What is told beside them. */
  readonly told?: readonly PublishedLimit[];
  /** Slowest way to the region or back, ms; each is as long as chance has it. */
  readonly slowestMs?: number;
  readonly seed?: number;
  /** Instances share what they know (`join`). */
  readonly isShared?: boolean;
  /** Headers of a refusal. */
  readonly refusalHeaders?: (waitMs: number) => Record<string, string>;
  /** Longest wait of a caller, ms. */
  readonly maxWaitMs?: number;
}

/** A caller's habits. */
interface Caller {
  readonly method: string;
  readonly pauseMs: () => number;
  readonly shaper: Shaper;
}

/** What has happened in a span of time. */
export interface Tally {
  sent: number;
  accepted: number;
  rejected: number;
  /** Refused by the shaper. */
  refused: number;
}

/** A region with limits that nobody publishes, and callers in front of it who go on as soon as they are answered. */
export class HiddenWorld {
  readonly clock = new FakeClock();
  /** The first instance's. */
  readonly shaper: Shaper;
  /** Where instances share what they know. */
  readonly store = new MemoryStore(() => this.clock.now());
  tally: Tally = { sent: 0, accepted: 0, rejected: 0, refused: 0 };
  #instances = 0;
  readonly #options: HiddenWorldOptions;
  readonly #random: () => number;
  readonly #limiters: { limit: HiddenLimit; limiter: ReferenceLimiter }[];

  constructor(options: HiddenWorldOptions) {
    this.#options = options;
    this.#random = randomOf(options.seed ?? 1);
    this.#limiters = options.hidden.map((limit) => ({
      limit,
      limiter: createReferenceLimiter(options.kind, limit.value, UNIT_MS[limit.unit]),
    }));
    this.shaper = options.isShared ? this.join() : this.#open();
  }

  /** One more instance at the store. */
  join(): Shaper {
    const { clock } = this;
    const store = this.store.of(`instance ${this.#instances++}`);
    return this.#open((holder) => {
      const options = { clock, store, holder, budget: 'someone|DFW', instances: () => 1 };
      return new BudgetLease({ ...options, onState: () => {} });
    });
  }

  #open(lease?: ShaperOptions['lease']): Shaper {
    const shaper = createShaper({
      clock: this.clock,
      settings: TEST_SETTINGS,
      shares: () => 1,
      observe: silentObserver,
      lease,
    });
    shaper.setLimits(this.#options.told ?? []);
    return shaper;
  }

  /** So many callers begin to ask, each again as soon as it is answered, or after a pause. */
  start(callers: number, method = 'GET', pauseMs: () => number = () => 0, shaper = this.shaper): void {
    for (let index = 0; index < callers; index++) this.#ask({ method, pauseMs, shaper }, false);
  }

  change(value: number, index = 0): void {
    this.#limiters[index]!.limiter.change(value);
  }

  /** Moves time on; answers what has happened. */
  async run(ms: number): Promise<Tally> {
    this.tally = { sent: 0, accepted: 0, rejected: 0, refused: 0 };
    const end = this.clock.monotonic() + ms;
    await flush();
    for (let next = this.clock.nextIn(); next !== undefined; next = this.clock.nextIn()) {
      if (this.clock.monotonic() + next > end) break;
      this.clock.tick(next);
      await flush();
    }
    this.clock.tick(end - this.clock.monotonic());
    return this.tally;
  }

  /** The limits that have been found out: `20 SECOND`. */
  get found(): string[] {
    return this.foundBy(this.shaper);
  }

  foundBy(shaper: Shaper): string[] {
    return shaper
      .snapshot()
      .limits.filter(({ limit }) => limit.origin === 'learned')
      .map(({ limit }) => `${limit.verb} ${limit.value} ${limit.unit}`);
  }

  #ask(caller: Caller, again: boolean): void {
    const { method, shaper } = caller;
    const maxWaitMs = this.#options.maxWaitMs ?? 1e9;
    const outcome = shaper.acquire(requestFor('/servers', { method, again, maxWaitMs }));
    const settled = (answer: Permit | Refusal) => {
      if (!answer.refused) return this.#send(answer, caller);
      if (answer.reason === 'closed') return;
      this.tally.refused++;
      this.clock.setTimer(() => this.#ask(caller, false), answer.retryAfterSeconds * 1_000);
    };
    if (outcome instanceof Promise) void outcome.then(settled);
    else settled(outcome);
  }

  #send(permit: Permit, caller: Caller): void {
    const { slowestMs = 30, refusalHeaders } = this.#options;
    this.tally.sent++;
    const trip = () => 1 + this.#random() * slowestMs;
    this.clock.setTimer(() => {
      const refusing = this.#arrive(caller.method);
      if (refusing) this.tally.rejected++;
      else this.tally.accepted++;
      const headers = refusing ? (refusalHeaders?.(UNIT_MS[refusing.unit]) ?? {}) : {};
      this.clock.setTimer(() => {
        permit.answered(refusing ? 429 : 200, headers);
        if (refusing) this.#ask(caller, true);
        else this.clock.setTimer(() => this.#ask(caller, false), caller.pauseMs());
      }, trip());
    }, trip());
  }

  #arrive(method: string): HiddenLimit | undefined {
    const matching = this.#limiters.filter(({ limit }) => (limit.method ?? method) === method);
    return matching.find(({ limiter }) => !limiter.arrive(this.clock.monotonic()))?.limit;
  }
}

/** Lets promise chains run. */
async function flush(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await Promise.resolve();
}
