import type { PublishedLimit } from '../../../src/limits/published/limit.ts';
import { createShaper } from '../../../src/limits/queue/shaper.ts';
import {
  type Shaper,
  type ShaperOptions,
  silentObserver,
} from '../../../src/limits/queue/shaper-contract.ts';
import type { Permit, Refusal, SlotRequest } from '../../../src/limits/slot-request.ts';
import { FakeClock } from '../../support/fake-clock.ts';

export const TEST_SETTINGS = {
  maxWaitMs: 1e9,
  maxQueue: 100_000,
  maxQueuePerClient: 100_000,
  marginMs: 5,
};

/** A request for `path` of tenant 7142, as the gateway would ask. */
export function requestFor(path: string, overrides: Partial<SlotRequest> = {}): SlotRequest {
  return {
    method: 'GET',
    path,
    fullPath: `/v2/7142${path}`,
    query: '',
    client: 'anybody',
    priority: 'interactive',
    maxWaitMs: 1e9,
    ...overrides,
  };
}

export function limit(
  verb: string,
  uri: string,
  value: number,
  unit: PublishedLimit['unit'],
  more: Partial<PublishedLimit> = {},
): PublishedLimit {
  return { verb, uri, value, unit, ...more };
}

/** A shaper on a fake clock. */
export function shaperWith(
  limits: readonly PublishedLimit[],
  options: Partial<Omit<ShaperOptions, 'clock'>> = {},
): { shaper: Shaper; clock: FakeClock } {
  const clock = new FakeClock();
  const shaper = createShaper({
    clock,
    settings: TEST_SETTINGS,
    shares: () => 1,
    observe: silentObserver,
    ...options,
  });
  shaper.setLimits(limits);
  return { shaper, clock };
}

/** What was answered at once; throws when the request has to wait. */
export function atOnce(outcome: ReturnType<Shaper['acquire']>): Permit | Refusal {
  if (outcome instanceof Promise) throw new Error('the request waits');
  return outcome;
}

/** A permit given at once. */
export function permitted(outcome: ReturnType<Shaper['acquire']>): Permit {
  const answer = atOnce(outcome);
  if (answer.refused) throw new Error(`refused: ${answer.reason}`);
  return answer;
}

/** A refusal given at once. */
export function refused(outcome: ReturnType<Shaper['acquire']>): Refusal {
  const answer = atOnce(outcome);
  if (!answer.refused) throw new Error('the request was let through');
  return answer;
}
