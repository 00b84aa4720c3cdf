import { performance } from 'node:perf_hooks';

/** Watches how long the event loop of this process is kept from turning. */
export interface LoopWatch {
  /** The longest turn since the beginning, or since it was last asked, ms. */
  longestMs(): number;
  stop(): void;
}

/** The loop does not rest while it is watched. */
export function watchLoop(): LoopWatch {
  let [longest, last, isOver] = [0, performance.now(), false];
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    longestMs() {
      const found = Math.max(longest, performance.now() - last);
      longest = 0;
      last = performance.now();
      return found;
    },
    stop() {
      isOver = true;
    },
  };
}

/** The shortest time that some work took, of so many times, ms: what this machine needs for it. */
export function shortestMs(times: number, work: () => unknown): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < times; round++) {
    const begun = performance.now();
    work();
    shortest = Math.min(shortest, performance.now() - begun);
  }
  return shortest;
}
