import { type Findings, merge } from '../learned/findings.ts';
import type { PublishedLimit } from '../published/limit.ts';
import { TRANSIT_MS } from '../windows/under-way.ts';
import type { BudgetState, InstanceState, PartState } from './state.ts';
import {
  type ExchangeAnswer,
  type ExchangeReport,
  LEASE_MS,
  type LimitGrant,
  type LimitReport,
  LONGEST_SILENCE_MS,
} from './store.ts';

/**
 * One exchange of an instance with the shared budget: puts its report into the state and says what it is given. Pure but for
 * the state, which is the new one afterwards.
 *
 * The invariant: what all instances may hold (`held`, the larger of what they say they hold and what they were last granted),
 * plus what they were promised for an outage (`promised`), plus what the dead may still have in the region's window, plus what
 * strangers have used, plus one for every instance that has not told of the limit yet (its question to the region, which it
 * asks before it knows, is charged), is never more than the limit. Since each instance keeps a strict sliding window within
 * its grant, so do all.
 *
 * Grants follow demand, and are cut to a fair part (with the remainder going round, slowly enough for one instance to have
 * what it needs of several limits at the same time) where demands exceed the limit. An
 * instance that has not reported for a lease is dead: what it may have used by then stays taken for a window. On an empty
 * state (Redis lost it) nobody's grant grows until all instances that were known before have reported, or their slots are
 * out of every window; what the dead have used the living tell it.
 *
 * @param me the instance
 * @param now ms of the store's clock
 */
export function allocate(
  state: BudgetState,
  me: string,
  report: ExchangeReport,
  now: number,
): ExchangeAnswer {
  return new Allocation(state, me, report, now).run();
}

/** How long an instance may be silent before all others must have reported. */
const ALL_HEARD_MS = LEASE_MS + LONGEST_SILENCE_MS;

interface Taken {
  readonly count: number;
  readonly freeAt: number;
}

class Allocation {
  readonly #state: BudgetState;
  readonly #me: string;
  readonly #report: ExchangeReport;
  readonly #now: number;
  readonly #before: InstanceState | undefined;
  #instances = 0;
  #rank = 0;

  constructor(state: BudgetState, me: string, report: ExchangeReport, now: number) {
    this.#state = state;
    this.#me = me;
    this.#report = report;
    this.#now = now;
    this.#before = state.live.get(me);
  }

