/**
 * Runs verifications of passwords beside the event loop: few at a time, a bounded number waiting, the names taking turns.
 * What strangers' wrong passwords may cost is a small part of a processor, however many of them come and from however many
 * addresses; right passwords cost nothing of it, so that a fleet that logs in after a restart goes through at full speed.
 */
import type { Clock, Timer } from '../clock.ts';

/** libuv has four threads for this, for files and for names; half of them stay free. */
const MOST_RUNNING = 2;
const MOST_WAITING = 64;
/** Of one name, so that a name under attack leaves room for others. */
const MOST_WAITING_PER_NAME = 8;
/** Longer nobody waits for a login, ms. */
const LONGEST_WAIT_MS = 5_000;

/** Work on wrong passwords: so much at once, ms, and so much for every second: 5% of a processor. */
const BUDGET_MS = 1_000;
const BUDGET_PER_SECOND_MS = 50;
/** What one is taken to cost before any was measured, ms. */
const FIRST_ESTIMATE_MS = 250;

interface Waiting {
  readonly group: string;
  readonly verify: () => Promise<boolean>;
  readonly settle: (outcome: Promise<boolean> | 'busy') => void;
  readonly timer: Timer;
}

export class VerificationQueue {
  readonly #clock: Clock;
  #running = 0;
  #strangers: Waiting[] = [];
  #known: Waiting[] = [];
  /** When a group was last served, by order; groups that wait are few. */
  readonly #servedAt = new Map<string, number>();
  #turn = 0;
  #budgetMs = BUDGET_MS;
  #budgetAt: number;
  #estimateMs = FIRST_ESTIMATE_MS;
  #wakeUp: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#budgetAt = clock.monotonic();
  }

  /** How many wait. */
  get waiting(): number {
    return this.#known.length + this.#strangers.length;
  }

  /** When it is worth coming back, ms. */
  get busyMs(): number {
    const missing = Math.max(0, this.#estimateMs - this.#refill());
    return Math.max(1_000, Math.min(LONGEST_WAIT_MS * 6, (missing / BUDGET_PER_SECOND_MS) * 1_000));
  }

  /**
   * Runs `verify` when its turn comes.
   *
   * @param group whose turn it is: a client's name
   * @param isKnown somebody who was right before: goes first, and costs nothing of the strangers' budget
   * @returns what `verify` found, or `busy` when too many wait or it took too long to begin
   */
  run(group: string, isKnown: boolean, verify: () => Promise<boolean>): Promise<boolean | 'busy'> {
    const queue = isKnown ? this.#known : this.#strangers;
    const ofGroup = queue.reduce((count, waiting) => count + (waiting.group === group ? 1 : 0), 0);
    if (queue.length >= MOST_WAITING || ofGroup >= MOST_WAITING_PER_NAME) return Promise.resolve('busy');
    return new Promise((resolve) => {
      const waiting: Waiting = {
        group,
        verify,
        settle: resolve,
        timer: this.#clock.setTimer(() => this.#leave(waiting), LONGEST_WAIT_MS),
      };
      queue.push(waiting);
      this.#pump();
    });
  }

  #leave(waiting: Waiting): void {
    this.#known = this.#known.filter((other) => other !== waiting);
    this.#strangers = this.#strangers.filter((other) => other !== waiting);
    waiting.settle('busy');
  }

  #pump(): void {
    while (this.#running < MOST_RUNNING) {
      const known = takeNext(this.#known, this.#servedAt);
      if (known !== undefined) {
        this.#start(known, true);
        continue;
      }
      if (this.#strangers.length === 0) break;
      const budget = this.#refill();
      if (budget <= 0) {
        this.#wakeIn((1 - budget) / (BUDGET_PER_SECOND_MS / 1_000));
        return;
      }
      this.#start(takeNext(this.#strangers, this.#servedAt)!, false);
    }
    if (this.waiting + this.#running === 0) this.#servedAt.clear();
  }

  #start({ group, verify, settle, timer }: Waiting, isKnown: boolean): void {
    timer.cancel();
    this.#servedAt.set(group, ++this.#turn);
    this.#running++;
    const reserved = isKnown ? 0 : this.#estimateMs;
    this.#budgetMs -= reserved;
    const startedAt = this.#clock.monotonic();
    const ended = (isRight: boolean) => {
      const spent = this.#clock.monotonic() - startedAt;
      this.#estimateMs = Math.max(1, this.#estimateMs * 0.7 + spent * 0.3);
      this.#running--;
      if (!isKnown) this.#budgetMs = Math.min(BUDGET_MS, this.#budgetMs + reserved - (isRight ? 0 : spent));
      this.#pump();
    };
    const outcome = verify();
    outcome.then(ended, () => ended(false));
    settle(outcome);
  }

  /** What strangers may still cost now, ms. */
  #refill(): number {
    const now = this.#clock.monotonic();
    this.#budgetMs = Math.min(
      BUDGET_MS,
      this.#budgetMs + ((now - this.#budgetAt) / 1_000) * BUDGET_PER_SECOND_MS,
    );
    this.#budgetAt = now;
    return this.#budgetMs;
  }

  #wakeIn(delayMs: number): void {
    this.#wakeUp?.cancel();
    this.#wakeUp = this.#clock.setTimer(() => this.#pump(), delayMs);
  }
}

/** Takes the first of the group that was served longest ago. */
function takeNext(queue: Waiting[], servedAt: ReadonlyMap<string, number>): Waiting | undefined {
  let best = -1;
  let oldest = Number.POSITIVE_INFINITY;
  for (const [index, { group }] of queue.entries()) {
    const turn = servedAt.get(group) ?? 0;
    if (turn >= oldest) continue;
    oldest = turn;
    best = index;
  }
  return best < 0 ? undefined : queue.splice(best, 1)[0];
}
