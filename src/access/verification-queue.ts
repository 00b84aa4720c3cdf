/**
 * Runs verifications of passwords beside the event loop: few at a time, a bounded number waiting, the names taking turns.
 * What strangers' wrong passwords may cost is a small part of a processor, however many of them come and from however many
 * addresses; right passwords cost nothing of it, so that a fleet that logs in after a restart goes through at full speed.
 */
import type { Clock, Timer } from '../clock.ts';

/** How much may be asked at once, and for how long. */
export interface QueueTerms {
  readonly mostRunning: number;
  readonly mostWaiting: number;
  /** Of one group, so that a group under attack leaves room for others. */
  readonly mostWaitingPerGroup: number;
  /** Longer nobody waits, ms. */
  readonly longestWaitMs: number;
  /** Whether what strangers ask in vain costs this machine work, of which they may have a small part only. */
  readonly isDear: boolean;
}

/** Passwords: libuv has four threads for them, for files and for names; half of those stay free. */
export const PASSWORD_TERMS: QueueTerms = {
  mostRunning: 2,
  mostWaiting: 64,
  mostWaitingPerGroup: 8,
  longestWaitMs: 5_000,
  isDear: true,
};

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
  readonly #terms: QueueTerms;
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

  constructor(clock: Clock, terms: QueueTerms = PASSWORD_TERMS) {
    this.#clock = clock;
    this.#terms = terms;
    this.#budgetAt = clock.monotonic();
  }

  /** How many wait. */
  get waiting(): number {
    return this.#known.length + this.#strangers.length;
  }

  /** When it is worth coming back, ms. */
  get busyMs(): number {
    if (!this.#terms.isDear) return 1_000;
    const missing = Math.max(0, this.#estimateMs - this.#refill());
    return Math.max(1_000, Math.min(this.#terms.longestWaitMs * 6, (missing / BUDGET_PER_SECOND_MS) * 1_000));
  }

  /**
   * Runs `verify` when its turn comes.
   *
   * @param group whose turn it is: a client's name, an address
   * @param isKnown somebody who was right before: goes first, and costs nothing of the strangers' budget
   * @returns what `verify` found, or `busy` when too many wait or it took too long to begin
   */
  run(group: string, isKnown: boolean, verify: () => Promise<boolean>): Promise<boolean | 'busy'> {
    const { mostWaiting, mostWaitingPerGroup, longestWaitMs } = this.#terms;
    const queue = isKnown ? this.#known : this.#strangers;
    const ofGroup = queue.reduce((count, waiting) => count + (waiting.group === group ? 1 : 0), 0);
    if (queue.length >= mostWaiting || ofGroup >= mostWaitingPerGroup) return Promise.resolve('busy');
    return new Promise((resolve) => {
      const waiting: Waiting = {
        group,
        verify,
        settle: resolve,
        timer: this.#clock.setTimer(() => this.#leave(waiting), longestWaitMs),
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
    while (this.#running < this.#terms.mostRunning) {
      const known = takeNext(this.#known, this.#servedAt);
      if (known !== undefined) {
        this.#start(known, true);
        continue;
      }
      if (this.#strangers.length === 0) break;
      const budget = this.#terms.isDear ? this.#refill() : 1;
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
    const reserved = isKnown || !this.#terms.isDear ? 0 : this.#estimateMs;
    this.#budgetMs -= reserved;
    const startedAt = this.#clock.monotonic();
    const ended = (isRight: boolean) => {
      const spent = this.#clock.monotonic() - startedAt;
      this.#estimateMs = Math.max(1, this.#estimateMs * 0.7 + spent * 0.3);
      this.#running--;
      if (reserved > 0)
        this.#budgetMs = Math.min(BUDGET_MS, this.#budgetMs + reserved - (isRight ? 0 : spent));
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
