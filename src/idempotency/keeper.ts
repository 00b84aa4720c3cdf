import { randomUUID } from 'node:crypto';
import { type Clock, sleep, type Timer } from '../clock.ts';
import type { IdempotencyRecord } from './record.ts';
import type { Held, IdempotencyStore } from './store.ts';

/** How long a request under way is taken to be alive without another word of its instance, ms. */
const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** How often is looked after a request that another instance runs, ms. */
const POLL_MS = 250;

/** How a keyed request begins. */
export type Begun =
  /** It is to be sent. `isSure` false: it may have been before, and whoever can look at the region should. */
  | { readonly kind: 'run'; readonly run: Run; readonly isSure: boolean }
  /** The first one was answered. */
  | { readonly kind: 'answered'; readonly record: IdempotencyRecord }
  /** The first one was sent and its answer is not known. */
  | { readonly kind: 'lost'; readonly lost: Lost }
  /** The first one runs still, and patience is at its end. */
  | { readonly kind: 'running' }
  /** The first one asked for something else. */
  | { readonly kind: 'mismatch' };

export interface KeeperOptions {
  readonly store: IdempotencyStore | Promise<IdempotencyStore>;
  readonly clock: Clock;
  /** How long records are kept, ms. */
  readonly keepMs: number;
}

export interface Wait {
  /** How long the first one may be waited for, ms. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/** Another request has taken this one for dead and its key with it: it was not sent, and must not be. */
export class KeyTaken extends Error {
  override readonly name = 'KeyTaken';
}

/** Sees to it that of all requests with one key one is sent, over all instances that share a store. */
export class IdempotencyKeeper {
  readonly #options: KeeperOptions;
  readonly #store: Promise<IdempotencyStore>;
  readonly #instance = randomUUID();
  /** Requests under way here, by name: settled when they are over. */
  readonly #running = new Map<string, Promise<void>>();

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#store = Promise.resolve(options.store);
  }

