import type { Clock } from '../../clock.ts';

/** An attempt under way. */
export interface Runner<T> {
  /** Never rejects. */
  readonly outcome: Promise<T>;
  /** Nobody wants its outcome any more: it ends soon. */
  giveUp(): void;
}

export interface RaceTerms<T> {
  readonly clock: Clock;
  /** How long the first runs alone, ms. */
  readonly delayMs: number;
  /** Whether an outcome decides the race; what does not waits for the other runner's. */
  readonly isGood: (outcome: T) => boolean;
}

export interface RaceEnd<T> {
  readonly outcome: T;
  /** The other one, if there was one, has been given up or has ended before. */
  readonly winner: 'first' | 'second';
}

/**
 * An attempt and, if it takes too long, a second one beside it. The first good outcome wins; when neither is good, it is that of
 * the first runner. One that ends badly before its time is over has no second: what comes then is a repeat.
 *
 * @param second begins it, or says by undefined that there is to be none
 */
export function race<T>(
  first: Runner<T>,
  second: () => Runner<T> | undefined,
  { clock, delayMs, isGood }: RaceTerms<T>,
): Promise<RaceEnd<T>> {
  return new Promise((resolve) => {
    let other: Runner<T> | undefined;
    let isOver = false;
    /** Outcomes that did not decide. */
    let bad: { first?: T; isSecondBad?: boolean } = {};

    const finish = (winner: 'first' | 'second', outcome: T): void => {
      isOver = true;
      (winner === 'first' ? other : first)?.giveUp();
      resolve({ outcome, winner });
    };
    const timer = clock.setTimer(() => {
      other = second();
      void other?.outcome.then(secondEnded);
    }, delayMs);
    void first.outcome.then((outcome) => {
      timer.cancel();
      if (isOver) return;
      if (other === undefined || bad.isSecondBad || isGood(outcome)) finish('first', outcome);
      else bad = { first: outcome };
    });
    const secondEnded = (outcome: T): void => {
      if (isOver) return;
      if (isGood(outcome)) finish('second', outcome);
      else if ('first' in bad) finish('first', bad.first as T);
      else bad = { isSecondBad: true };
    };
  });
}
