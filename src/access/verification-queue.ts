/**
 * Runs verifications of passwords beside the event loop: few at a time, a bounded number waiting, addresses and names taking
 * turns. What strangers' wrong passwords may cost is a small part of a processor, however many of them come and from however
 * many addresses; right passwords cost nothing of it, so that a fleet that logs in after a restart goes through at full speed.
 *
 * Addresses from which nobody has failed go before those from which somebody has, take their places when there is no room,
 * and have half of what strangers may cost for themselves: a flood leaves room for the first login of a new machine.
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
/** What addresses that have failed leave of it to those that have not, ms. */
const RESERVED_MS = BUDGET_MS / 2;
/** Whose turns are remembered: those served longest ago are forgotten first, and have theirs like those who had none. */
const MOST_SERVED = 1_024;
/** What one is taken to cost before any was measured, ms. */
const FIRST_ESTIMATE_MS = 250;

/** What is known of whoever asks: was right before, nothing at all, or that somebody has failed from the same address. */
export type Standing = 'known' | 'fresh' | 'suspect';

/** Who asks, as far as turns go. */
export interface Asker {
  /** Bounded in number of those who wait: a client's name, an address. */
  readonly group: string;
  /** Address, or the network that counts as one. */
  readonly place: string;
  /** `known` goes first, and costs nothing of the strangers' budget; `suspect` last. */
  readonly standing: Standing;
}

interface Waiting extends Asker {
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
  /** When a place and a group were last served, by order, the longest ago first. */
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

  /** Of how many places and groups it is remembered when they had a turn. */
  get turnsKept(): number {
    return this.#servedAt.size;
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
   * @returns what `verify` found, or `busy` when too many wait or it took too long to begin
   */
  run(asker: Asker, verify: () => Promise<boolean>): Promise<boolean | 'busy'> {
    if (!this.#makeRoom(asker)) return Promise.resolve('busy');
    return new Promise((resolve) => {
      const waiting: Waiting = {
        ...asker,
        verify,
        settle: resolve,
        timer: this.#clock.setTimer(() => this.#leave(waiting), this.#terms.longestWaitMs),
      };
      (asker.standing === 'known' ? this.#known : this.#strangers).push(waiting);
      this.#pump();
    });
  }

  /** Whether one more may wait, if need be in the place of one that has less claim to it. */
  hasRoom(asker: Asker): boolean {
    return this.#findRoom(asker) !== undefined;
  }

  #makeRoom(asker: Asker): boolean {
    const room = this.#findRoom(asker);
    if (room === undefined) return false;
    if (room === 'free') return true;
    room.timer.cancel();
    this.#leave(room);
    return true;
  }

  /** Room for one more: there is some, or one who would yield; undefined: there is none. */
  #findRoom(asker: Asker): 'free' | Waiting | undefined {
    const { mostWaiting, mostWaitingPerGroup } = this.#terms;
    const queue = asker.standing === 'known' ? this.#known : this.#strangers;
    const ofGroup = queue.filter(({ group }) => group === asker.group);
    const crowd = ofGroup.length >= mostWaitingPerGroup ? ofGroup : queue.length >= mostWaiting ? queue : [];
    return crowd.length === 0 ? 'free' : whoYields(crowd, asker);
  }

  #leave(waiting: Waiting): void {
    this.#known = this.#known.filter((other) => other !== waiting);
    this.#strangers = this.#strangers.filter((other) => other !== waiting);
    waiting.settle('busy');
  }

  #pump(): void {
    while (this.#running < this.#terms.mostRunning) {
      const next = takeNext(this.#known, this.#servedAt) ?? this.#nextStranger();
      if (next === undefined) break;
      this.#start(next);
    }
    if (this.waiting + this.#running === 0) this.#servedAt.clear();
  }

  /** The stranger whose turn it is, as far as they may cost anything now. */
  #nextStranger(): Waiting | undefined {
    if (this.#strangers.length === 0) return undefined;
    const isFresh = this.#strangers.some(({ standing }) => standing === 'fresh');
    const missing = this.#terms.isDear ? (isFresh ? 0 : RESERVED_MS) - this.#refill() : -1;
    if (missing >= 0) {
      this.#wakeIn((missing + 1) / (BUDGET_PER_SECOND_MS / 1_000));
      return undefined;
    }
    const standing = isFresh ? 'fresh' : 'suspect';
    return takeNext(this.#strangers, this.#servedAt, (waiting) => waiting.standing === standing);
  }

  #start({ group, place, standing, verify, settle, timer }: Waiting): void {
    timer.cancel();
    this.#turn++;
    for (const key of [placeKey(place), groupKey(group)]) this.#served(key);
    this.#running++;
    const reserved = standing === 'known' || !this.#terms.isDear ? 0 : this.#estimateMs;
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

  #served(key: string): void {
    this.#servedAt.delete(key);
    this.#servedAt.set(key, this.#turn);
    if (this.#servedAt.size <= MOST_SERVED) return;
    for (const oldest of this.#servedAt.keys()) {
      this.#servedAt.delete(oldest);
      return;
    }
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

const placeKey = (place: string): string => `@${place}`;
const groupKey = (group: string): string => `#${group}`;

/** Takes the first of the place that was served longest ago, among those of the group. */
function takeNext(
  queue: Waiting[],
  servedAt: ReadonlyMap<string, number>,
  isMeant: (waiting: Waiting) => boolean = () => true,
): Waiting | undefined {
  let best = -1;
  let oldest = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
  for (const [index, waiting] of queue.entries()) {
    if (!isMeant(waiting)) continue;
    const [place, group] = [placeKey(waiting.place), groupKey(waiting.group)].map(
      (key) => servedAt.get(key) ?? 0,
    );
    if (place! > oldest[0] || (place === oldest[0] && group! >= oldest[1])) continue;
    oldest = [place!, group!];
    best = index;
  }
  return best < 0 ? undefined : queue.splice(best, 1)[0];
}

/**
 * Who of a full queue makes room for one more; undefined: nobody has less claim than that. Those that have failed yield to
 * those that have not, then a place with many that wait to one with fewer; of each the last that came.
 */
function whoYields(crowd: readonly Waiting[], asker: Asker): Waiting | undefined {
  const suspect = crowd.findLast(({ standing }) => standing === 'suspect');
  if (suspect !== undefined && asker.standing === 'fresh') return suspect;
  const rivals = crowd.filter(({ standing }) => standing === asker.standing);
  const counts = new Map<string, number>();
  for (const { place } of rivals) counts.set(place, (counts.get(place) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  const isCrowded = most > (counts.get(asker.place) ?? 0) + 1;
  return isCrowded ? rivals.findLast(({ place }) => counts.get(place) === most) : undefined;
}
