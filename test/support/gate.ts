/** A point that requests wait at until a test lets them go on: concurrency without sleeping. */
export interface Gate {
  /** How many wait here now. */
  readonly waiting: number;
  /** How many have come here so far. */
  readonly arrivals: number;
  /** Resolves once `count` have come here, those that were let go included. */
  arrived(count: number): Promise<void>;
  /** Lets `count` of those that wait go on, all by default; later ones still wait. */
  release(count?: number): void;
  /** Lets all go on, and everyone who comes later. */
  open(): void;
  /** Called by what passes: resolves when it may go on. */
  pass(): Promise<void>;
}

export function createGate(): Gate {
  let isOpen = false;
  let arrivals = 0;
  const waiting: (() => void)[] = [];
  let watchers: { count: number; resolve: () => void }[] = [];

  const release = (count = waiting.length): void => {
    for (const go of waiting.splice(0, count)) go();
  };
  return {
    get waiting() {
      return waiting.length;
    },
    get arrivals() {
      return arrivals;
    },
    arrived: (count) =>
      arrivals >= count ? Promise.resolve() : new Promise((resolve) => watchers.push({ count, resolve })),
    release,
    open() {
      isOpen = true;
      release();
    },
    pass() {
      arrivals++;
      const reached = watchers.filter((watcher) => watcher.count <= arrivals);
      watchers = watchers.filter((watcher) => watcher.count > arrivals);
      const passed = isOpen ? Promise.resolve() : new Promise<void>((resolve) => waiting.push(resolve));
      for (const watcher of reached) watcher.resolve();
      return passed;
    },
  };
}
