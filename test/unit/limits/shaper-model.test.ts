import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PublishedLimit } from '../../../src/limits/published/limit.ts';
import { type RedisServer, redisAvailable, startRedis } from '../../support/redis-server.ts';
import { LIMITER_KINDS } from '../../support/reference-upstreams.ts';
import { limit } from './harness.ts';
import { randomOf } from './random.ts';
import { type Trip, World } from './world.ts';

/**
 * The shaper against the three ways in which regions enforce limits. Everything is drawn by fast-check: what it prints of a
 * failure (`seed`, `path`) plays the same story again.
 */

/** `/a/b` needs slots of both narrow limits, which cross; `/c` of neither. All need the wide one. */
const PATHS = ['/a', '/b', '/a/b', '/c'] as const;
const MINUTE_ROW = 3;
const CLIENTS = ['one', 'two', 'three'] as const;

type Step = { readonly pauseMs: number; readonly which: number } & (
  | { readonly does: 'ask'; readonly count: number; readonly path: string; readonly client: string }
  | { readonly does: 'ask in background'; readonly count: number; readonly path: string }
  | {
      readonly does: 'ask and leave';
      readonly count: number;
      readonly path: string;
      readonly afterMs: number;
    }
  | { readonly does: 'change'; readonly row: number; readonly value: number }
  | { readonly does: 'kill' | 'join' | 'lose Redis' | 'recover Redis' }
);

interface Story {
  readonly limits: readonly PublishedLimit[];
  readonly steps: readonly Step[];
  /** What latencies and fates come from. */
  readonly seed: number;
  readonly slowestMs: number;
}

const count = fc.integer({ min: 1, max: 40 });
const path = fc.constantFrom(...PATHS);
const when = { pauseMs: fc.integer({ min: 0, max: 1500 }), which: fc.nat(5) };
const asks = [
  fc.record({ ...when, does: fc.constant('ask' as const), count, path, client: fc.constantFrom(...CLIENTS) }),
  fc.record({ ...when, does: fc.constant('ask in background' as const), count, path }),
  fc.record({
    ...when,
    does: fc.constant('ask and leave' as const),
    count,
    path,
    afterMs: fc.integer({ min: 0, max: 2000 }),
  }),
];
const change = fc.record({
  ...when,
  does: fc.constant('change' as const),
  row: fc.nat(3),
  value: fc.integer({ min: 1, max: 30 }),
});
const failure = fc.record({
  ...when,
  does: fc.constantFrom('kill' as const, 'join' as const, 'lose Redis' as const, 'recover Redis' as const),
});

const storyOf = (steps: fc.Arbitrary<Step>): fc.Arbitrary<Story> =>
  fc.record({
    limits: fc
      .tuple(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 20, max: 60 }),
      )
      .map(([wide, a, b, minute]) => [
        limit('ALL', '*', wide, 'SECOND', { regex: '.*' }),
        limit('ALL', 'a', a, 'SECOND', { regex: 'a' }),
        limit('ALL', 'b', b, 'SECOND', { regex: 'b' }),
        limit('ALL', '/a', minute, 'MINUTE', { regex: '^/a' }),
      ]),
    steps: fc.array(steps, { minLength: 3, maxLength: 14 }),
    seed: fc.nat(),
    slowestMs: fc.constantFrom(0, 20, 250, 500),
  });

/** Latencies up to the story's slowest each way; some requests are given back unsent, some callers leave. */
function tripsOf({ seed, slowestMs }: Story): () => Trip {
  const random = randomOf(seed);
  return () => {
    const fate = random();
    return {
      thereMs: Math.round(random() * slowestMs),
      backMs: Math.round(random() * slowestMs),
      fate: fate < 0.05 ? 'given back' : fate < 0.1 ? 'left' : 'answered',
    };
  };
}

async function take(step: Step, world: World): Promise<void> {
  const { alive } = world;
  const instance = alive[step.which % alive.length]!;
  switch (step.does) {
    case 'ask':
      return instance.flood(step.count, { path: step.path, client: step.client });
    case 'ask in background':
      return instance.flood(step.count, { path: step.path, priority: 'background' });
    case 'ask and leave':
      for (let index = 0; index < step.count; index++) instance.request({ path: step.path }, step.afterMs);
      return;
    case 'change':
      return world.change(step.row, step.row === MINUTE_ROW ? step.value + 19 : step.value);
    case 'kill':
      if (alive.length > 1) instance.kill();
      return;
    case 'join':
      // Whoever starts while Redis is away cannot know of the others, so nobody does here.
      if (world.isStoreUp && alive.length < 5) world.join(`late${world.instances.length}`);
      return;
    case 'lose Redis':
      return world.lose();
    case 'recover Redis':
      world.isStoreUp = true;
  }
}

async function play(world: World, story: Story, leastPauseMs: (step: Step) => number): Promise<void> {
  for (const step of story.steps) {
    await take(step, world);
    await world.run(Math.max(step.pauseMs, leastPauseMs(step)));
  }
  world.isStoreUp = true;
  await world.drain(3_600_000);
}

describe('a shaped region', () => {
  it.each(LIMITER_KINDS)(
    'is never asked for more than a %s limiter allows, whatever happens',
    async (kind) => {
      await fc.assert(
        fc.asyncProperty(storyOf(fc.oneof(...asks, ...asks, change)), async (story) => {
          const world = new World({ kind, limits: story.limits, trip: tripsOf(story) });
          world.join('alone');
          await play(world, story, () => 0);
          expect(world.rejections).toBe(0);
          expect(world.requests.filter(({ state }) => state === 'waiting' || state === 'refused')).toEqual(
            [],
          );
        }),
        { numRuns: 60 },
      );
    },
  );
});

describe.skipIf(!redisAvailable())('a region shaped by several instances', () => {
  let server: RedisServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it.each(LIMITER_KINDS)(
    'is never asked for more than a %s limiter allows, whatever happens',
    async (kind) => {
      await fc.assert(
        fc.asyncProperty(storyOf(fc.oneof(...asks, ...asks, change, failure, failure)), async (story) => {
          const world = new World({ kind, limits: story.limits, trip: tripsOf(story), redis });
          for (const name of ['a', 'b', 'c']) world.join(name);
          await world.run(1_500);
          // An instance knows how many there are once it has reported and heard.
          await play(world, story, ({ does }) => (does === 'join' ? 3_000 : 0));
          expect(world.rejections).toBe(0);
          const left = world.alive.flatMap(({ requests }) => requests);
          expect(left.filter(({ state }) => state === 'waiting' || state === 'refused')).toEqual([]);
        }),
        { numRuns: 25 },
      );
    },
  );
});