  run(): ExchangeAnswer {
    const { live, met } = this.#state;
    this.#buryTheSilent();
    this.#state.dead.delete(this.#me);
    const dead = this.#takenByDead();
    const mine: InstanceState = { seen: this.#now, limits: new Map() };
    live.set(this.#me, mine);
    met.add(this.#me);
    this.#state.known = Math.max(this.#state.known, this.#report.instances);
    const ids = [...live.keys()].sort();
    this.#instances = ids.length;
    this.#rank = ids.indexOf(this.#me);
    const findings = this.#findOut();
    const limits = this.#report.limits.map((limit) => this.#grant(limit, mine, dead.get(limit.key)));
    const known = this.#before === undefined ? this.#limitsOfOthers(mine) : [];
    if (this.#report.isLeaving) this.#leave(mine);
    this.#forget();
    const answer = { now: this.#now, instances: this.#instances, rank: this.#rank, limits, findings };
    return known.length === 0 ? answer : { ...answer, known };
  }

  /** What is found out is known to all; what was let through, to the others. */
  #findOut(): Findings {
    const { learned, letThrough, live } = this.#state;
    merge(learned, this.#report.findings.estimates);
    letThrough.set(this.#me, new Map(this.#report.findings.letThrough));
    const others = new Map<string, number>();
    for (const [id, counts] of letThrough) {
      if (!live.has(id)) letThrough.delete(id);
      else if (id !== this.#me)
        for (const [key, count] of counts) others.set(key, (others.get(key) ?? 0) + count);
    }
    return { estimates: [...learned.values()], letThrough: [...others] };
  }

  #buryTheSilent(): void {
    for (const [id, instance] of this.#state.live) {
      const goneAt = instance.seen + LEASE_MS;
      if (id === this.#me || goneAt > this.#now) continue;
      this.#bury(id, instance, goneAt);
      this.#state.live.delete(id);
    }
  }

  /** What an instance that is gone may have used stays taken: by its history, and beyond that for a window from when it went. */
  #bury(id: string, { limits }: InstanceState, goneAt: number): void {
    const slotsOf = this.#state.dead.get(id) ?? new Map<string, Map<number, number>>();
    for (const [key, { held, history, holdMs }] of limits) {
      const slots = slotsOf.get(key) ?? new Map<number, number>();
      const add = (untilMs: number, count: number) => {
        const at = Math.ceil(untilMs);
        slots.set(at, (slots.get(at) ?? 0) + count);
      };
      let unaccounted = held;
      for (const [untilMs, count] of history) {
        add(untilMs, count);
        unaccounted -= count;
      }
      if (unaccounted > 0) add(goneAt + holdMs + TRANSIT_MS, unaccounted);
      slotsOf.set(key, slots);
    }
    this.#state.dead.set(id, slotsOf);
  }

  #takenByDead(): Map<string, Taken> {
    const taken = new Map<string, Taken>();
    for (const [id, slotsOf] of this.#state.dead) {
      let isEmpty = true;
      for (const [key, slots] of slotsOf) {
        for (const [untilMs, count] of slots) {
          if (untilMs <= this.#now) {
            slots.delete(untilMs);
            continue;
          }
          const { count: before, freeAt } = taken.get(key) ?? { count: 0, freeAt: untilMs };
          taken.set(key, { count: before + count, freeAt: Math.min(freeAt, untilMs) });
          isEmpty = false;
        }
      }
      if (isEmpty) this.#state.dead.delete(id);
    }
    return taken;
  }

  #grant(reported: LimitReport, mine: InstanceState, ofDead: Taken | undefined): LimitGrant {
    const { key, holdMs } = reported;
    // What others have found out to be less holds at once; more, when this instance takes it for more.
    const value = Math.min(reported.value, this.#state.learned.get(key)?.value ?? reported.value);
    const limit = { ...reported, value };
    const others = this.#others(key);
    const dead = ofDead?.count ?? 0;
    const foreign = this.#foreign(limit, others.used + limit.used + dead);
    const open = Math.max(0, value - dead - foreign.count - others.untold);
    const free = this.#capped(limit, open - others.held - others.promised);
    const demand = limit.used + limit.wanted + limit.ahead;
    const granted = Math.max(0, Math.min(this.#target(demand, holdMs, open, others.parts), free));

    // What is left is promised for an outage, unless somebody is short of it now.
    const short = Math.max(0, limit.used + limit.wanted - granted);
    const isShort = short > 0 || others.parts.some((part) => part.short > 0);
    const left = Math.max(0, free - granted);
    const fairPromise = Math.floor((left + others.promised) / (2 * this.#instances));
    const promised = isShort ? 0 : Math.min(left, fairPromise);

    mine.limits.set(key, {
      held: Math.max(limit.held, granted),
      promised: Math.max(limit.promised, promised),
      used: limit.used,
      short,
      demand,
      holdMs,
      history: limit.history,
      limit: limit.limit ?? this.#before?.limits.get(key)?.limit,
    });
    const gone = dead + foreign.count;
    const freeAt = Math.min(others.freeAt, ofDead?.freeAt ?? Infinity, foreign.freeAt);
    const grant = { key, granted, promised, othersUsed: others.used + gone, gone };
    return freeAt < Infinity ? { ...grant, othersFreeAt: freeAt } : grant;
  }

  /** What the others have, and when the first slot of theirs comes free. */
  #others(key: string) {
    const parts: PartState[] = [];
    let [held, promised, used, untold, freeAt] = [0, 0, 0, 0, Infinity];
    for (const [id, { limits }] of this.#state.live) {
      if (id === this.#me) continue;
      const part = limits.get(key);
      if (part === undefined) {
        untold++;
        continue;
      }
      parts.push(part);
      held += part.held;
      promised += part.promised;
      used += part.used;
      for (const [untilMs] of part.history) if (untilMs > this.#now) freeAt = Math.min(freeAt, untilMs);
    }
    return { parts, held, promised, used, untold, freeAt };
  }

  /**
   * What strangers have used, by the region's word.
   *
   * @param ours what instances have used, the dead among them
   */
  #foreign({ key, holdMs, seen, gone }: LimitReport, ours: number): Taken {
    const { strangers, born } = this.#state;
    if (seen !== undefined) {
      const count = Math.max(0, seen - ours);
      const known = strangers.get(key);
      // Those that are known are not held for longer because they are seen again.
      const isKnown = known !== undefined && known.untilMs > this.#now && count <= known.count;
      strangers.set(key, { count, untilMs: isKnown ? known.untilMs : this.#now + holdMs });
    }
    const isNewHere = this.#before === undefined && this.#now < born + ALL_HEARD_MS;
    if (isNewHere && gone > (strangers.get(key)?.count ?? 0))
      strangers.set(key, { count: gone, untilMs: this.#now + holdMs });
    const stranger = strangers.get(key);
    if (stranger === undefined || stranger.untilMs <= this.#now || stranger.count === 0)
      return { count: 0, freeAt: Infinity };
    return { count: stranger.count, freeAt: stranger.untilMs };
  }

  /** After a loss nobody's grant grows until everybody who was known has reported, or can hold nothing any more. */
  #capped({ held, holdMs, value }: LimitReport, free: number): number {
    const { known, met, born } = this.#state;
    if (known <= met.size || this.#now >= born + ALL_HEARD_MS + holdMs + TRANSIT_MS) return free;
    const isAllHeard = this.#now >= born + ALL_HEARD_MS;
    return Math.min(free, isAllHeard ? Math.max(held, Math.floor(value / known)) : held);
  }

  /** What this instance should have: its demand, cut to a fair part or to what the others leave of the limit. */
  #target(demand: number, holdMs: number, open: number, others: readonly PartState[]): number {
    const instances = this.#instances;
    const turn = Math.floor(this.#now / Math.max(holdMs, 2 * LONGEST_SILENCE_MS));
    const isTurn = (this.#rank + turn) % instances < open % instances;
    const fair = Math.floor(open / instances) + (isTurn ? 1 : 0);
    const most = Math.ceil(open / instances);
    const demanded = others.reduce((sum, part) => sum + Math.min(part.demand, most), 0);
    return Math.min(demand, Math.max(fair, open - demanded));
  }

  /** Who is new is told of the limits that the others keep. */
  #limitsOfOthers(mine: InstanceState): PublishedLimit[] {
    const told = new Set(mine.limits.keys());
    const known: PublishedLimit[] = [];
    for (const { limits } of this.#state.live.values())
      for (const [key, { limit }] of limits) {
        if (limit === undefined || told.has(key)) continue;
        told.add(key);
        known.push(limit);
      }
    return known;
  }

  #leave(mine: InstanceState): void {
    const limits = [...mine.limits].map(([key, part]): [string, PartState] => [
      key,
      { ...part, held: part.used },
    ]);
    this.#bury(this.#me, { seen: this.#now, limits: new Map(limits) }, this.#now);
    this.#state.live.delete(this.#me);
  }

  #forget(): void {
    const { strangers, born, met } = this.#state;
    for (const [key, { untilMs }] of strangers) if (untilMs <= this.#now) strangers.delete(key);
    const longestMs = longestHoldMs(this.#report);
    if (this.#now <= born + ALL_HEARD_MS + longestMs + TRANSIT_MS) return;
    met.clear();
    this.#state.known = 0;
  }
}

/** The longest that a slot of these limits is held, ms. */
export const longestHoldMs = ({ limits }: ExchangeReport): number =>
  Math.max(0, ...limits.map(({ holdMs }) => holdMs));
