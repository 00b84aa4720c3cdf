import type { Permit } from '../../limits/slot-request.ts';
import type { Span } from '../../telemetry/tracing.ts';
import { recordAttempt, recordSlot } from '../attempt-record.ts';
import { beginAttempt, endAttempt } from '../attempt-span.ts';
import type { Cancellation } from '../cancellation.ts';
import type { Circuit, CircuitPass } from '../circuit.ts';
import { endOf } from '../circuits.ts';
import { ExchangeError, type UpstreamAnswer } from '../exchange.ts';
import type { Means } from '../means.ts';
import type { UpstreamRequest } from '../request.ts';
import type { RetryBudget } from '../retry-budget.ts';
import { PermitWatch, type RegionSlot } from '../slot.ts';
import { Branch } from './branch.ts';
import type { OperationHedges } from './hedging.ts';
import { type Runner, race } from './race.ts';

type Outcome = UpstreamAnswer | ExchangeError;

/** Sends the request of an attempt. @param span that of a hedge, which then is what the region's are a part of */
export type Send = (
  cancellation: Cancellation | undefined,
  watch: PermitWatch,
  span?: Span,
) => Promise<Outcome>;

/** What a hedge needs beside what is sent. */
export interface HedgeTerms {
  readonly request: UpstreamRequest;
  readonly means: Means;
  readonly hedges: OperationHedges;
  readonly circuit: Circuit;
  /** A hedge is a repeat, too. */
  readonly budget: RetryBudget;
  /** What the limits are asked for by a hedge. */
  readonly slot: () => RegionSlot;
  /** One more attempt is sent; how many there were before. */
  readonly countAttempt: () => number;
}

/** This part of every limit has to be free for a hedge: those who will come shortly have the rest to themselves. */
export const LEAST_FREE = 0.2;

/**
 * One exchange, and a second one beside it when it takes longer than nearly all of its kind do and there is room: the first
 * answer wins, the other exchange is given up, and its slot stays charged (Dean and Barroso, "The Tail at Scale").
 *
 * @param watch that of the first exchange; the hedge has a permit of its own
 */
export async function hedgedExchange(terms: HedgeTerms, send: Send, watch: PermitWatch): Promise<Outcome> {
  const { request, means, hedges } = terms;
  const begun = means.clock.monotonic();
  hedges.requested(begun);
  const { delayMs } = hedges;
  const outcome =
    delayMs === undefined
      ? await send(request.cancellation, watch)
      : await new HedgedExchange(terms, send, watch).run(delayMs);
  if (isGood(outcome)) hedges.answered(means.clock.monotonic() - begun);
  return outcome;
}

/** An answer that another attempt would not better: no failure, and no refusal that `decideNext` has an answer to. */
function isGood(outcome: Outcome): boolean {
  if (outcome instanceof ExchangeError) return false;
  const { status } = outcome;
  return status < 500 && status !== 401 && status !== 413 && status !== 429;
}

/** Whether its caller may still have it sent; who would have to wait for leave has no hedge. */
function mayBeSent({ beforeSending }: UpstreamRequest): boolean {
  try {
    return beforeSending?.() === undefined;
  } catch {
    return false;
  }
}

/** A second attempt under way. */
interface Hedge extends Runner<Outcome> {
  readonly watch: PermitWatch;
  readonly pass: CircuitPass;
  readonly begun: number;
  readonly count: number;
}

class HedgedExchange {
  readonly #terms: HedgeTerms;
  readonly #send: Send;
  readonly #watch: PermitWatch;
  readonly #branches: ReturnType<typeof Branch.fork>;
  #hedge: Hedge | undefined;

  constructor(terms: HedgeTerms, send: Send, watch: PermitWatch) {
    this.#terms = terms;
    this.#send = send;
    this.#watch = watch;
    this.#branches = Branch.fork(terms.request.cancellation);
  }

  async run(delayMs: number): Promise<Outcome> {
    const branch = this.#branches.first;
    const first: Runner<Outcome> = {
      outcome: this.#send(branch, this.#watch),
      giveUp: () => branch.giveUp(),
    };
    const { clock } = this.#terms.means;
    const { outcome, winner } = await race(first, () => this.#begin(), { clock, delayMs, isGood });
    this.#branches.close();
    if (this.#hedge !== undefined) void this.#settle(first, this.#hedge, winner, isGood(outcome));
    return outcome;
  }

  /** The hedge, if there is to be one: what waits for a connection of ours would only wait twice. */
  #begin(): Hedge | undefined {
    if (!this.#watch.isUnanswered || this.#branches.first.gone) return undefined;
    const permit = this.#permit();
    if (permit === undefined) {
      this.#count('no-room');
      return undefined;
    }
    this.#hedge = this.#sent(permit);
    return this.#hedge;
  }

  #permit(): Permit | undefined {
    const { request, means, hedges, circuit, budget } = this.#terms;
    if (!mayBeSent(request)) return undefined;
    const now = means.clock.monotonic();
    if (!hedges.allows(now) || !budget.allows(now)) return undefined;
    if (circuit.state !== 'closed' || circuit.refusal(now) !== undefined) return undefined;
    return means.limits.spare(request.place, this.#terms.slot(), LEAST_FREE);
  }

  #sent(permit: Permit): Hedge {
    const { request, means, hedges, circuit, budget } = this.#terms;
    const begun = means.clock.monotonic();
    const pass = circuit.enter(begun) as CircuitPass;
    hedges.hedged(begun);
    budget.repeated(begun);
    recordSlot(request, means, permit);
    const resends = this.#terms.countAttempt();
    const span = beginAttempt(request, request.operation.name, resends);
    const branch = this.#branches.second;
    const watch = new PermitWatch(permit);
    const outcome = this.#send(branch, watch, span);
    void outcome.then((ended) => endAttempt(span, ended));
    return { outcome, giveUp: () => branch.giveUp(), watch, pass, begun, count: resends + 1 };
  }

  /**
   * The books of whichever lost; those of the winner are kept by whoever awaits the exchange, as if there had been but one.
   */
  async #settle(
    first: Runner<Outcome>,
    hedge: Hedge,
    winner: 'first' | 'second',
    isWon: boolean,
  ): Promise<void> {
    const { request, means, circuit } = this.#terms;
    const [loser, watch] = winner === 'first' ? [hedge, hedge.watch] : [first, this.#watch];
    const ended = await loser.outcome;
    if (ended instanceof ExchangeError) watch.ended(ended);
    const now = means.clock.monotonic();
    circuit.ended(hedge.pass, endOf(ended), now);
    const { name: label } = request.operation;
    const unanswered = isWon ? 'superseded' : 'error';
    recordAttempt(request, means, { label, count: hedge.count, ms: now - hedge.begun, unanswered }, ended);
    this.#count(!isWon ? 'failed' : winner === 'first' ? 'lost' : 'won');
  }

  #count(outcome: 'won' | 'lost' | 'failed' | 'no-room'): void {
    const { request, means } = this.#terms;
    means.metrics.upstreamHedges.inc(request.place.account.name, request.place.endpoint.region, outcome);
  }
}
