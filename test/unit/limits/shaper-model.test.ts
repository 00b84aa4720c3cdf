import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Permit } from '../../../src/limits/ask.ts';
import { type PublishedLimit, UNIT_MS } from '../../../src/limits/published-limit.ts';
import { settle } from '../../support/fake-clock.ts';
import {
  createReferenceLimiter,
  LIMITER_KINDS,
  type LimiterKind,
} from '../../support/reference-upstreams.ts';
import { ask, limit, shaperWith } from './harness.ts';

interface Load {
  readonly limits: readonly PublishedLimit[];
  readonly paths: readonly string[];
  readonly requests: number;
  /** Gaps between arrivals, ms, used in turn; 0 floods. */
  readonly gapsMs: readonly number[];
  /** Ways there and back, ms, used in turn. */
  readonly thereMs: readonly number[];
  readonly backMs: readonly number[];
  /** Every so many-th request is given back or leaves the queue; 0: none. */
  readonly cancelEvery: number;
}

interface Outcome {
  rejections: number;
  sent: number;
  lastSentAt: number;
  waiting: number;
}

/** Plays a load against reference limiters, one per limit, and counts what they reject. */
async function play(kind: LimiterKind, load: Load): Promise<Outcome> {
  const { shaper, clock } = shaperWith(load.limits);
  const limiters = load.limits.map(({ value, unit }) => createReferenceLimiter(kind, value, UNIT_MS[unit]));
  const outcome: Outcome = { rejections: 0, sent: 0, lastSentAt: 0, waiting: 0 };
  const send = (path: string, index: number, permit: Permit) => {
    if (load.cancelEvery > 0 && index % load.cancelEvery === 1) return permit.cancel();
    outcome.sent++;
    outcome.lastSentAt = clock.monotonic();
    clock.setTimer(
      () => {
        const charged = load.limits.flatMap(({ uri }, at) => (path.startsWith(uri) ? [limiters[at]!] : []));
        if (charged.some((limiter) => !limiter.arrive(clock.monotonic()))) outcome.rejections++;
        clock.setTimer(() => permit.answered(200), load.backMs[index % load.backMs.length]!);
      },
      load.thereMs[index % load.thereMs.length]!,
    );
  };
  const arrive = (index: number) => {
    const path = load.paths[index % load.paths.length]!;
    const left = new AbortController();
    const leaves = load.cancelEvery > 0 && index % load.cancelEvery === 2;
    const answer = shaper.acquire(ask(path, leaves ? { signal: left.signal } : {}));
    if (!(answer instanceof Promise)) {
      if (!answer.refused) send(path, index, answer);
      return;
    }
    outcome.waiting++;
    answer.then(
      (late) => !late.refused && send(path, index, late),
      () => undefined,
    );
    if (leaves) clock.setTimer(() => left.abort(), 30);
  };
  let at = 0;
  for (let index = 0; index < load.requests; index++) {
    clock.setTimer(() => arrive(index), at);
    at += load.gapsMs[index % load.gapsMs.length]!;
  }
  while (clock.pending > 0) {
    clock.tick(clock.nextIn()!);
    // A permit that is given back lets the next one go, in a chain of promises of any length.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await settle();
  return outcome;
}

const latency = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 7 });
const anyLoad: fc.Arbitrary<Load> = fc.record({
  limits: fc
    .tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 6 }))
    .map(([second, minute, narrow]) => [
      limit('ALL', '', second, 'SECOND'),
      limit('GET', '/servers', minute, 'MINUTE'),
      limit('GET', '/servers/narrow', narrow, 'SECOND'),
    ]),
  paths: fc.shuffledSubarray(['/servers', '/flavors', '/servers/narrow', '/servers/narrow/x'], {
    minLength: 1,
  }),
  requests: fc.integer({ min: 20, max: 120 }),
  gapsMs: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 5 }),
  thereMs: latency,
  backMs: latency,
  cancelEvery: fc.constantFrom(0, 0, 3, 7),
});

describe('a shaped region', () => {
  it.each(LIMITER_KINDS)('is never asked for more than a %s limiter allows', async (kind) => {
    await fc.assert(
      fc.asyncProperty(anyLoad, async (load) => {
        const outcome = await play(kind, load);
        expect(outcome.rejections).toBe(0);
        if (load.cancelEvery === 0) expect(outcome.sent).toBe(load.requests);
      }),
      { numRuns: 60 },
    );
  });

  it.each(LIMITER_KINDS)(
    'is used to 99 percent of a strict sliding window under a flood (%s)',
    async (kind) => {
      const value = 40;
      const latencyMs = 20;
      const load: Load = {
        limits: [limit('ALL', '', value, 'SECOND')],
        paths: ['/servers'],
        requests: value * 50,
        gapsMs: [0],
        thereMs: [latencyMs / 2],
        backMs: [latencyMs / 2],
        cancelEvery: 0,
      };
      const outcome = await play(kind, load);
      expect(outcome.rejections).toBe(0);
      // A strict window whose slots are held from sending to answer and a unit sends `value` every 1020 ms.
      const strictMs = 49 * (1000 + latencyMs);
      expect(strictMs / outcome.lastSentAt).toBeGreaterThan(0.99);
    },
  );

  it('loses at most 1% of a MINUTE limit to rounding', async () => {
    const load: Load = {
      limits: [limit('ALL', '', 1500, 'MINUTE')],
      paths: ['/servers'],
      requests: 1500 * 8,
      gapsMs: [2],
      thereMs: [10],
      backMs: [10],
      cancelEvery: 0,
    };
    const outcome = await play('sliding', load);
    expect(outcome.rejections).toBe(0);
    expect((7 * 60_020 + 1_000) / outcome.lastSentAt).toBeGreaterThan(0.99);
  });
});
