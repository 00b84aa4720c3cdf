import type { Window } from './window.ts';

/** Refusals that are remembered until the region has said how its limits stand; the oldest goes first. */
const MOST_CASES = 16;

/** A refusal, the windows that can have been the reason, and which of them were stopped for it. */
interface Case {
  readonly candidates: readonly Window[];
  readonly stopped: readonly Window[];
  readonly at: number;
  readonly untilMs: number;
}

/**
 * A region that refuses a request for a rate does not say which of its limits was spent. The one that was, as far as is known
 * here, is nearest to it is taken for the reason and stopped; GET /limits, which is asked at once, says whether that was right.
 */
export class Suspects {
  #cases: Case[] = [];

  /**
   * Stops those of the candidates that have least left, as far as is known: a request of another kind, that they are not
   * about, goes on.
   */
  stop(candidates: readonly Window[], now: number, waitMs: number): void {
    const least = Math.min(...candidates.map((window) => window.remaining(now)));
    const stopped = candidates.filter((window) => window.remaining(now) === least);
    if (stopped.length < candidates.length) {
      this.#cases.push({ candidates, stopped, at: now, untilMs: now + waitMs });
      if (this.#cases.length > MOST_CASES) this.#cases.shift();
    }
    for (const window of stopped) window.block(now + Math.min(waitMs, window.holdMs));
  }

  /**
   * The windows have what the region says of them. Where it names another candidate as the one with nothing left, those
   * stopped in its place go on.
   *
   * @param askedAt when GET /limits left: what was refused later it may not know of
   */
  learned(askedAt: number, now: number): void {
    const known = this.#cases.filter(({ at }) => at <= askedAt);
    this.#cases = this.#cases.filter(({ at, untilMs }) => at > askedAt && untilMs > now);
    for (const { candidates, stopped } of known) {
      if (!candidates.some((window) => !stopped.includes(window) && isSpent(window))) continue;
      for (const window of stopped) if ((window.limit.remaining ?? 0) > 0) window.blockedUntil = askedAt;
    }
  }

  forget(): void {
    this.#cases = [];
  }
}

const isSpent = ({ limit }: Window): boolean => limit.remaining === 0;
