import type { Clock, Timer } from '../clock.ts';
import type { Cancellation } from '../upstream/cancellation.ts';
import type { WaitWatch } from '../upstream/request.ts';

/** How one of several identical reads is sent. */
export interface ReadTerms {
  /** Whoever waits for it. */
  readonly cancellation: Cancellation;
  readonly waiting: WaitWatch;
}

/** Sends a read; rejects when there is no answer. */
export type SendRead<T> = (terms: ReadTerms) => Promise<T>;

/** What came of a read. */
export interface ReadOutcome<T> {
  readonly answer: T;
  /** It was another's. */
  readonly isShared: boolean;
}

/** Why a read leaves the queue: another one has been sent for it. */
const SERVED = new Error('another read is sent for this one');

/**
 * Identical reads that wait for a slot of the limits share one. Each waits by itself, in its own place of the fair queue and
 * as long as it may; the first that gets a slot is sent for all that wait then, and the others leave the queue. As none of
 * them had been sent before, none gets an answer that is older than its own arrival; one that arrives after the sending
 * begins is none of them.
 */
export class SharedReads<T> {
  /** Those that wait for a slot, by what they ask. */
  readonly #waiting: Groups<T> = new Map();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param key all that the answer depends on: equal exactly when the region is asked the same with the same rights
   * @param caller whoever wants it
   * @param patienceMs how long it may wait, ms
   * @throws what `send` throws, this read's own or that of the one that was sent for it
   */
  ask(
    key: () => string,
    { caller, patienceMs }: { caller: Cancellation; patienceMs: number },
    send: SendRead<T>,
  ): Promise<ReadOutcome<T>> {
    const begun = this.#clock.monotonic();
    const member = new Member<T>(key, caller, this.#waiting);
    const own = send({ cancellation: member, waiting: member });
    member.answer = own;
    return own.then(
      (answer) => ({ answer, isShared: false }),
      (error: unknown) => {
        if (member.servedBy !== undefined) return shared(member.servedBy);
        if (!member.isRefused) throw error;
        // There is no place in the queue for it by itself, but one that has a place may be sent for it.
        const leftMs = begun + patienceMs - this.#clock.monotonic();
        return shared(member.rideAlong(leftMs, this.#clock, error));
      },
    );
  }

  /** Things that are being waited for. */
  get size(): number {
    return this.#waiting.size;
  }
}

const shared = async <T>(answer: Promise<T>): Promise<ReadOutcome<T>> => ({
  answer: await answer,
  isShared: true,
});

type Groups<T> = Map<string, Set<Member<T>>>;

class Member<T> implements Cancellation, WaitWatch {
  answer: Promise<T> | undefined;
  /** The answer that this one gets instead of its own. */
  servedBy: Promise<T> | undefined;
  /** It was refused a place in the queue. */
  isRefused = false;
  readonly #key: () => string;
  readonly #caller: Cancellation;
  readonly #all: Groups<T>;
  /** Set while it has no place in the queue and waits for one that has. */
  #ride: { served(answer: Promise<T>): void; end(): void } | undefined;
  /** Those that this one was sent for. */
  #others: Member<T>[] = [];
  #controller: AbortController | undefined;
  #watcher: (() => void) | undefined;
  #isWatching = false;

  constructor(key: () => string, caller: Cancellation, all: Groups<T>) {
    this.#key = key;
    this.#caller = caller;
    this.#all = all;
  }

  begin(): void {
    const key = this.#key();
    const group = this.#all.get(key);
    if (group === undefined) this.#all.set(key, new Set([this]));
    else group.add(this);
  }

  end(isGranted: boolean): void {
    const key = this.#key();
    const group = this.#all.get(key);
    // Whoever is served by another is in no group any more.
    if (group === undefined || !group.delete(this)) return;
    if (isGranted && !this.#caller.gone) {
      for (const other of group) other.#isServedBy(this);
      this.#others.push(...group);
      group.clear();
    }
    // Nobody is left who has a place in the queue.
    if ([...group].every((other) => other.#ride !== undefined)) {
      this.#all.delete(key);
      for (const other of group) other.#ride!.end();
    }
  }

  refused(): void {
    this.isRefused = true;
  }

  /**
   * Waits for one that has a place in the queue to be sent for this one, too.
   *
   * @throws `refusal` when nobody does, or not within the time
   */
  rideAlong(leftMs: number, clock: Clock, refusal: unknown): Promise<T> {
    const group = this.#all.get(this.#key());
    if (group === undefined || leftMs <= 0 || this.#caller.gone) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const end = () => {
        timer.cancel();
        group.delete(this);
        this.#ride = undefined;
        reject(refusal);
      };
      const timer: Timer = clock.setTimer(end, leftMs);
      const served = (answer: Promise<T>) => {
        timer.cancel();
        resolve(answer);
      };
      this.#ride = { served, end };
      this.#caller.watch(end);
      group.add(this);
    });
  }

  /** True once neither its own caller nor any that it was sent for waits any more, or when another is sent for it. */
  get gone(): boolean {
    return this.servedBy !== undefined || this.#isUnwanted;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.gone) this.#controller.abort(SERVED);
      this.#listen();
    }
    return this.#controller.signal;
  }

  watch(callback: (() => void) | undefined): void {
    this.#watcher = callback;
    if (callback !== undefined) this.#listen();
  }

  get #isUnwanted(): boolean {
    return this.#caller.gone && this.#others.every((other) => other.#caller.gone);
  }

  #isServedBy(sent: Member<T>): void {
    this.servedBy = sent.answer!;
    // Its caller may have left by the time it is answered.
    this.servedBy.catch(() => {});
    this.#onLeave = () => sent.#left();
    this.#controller?.abort(SERVED);
    if (this.#ride === undefined) return;
    this.#ride.served(this.servedBy);
    this.#ride = undefined;
    this.#caller.watch(() => this.#onLeave());
  }

  /** What follows when its caller leaves. */
  #onLeave = (): void => this.#left();

  #listen(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#caller.watch(() => this.#onLeave());
  }

  #left(): void {
    if (!this.#isUnwanted) return;
    this.#controller?.abort(new Error('the caller left'));
    this.#watcher?.();
  }
}
