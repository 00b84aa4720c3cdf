import type { Shaper } from './queue/shaper-contract.ts';
import type { Charge, Permit, Refusal, SlotRequest } from './slot-request.ts';

/**
 * A permit of several budgets at once: what a request is charged to is counted by user in one of them, by project in
 * another. Slots of the first are held while the next is waited for.
 */
export function acquireJointly(
  shapers: readonly Shaper[],
  request: SlotRequest,
): Permit | Refusal | Promise<Permit | Refusal> {
  const held: Permit[] = [];
  for (const [index, shaper] of shapers.entries()) {
    const outcome = shaper.acquire(request);
    if (outcome instanceof Promise) return waitForRest(held, outcome, shapers.slice(index + 1), request);
    if (outcome.refused) return giveUp(held, outcome);
    held.push(outcome);
  }
  return new JointPermit(held);
}

/** The same of what each budget can spare, see `Shaper.spare`. */
export function spareJointly(
  shapers: readonly Shaper[],
  request: SlotRequest,
  leastFree: number,
): Permit | undefined {
  const held: Permit[] = [];
  for (const shaper of shapers) {
    const permit = shaper.spare(request, leastFree);
    if (permit === undefined) {
      for (const given of held) given.cancel();
      return undefined;
    }
    held.push(permit);
  }
  return held.length === 1 ? held[0] : new JointPermit(held);
}

async function waitForRest(
  held: Permit[],
  first: Promise<Permit | Refusal>,
  rest: readonly Shaper[],
  request: SlotRequest,
): Promise<Permit | Refusal> {
  let next: Permit | Refusal | Promise<Permit | Refusal> = first;
  for (const shaper of [undefined, ...rest]) {
    if (shaper) next = shaper.acquire(withWaited(request, sumOf(held)));
    for (const permit of held) permit.queued();
    try {
      const outcome: Permit | Refusal = await next;
      if (outcome.refused) return giveUp(held, outcome);
      for (const permit of held) permit.sent();
      held.push(outcome);
    } catch (error) {
      for (const permit of held) permit.cancel();
      throw error;
    }
  }
  return new JointPermit(held);
}

function giveUp(held: readonly Permit[], refused: Refusal): Refusal {
  for (const permit of held) permit.cancel();
  return refused;
}

function withWaited(request: SlotRequest, waitedMs: number): SlotRequest {
  const { method, service, isUnpublished, path, fullPath, query, client, priority, signal, again } = request;
  const maxWaitMs = Math.max(0, request.maxWaitMs - waitedMs);
  return {
    ...{ method, service, isUnpublished, path, fullPath, query, client, priority, maxWaitMs, signal },
    ...(again === undefined ? {} : { again }),
  };
}

const sumOf = (permits: readonly Permit[]): number =>
  permits.reduce((sum, { waitedMs }) => sum + waitedMs, 0);

/** The first permit is that of the budget in which limits are found out: it alone is told of refusals. */
class JointPermit implements Permit {
  readonly waitedMs: number;
  readonly #permits: readonly Permit[];

  constructor(permits: readonly Permit[]) {
    this.#permits = permits;
    this.waitedMs = sumOf(permits);
  }

  get charges(): readonly Charge[] {
    return this.#permits.flatMap(({ charges }) => charges);
  }

  answered(...[status, headers, nowWall]: Parameters<Permit['answered']>): void {
    const isRefused = status === 413 || status === 429;
    for (const [index, permit] of this.#permits.entries())
      if (index > 0 && isRefused) permit.answered(400);
      else permit.answered(status, headers, nowWall);
  }

  queued(): void {
    for (const permit of this.#permits) permit.queued();
  }

  sent(): void {
    for (const permit of this.#permits) permit.sent();
  }

  lost(): void {
    for (const permit of this.#permits) permit.lost();
  }

  cancel(): void {
    for (const permit of this.#permits) permit.cancel();
  }
}
