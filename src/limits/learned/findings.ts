import { limitKey, type PublishedLimit } from '../published/limit.ts';
import type { EstimateState } from './estimate.ts';
import type { LearnedUnit } from './evidence.ts';

/** An estimate of one of the limits that nobody publishes. */
export interface SharedEstimate extends EstimateState {
  /** A method, or `ALL`. */
  readonly verb: string;
  readonly unit: LearnedUnit;
}

/** What instances that share a budget tell each other of limits that nobody publishes. */
export interface Findings {
  readonly estimates: readonly SharedEstimate[];
  /** How many requests were let through in the last unit, by the limit's key. */
  readonly letThrough: readonly (readonly [key: string, count: number])[];
}

/** What somebody tells who knows nothing. */
export const NO_FINDINGS: Findings = { estimates: [], letThrough: [] };

/** The limit that an estimate is of. */
export function learnedLimit(verb: string, unit: LearnedUnit, value: number): PublishedLimit {
  return { verb, uri: '*', value, unit, origin: 'learned' };
}

/** The key of its window. */
export const learnedKey = (verb: string, unit: LearnedUnit): string => limitKey(learnedLimit(verb, unit, 0));

/** Whether one estimate of a limit holds in place of another: of two that were changed at the same time the lower one. */
export function isLater(one: EstimateState, other: EstimateState): boolean {
  return one.version === other.version ? one.value < other.value : one.version > other.version;
}

/** Of each limit the later estimate is kept, by its key. */
export function merge(known: Map<string, SharedEstimate>, heard: readonly SharedEstimate[]): void {
  for (const estimate of heard) {
    const key = learnedKey(estimate.verb, estimate.unit);
    const before = known.get(key);
    if (before === undefined || isLater(estimate, before)) known.set(key, estimate);
  }
}
