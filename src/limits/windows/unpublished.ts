import { type LimitUnit, UNIT_MS } from '../published/limit.ts';
import type { SlotRequest } from '../slot-request.ts';
import { LimitSet } from './limit-set.ts';
import { Window } from './window.ts';

/** Kinds of requests that are remembered; the one that is free again first is forgotten first. */
const MOST_KINDS = 64;

/**
 * Limits that a region enforces and does not publish. All that is known of one is which request it refused, and for how long:
 * requests of that kind, a method and the first part of a path, are held back, and no others.
 */
export class UnpublishedLimits {
  readonly #byKind = new Map<string, Window>();
  /** What a request of the kind is charged to, by what else it is. */
  readonly #sets = new WeakMap<Window, WeakMap<LimitSet, LimitSet>>();

  /** Requests of this one's kind are held back until then. */
  block(request: SlotRequest, now: number, waitMs: number): void {
    const kind = kindOf(request);
    const window = this.#byKind.get(kind) ?? this.#add(kind, request, waitMs, now);
    window.block(now + waitMs);
  }

  /** What a request is charged to, with what holds its kind back. */
  extend(limitSet: LimitSet, request: SlotRequest, now: number): LimitSet {
    if (this.#byKind.size === 0) return limitSet;
    const window = this.#byKind.get(kindOf(request));
    if (!window || now >= window.blockedUntil) return limitSet;
    const sets = this.#sets.get(window) ?? new WeakMap<LimitSet, LimitSet>();
    this.#sets.set(window, sets);
    const extended = sets.get(limitSet) ?? new LimitSet([...limitSet.windows, window]);
    sets.set(limitSet, extended);
    return extended;
  }

  clear(): void {
    this.#byKind.clear();
  }

  /** Whether nothing is held back. */
  isEmpty(now: number): boolean {
    return [...this.#byKind.values()].every((window) => now >= window.blockedUntil);
  }

  #add(kind: string, request: SlotRequest, waitMs: number, now: number): Window {
    for (const [known, window] of this.#byKind) if (now >= window.blockedUntil) this.#byKind.delete(known);
    if (this.#byKind.size >= MOST_KINDS) this.#forgetFirst();
    // Its value is not known; what is known is that there was no room.
    const limit = { verb: request.method, uri: firstPart(request.path), value: Number.POSITIVE_INFINITY };
    const window = new Window({ ...limit, unit: unitOf(waitMs) }, 0);
    this.#byKind.set(kind, window);
    return window;
  }

  #forgetFirst(): void {
    const [first] = [...this.#byKind].sort(([, a], [, b]) => a.blockedUntil - b.blockedUntil);
    if (first) this.#byKind.delete(first[0]);
  }
}

/** A limit's unit that such a wait fits into: nobody is parked for hours. */
function unitOf(waitMs: number): LimitUnit {
  if (waitMs <= UNIT_MS.MINUTE) return 'MINUTE';
  return waitMs <= UNIT_MS.HOUR ? 'HOUR' : 'DAY';
}

function kindOf({ method, path }: SlotRequest): string {
  return `${method} ${firstPart(path)}`;
}

/** `/servers` of `/servers/7/action`. */
function firstPart(path: string): string {
  const end = path.indexOf('/', 1);
  return (end < 0 ? path : path.slice(0, end)).slice(0, 64);
}
