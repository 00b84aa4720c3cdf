import { describe, expect, it } from 'vitest';
import { RetryBudget } from '../../../src/upstream/retry-budget.ts';

function budgetWith(requests: number, at: number): RetryBudget {
  const budget = new RetryBudget({ share: 0.2, least: 10, spanMs: 10_000 });
  for (let index = 0; index < requests; index++) budget.requested(at);
  return budget;
}

/** How many repeats are allowed at once. */
function repeatsAt(budget: RetryBudget, now: number): number {
  for (let count = 0; count < 10_000; count++) {
    if (!budget.allows(now)) return count;
    budget.repeated(now);
  }
  throw new Error('there is no end to it');
}

describe('RetryBudget', () => {
  it.each([
    [0, 10],
    [1, 10],
    [50, 10],
    [51, 10],
    [55, 11],
    [1000, 200],
  ])('lets repeat, after %i requests, %i', (requests, repeats) => {
    expect(repeatsAt(budgetWith(requests, 5_000), 5_000)).toBe(repeats);
  });

  it('is used up until the span is over', () => {
    const budget = budgetWith(0, 0);
    expect(repeatsAt(budget, 1_000)).toBe(10);
    expect(budget.allows(9_900)).toBe(false);
    expect(repeatsAt(budget, 11_000)).toBe(10);
  });

  it('forgets requests that are older than the span, little by little', () => {
    const budget = budgetWith(1000, 0);
    for (let index = 0; index < 1000; index++) budget.requested(5_000);
    expect(repeatsAt(budget, 10_500)).toBe(200);
    expect(repeatsAt(budget, 16_000)).toBe(0);
    expect(repeatsAt(budget, 3_600_000)).toBe(10);
  });

  it('begins with whatever time its clock shows', () => {
    expect(repeatsAt(budgetWith(100, 1e9), 1e9)).toBe(20);
  });
});
