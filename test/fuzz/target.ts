import fc from 'fast-check';

/** Something that is given inputs at random, and says when it does with one what it must never do. */
export interface FuzzTarget<T> {
  readonly name: string;
  readonly arbitrary: fc.Arbitrary<T>;
  /** Throws when something is wrong. It may take no longer than `LONGEST_BLOCK_MS` of the event loop's time. */
  check(input: T): void | Promise<void>;
  /** True for what is read while nobody is served: it may take its time. */
  readonly mayBlock?: boolean;
  /** How many values the test suite gives it; 300 where it is not said. */
  readonly values?: number;
  /** How many inputs there are in one value; one where it is not said. */
  inputsIn?(value: T): number;
}

// biome-ignore lint/suspicious/noExplicitAny: targets of all kinds of inputs are run alike
export type AnyTarget = FuzzTarget<any>;

/** No input may keep others waiting for longer. */
export const LONGEST_BLOCK_MS = 50;

/** A busy machine makes anything slow once; what is slow each time is slow. */
const TRIES = 4;

/**
 * Gives a target so many values.
 *
 * @param seed the same seed makes the same inputs
 * @param path where among them to begin, as an error says it
 * @returns how many inputs they held
 * @throws Error with the seed, the smallest input that fails, and why
 */
export async function runTarget(
  target: AnyTarget,
  values: number,
  seed: number,
  path?: string,
): Promise<number> {
  let inputs = 0;
  const property = fc.asyncProperty(target.arbitrary, async (value) => {
    inputs += target.inputsIn?.(value) ?? 1;
    await checkTimed(target, value);
  });
  const run = await fc.check(property, { numRuns: values, seed, ...(path === undefined ? {} : { path }) });
  if (run.failed)
    throw new Error(`${target.name}: ${run.errorInstance}\n${fc.defaultReportMessage(run)}`, {
      cause: run.errorInstance,
    });
  return inputs;
}

/** Checks once; where that took too long, again, to see whether it is the input that takes so long. */
async function checkTimed(target: AnyTarget, value: unknown): Promise<void> {
  let shortest = Number.POSITIVE_INFINITY;
  for (let time = 0; time < (target.mayBlock ? 1 : TRIES) && shortest > LONGEST_BLOCK_MS; time++) {
    const started = performance.now();
    const running = target.check(value);
    shortest = Math.min(shortest, performance.now() - started);
    // What waits for others does not block: how long those do is for the target to say.
    if (running !== undefined) await running;
  }
  if (shortest > LONGEST_BLOCK_MS && !target.mayBlock)
    throw new Error(`it took ${shortest.toFixed(0)} ms of the event loop`);
}