  /**
   * Begins a request, or finds out what became of the one before it.
   *
   * @throws the signal's reason when the caller leaves
   */
  async begin(name: string, fingerprint: string, { patienceMs, signal }: Wait): Promise<Begun> {
    const { clock } = this.#options;
    const store = await this.#store;
    const until = clock.monotonic() + patienceMs;
    for (;;) {
      const claimed = await store.claim(name, this.#fresh(fingerprint));
      if (claimed.state === 'claimed')
        return { kind: 'run', run: this.#run(name, claimed.held, store), isSure: claimed.isSure };
      const { held } = claimed;
      const { record } = held;
      if (record.fingerprint !== fingerprint) return { kind: 'mismatch' };
      if (record.state === 'done') return { kind: 'answered', record };
      if (record.state === 'lost') return { kind: 'lost', lost: this.#lost(name, held, store) };
      const leftMs = until - clock.monotonic();
      const here = this.#running.get(name);
      if (here === undefined && record.leaseUntil <= clock.now()) {
        const begun = await this.#takeOver(name, held, store);
        if (begun !== undefined) return begun;
      } else {
        if (leftMs <= 0) return { kind: 'running' };
        const pause = sleep(clock, here === undefined ? Math.min(leftMs, POLL_MS) : leftMs, signal);
        await (here === undefined ? pause : Promise.race([here, pause]));
      }
    }
  }

  async close(): Promise<void> {
    await (await this.#store).close();
  }

  /** What an instance left that has not been heard of for too long. */
  async #takeOver(name: string, held: Held, store: IdempotencyStore): Promise<Begun | undefined> {
    const { record } = held;
    if (record.state === 'waiting') {
      const mine = await store.replace(name, held, { ...this.#fresh(record.fingerprint) });
      return mine && { kind: 'run', run: this.#run(name, mine, store), isSure: true };
    }
    const lost = await store.replace(name, held, { ...record, state: 'lost' });
    return lost && { kind: 'lost', lost: this.#lost(name, lost, store) };
  }

  #fresh(fingerprint: string): IdempotencyRecord {
    const { clock, keepMs } = this.#options;
    const now = clock.now();
    return {
      state: 'waiting',
      fingerprint,
      owner: this.#instance,
      leaseUntil: now + LEASE_MS,
      startedAt: now,
      sentAt: 0,
      expiresAt: now + keepMs,
    };
  }

  #run(name: string, held: Held, store: IdempotencyStore): Run {
    let over = () => {};
    const running = new Promise<void>((resolve) => {
      over = resolve;
    });
    this.#running.set(name, running);
    return new Run(name, held, store, this.#options.clock, () => {
      this.#running.delete(name);
      over();
    });
  }

  #lost(name: string, held: Held, store: IdempotencyStore): Lost {
    return {
      record: held.record,
      found: async (answer) => {
        await store.replace(name, held, { ...held.record, state: 'done', answer });
      },
      again: async () => {
        const mine = await store.replace(name, held, this.#fresh(held.record.fingerprint));
        return mine && this.#run(name, mine, store);
      },
    };
  }
}

/** A request that was sent and whose answer nobody heard. */
export interface Lost {
  readonly record: IdempotencyRecord;
  /** What it made has been found: this is its answer. */
  found(answer: string): Promise<void>;
  /** It has made nothing: it may be sent; undefined: somebody else does it. */
  again(): Promise<Run | undefined>;
}

/** A keyed request under way. */
export class Run {
  readonly #name: string;
  readonly #store: IdempotencyStore;
  readonly #clock: Clock;
  readonly #over: () => void;
  #held: Held;
  #timer: Timer | undefined;
  /** One change at a time: each stands on the one before it. */
  #changing: Promise<unknown> = Promise.resolve();
  #isTaken = false;

  constructor(name: string, held: Held, store: IdempotencyStore, clock: Clock, over: () => void) {
    this.#name = name;
    this.#held = held;
    this.#store = store;
    this.#clock = clock;
    this.#over = over;
    this.#keepAlive();
  }

  get record(): IdempotencyRecord {
    return this.#held.record;
  }

  /** Another instance may have sent the same: once both are done, whoever can look at the region should. */
  get isContested(): boolean {
    return this.#held.isContested === true;
  }

  /**
   * It is about to be sent.
   *
   * @param isUnmarked what it makes cannot be known again
   * @returns false: another one with this key may have been sent since this one began, and whoever can look should
   * @throws {KeyTaken} it must not be
   */
  async sending(isUnmarked = false): Promise<boolean> {
    const mark = isUnmarked ? ({ isUnmarked } as const) : {};
    await this.#change((record) => ({ ...record, state: 'sent', sentAt: this.#clock.now(), ...mark }));
    if (this.#isTaken) throw new KeyTaken('another request has this key by now');
    return this.#held.isSure !== false;
  }

  /** It was answered, as far as that is to be given again. */
  async done(answer: string): Promise<void> {
    await this.#end((record) => ({ ...record, state: 'done', answer }));
  }

  /** It was sent, and there is no answer. */
  async lost(): Promise<void> {
    await this.#end((record) => ({ ...record, state: 'lost' }));
  }

  /** The region says that it has not done it: the same again looks whether that is so, and is sent without waiting any longer. */
  async refused(): Promise<void> {
    await this.#end((record) => ({ ...record, state: 'lost', sentAt: 0 }));
  }

  /** It was not done: the key is free again. */
  async forget(): Promise<void> {
    await this.#end(() => undefined);
  }

  async #end(next: (record: IdempotencyRecord) => IdempotencyRecord | undefined): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#change(next);
    this.#over();
  }

  #change(next: (record: IdempotencyRecord) => IdempotencyRecord | undefined): Promise<void> {
    const changed = this.#changing.then(async () => {
      if (this.#isTaken) return;
      const held = await this.#store.replace(this.#name, this.#held, next(this.#held.record));
      if (held === undefined) this.#isTaken = true;
      // What others have begun meanwhile is not over because Redis is back.
      else this.#held = this.isContested ? { ...held, isContested: true } : held;
    });
    this.#changing = changed;
    return changed;
  }

  #keepAlive(): void {
    this.#timer = this.#clock.setTimer(() => {
      void this.#change((record) => ({ ...record, leaseUntil: this.#clock.now() + LEASE_MS }));
      if (this.#timer !== undefined) this.#keepAlive();
    }, RENEW_MS);
  }
}
