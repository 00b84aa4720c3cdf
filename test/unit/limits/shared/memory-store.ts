import { allocate } from '../../../../src/limits/shared/allocate.ts';
import { decodeState, emptyState, encodeState } from '../../../../src/limits/shared/state.ts';
import type { BudgetStore } from '../../../../src/limits/shared/store.ts';
import { createSeal } from '../../../../src/redis/seal.ts';

const SEAL = createSeal(['the key that all instances have in common']);
const BUDGET = 'someone|DFW';

/** What instances would share through Redis, of one budget, without one: what is left there is read as it would be. */
export class MemoryStore {
  isUp = true;
  exchanges = 0;
  #text = '';
  readonly #now: () => number;

  /** @param now ms since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The store as an instance sees it. */
  of(instance: string): BudgetStore {
    return {
      exchange: async (report) => {
        if (!this.isUp) throw new Error('the store is away');
        this.exchanges++;
        const now = this.#now();
        const state = decodeState(this.#text, BUDGET, SEAL, now) ?? emptyState(now);
        const answer = allocate(state, instance, report, now);
        state.seq++;
        this.#text = encodeState(state, BUDGET, SEAL);
        return answer;
      },
    };
  }

  /** It has lost all it knew. */
  lose(): void {
    this.#text = '';
  }
}
