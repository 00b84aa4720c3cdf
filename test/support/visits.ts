import { Session } from 'node:inspector';

/**
 * Counts what a function does, without a clock: how often each block of code in `src/` is run, as V8 counts for coverage, and
 * how many characters the built-in searches it calls look at.
 */
export class VisitCounter {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  count(run: () => unknown): number {
    this.#blocks();
    const { visited, restore } = watchSearches();
    try {
      run();
    } finally {
      restore();
    }
    return visited() + this.#blocks();
  }

  close(): void {
    this.#session.disconnect();
  }

  /** Runs of blocks since this was asked last. */
  #blocks(): number {
    const { result } = this.#post('Profiler.takePreciseCoverage') as unknown as {
      result: { url: string; functions: { ranges: { count: number }[] }[] }[];
    };
    return result
      .filter(({ url }) => url.includes('/src/'))
      .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
      .reduce((sum, { count }) => sum + count, 0);
  }

  /** The session is in this process, and so answers before it returns. */
  #post(method: string, params: object = {}): object {
    let answer: object | undefined;
    this.#session.post(method, params, (error, result) => {
      if (error) throw error;
      answer = result ?? {};
    });
    return answer ?? {};
  }
}

type Method = (this: unknown, ...rest: unknown[]) => unknown;

/** From where a search began to where it ended, or to the end. */
const distances: Readonly<Record<string, (length: number, from: number, found: unknown) => number>> = {
  indexOf: (length, from, found) => (Number(found) < 0 ? length : Number(found)) - from,
  lastIndexOf: (length, _from, found) => length - Number(found),
  includes: (length, from) => length - from,
  slice: () => 1,
  replace: (length) => length,
  replaceAll: (length) => length,
  split: (length) => length,
  toLowerCase: (length) => length,
  toUpperCase: (length) => length,
  trim: (length) => length,
};

function watchSearches(): { visited: () => number; restore: () => void } {
  let visited = 0;
  const undo: (() => void)[] = [];
  const watch = (
    on: object,
    name: string,
    distance: (self: never, args: unknown[], result: unknown) => number,
  ) => {
    const own = Object.getOwnPropertyDescriptor(on, name)!;
    const method = own.value as Method;
    Object.defineProperty(on, name, {
      ...own,
      value: function (this: never, ...rest: unknown[]) {
        const result = method.apply(this, rest);
        visited += Math.max(1, distance(this, rest, result));
        return result;
      },
    });
    undo.push(() => Object.defineProperty(on, name, own));
  };
  for (const [name, distance] of Object.entries(distances))
    for (const prototype of [String.prototype, Buffer.prototype, Uint8Array.prototype])
      if (Object.hasOwn(prototype, name))
        watch(prototype, name, (self: { length: number }, rest, result) =>
          distance(self.length, Math.max(0, Number(rest[1] ?? 0)) || 0, result),
        );
  watch(RegExp.prototype, 'exec', (self: RegExp, rest, result) => {
    const found = result as RegExpExecArray | null;
    const [text] = rest as [string];
    if (!found) return self.sticky ? 1 : text.length;
    return found[0].length + (self.global || self.sticky ? 1 : found.index);
  });
  const restore = () => {
    for (const step of undo) step();
  };
  return { visited: () => visited, restore };
}
