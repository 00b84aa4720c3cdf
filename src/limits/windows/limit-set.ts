import type { Window } from './window.ts';

/** The windows that requests of one kind are charged to, all of them at once. */
export class LimitSet {
  readonly windows: readonly Window[];
  /** A limit of value 0 among them: no request of this kind may ever leave. */
  readonly forbidden: Window | undefined;
  #bottleneck: Window | undefined;

  constructor(windows: readonly Window[]) {
    this.windows = windows;
    this.forbidden = windows.find((window) => window.limit.value === 0);
    this.#bottleneck = windows[0];
  }

  /** The window that was full last: whose turn it is there decides. */
  get bottleneck(): Window | undefined {
    return this.#bottleneck;
  }

  /** Whether one more request may leave now; otherwise what is full becomes the bottleneck. */
  isOpen(now: number): boolean {
    let full: Window | undefined;
    for (const window of this.windows) {
      if (window.free(now) >= 1) continue;
      if (window === this.#bottleneck) return false;
      full ??= window;
    }
    if (!full) return true;
    this.#bottleneck = full;
    return false;
  }

  /** Whether one more request may leave now, and more than this part of every limit is free, 0 to 1. */
  hasSpare(part: number, now: number): boolean {
    return this.windows.every(
      (window) => window.free(now) >= 1 && window.remaining(now) > part * window.limit.value,
    );
  }

  /** Whether it would be open if nothing were charged that had no answer. */
  isOpenButForDoubts(now: number): boolean {
    let doubtful = 0;
    for (const window of this.windows) {
      const doubts = window.doubtful(now);
      if (now < window.blockedUntil || window.free(now) + doubts < 1) return false;
      doubtful += doubts;
    }
    return doubtful > 0;
  }

  /** Whether some of the windows have room and others have not. */
  isPartlyFull(now: number): boolean {
    if (this.windows.length < 2) return false;
    let open = 0;
    for (const window of this.windows) if (window.free(now) >= 1) open++;
    return open > 0 && open < this.windows.length;
  }
}
