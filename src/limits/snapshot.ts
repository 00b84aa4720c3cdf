import type { Client } from './client.ts';
import type { PublishedLimit } from './published/limit.ts';
import type { Charge } from './slot-request.ts';
import type { Window } from './windows/window.ts';

/** How one limit stands. */
export interface LimitStanding {
  readonly limit: PublishedLimit;
  readonly remaining: number;
  /** ms until the next slot comes free; 0 when none is taken. */
  readonly nextFreeMs: number;
  /** Requests charged so far, by client; only ever grows (save for those that were never sent). */
  readonly used: ReadonlyMap<string, number>;
  /** For limits per HOUR or DAY: when it will be used up at the pace of the last twenty-fourth of its unit, ms since the epoch; undefined when it will not. */
  readonly exhaustionMs: number | undefined;
}

/** How a shaper stands: for metrics, the status page and GET /limits. */
export interface ShaperSnapshot {
  readonly queueDepth: number;
  /** How long the one has waited that waits longest, ms; 0: nobody waits. */
  readonly oldestMs: number;
  /** ms for which the region wants to be left alone; 0 when it does not. */
  readonly pausedMs: number;
  readonly waiting: ReadonlyMap<string, number>;
  readonly limits: readonly LimitStanding[];
}

/** A window as a charge of RateLimit headers. */
export function chargeOf(window: Window, now: number): Charge {
  const nextFreeMs = Math.max(0, window.nextReleaseAt(now) - now);
  return {
    limit: window.limit,
    remaining: window.remaining(now),
    resetSeconds: Number.isFinite(nextFreeMs)
      ? Math.ceil(nextFreeMs / 1000)
      : Math.ceil(window.holdMs / 1000),
  };
}

/** The state of windows and clients as plain values. */
export function snapshotOf(
  windows: readonly Window[],
  clients: Iterable<Client>,
  at: { now: number; nowWall: number; queueDepth: number; oldestMs: number; pausedMs: number },
): ShaperSnapshot {
  const known = [...clients];
  return {
    queueDepth: at.queueDepth,
    oldestMs: at.oldestMs,
    pausedMs: at.pausedMs,
    waiting: new Map(known.filter(({ waiting }) => waiting > 0).map(({ name, waiting }) => [name, waiting])),
    limits: windows.map((window) => standingOf(window, known, at)),
  };
}

function standingOf(
  window: Window,
  clients: readonly Client[],
  { now, nowWall }: { now: number; nowWall: number },
): LimitStanding {
  const release = window.nextReleaseAt(now) - now;
  const used = clients.flatMap(({ name, index }): [string, number][] => {
    const count = window.usedBy[index] ?? 0;
    return count > 0 ? [[name.trim(), count]] : [];
  });
  return {
    limit: window.limit,
    remaining: window.remaining(now),
    nextFreeMs: Math.max(0, Number.isFinite(release) ? release : window.holdMs),
    used: new Map(used),
    exhaustionMs: forecast(window, now, nowWall),
  };
}

function forecast(window: Window, now: number, nowWall: number): number | undefined {
  // A limit of 0 is never used up: it allows nothing.
  if (!window.isLong || window.limit.value === 0) return undefined;
  const remaining = window.remaining(now);
  if (remaining === 0) return nowWall;
  const spanMs = window.holdMs / 24;
  const recent =
    window.inFlight + window.log.countBetween(now + window.holdMs - spanMs, Number.POSITIVE_INFINITY);
  if (recent === 0) return undefined;
  const inMs = (remaining * spanMs) / recent;
  return inMs < window.holdMs ? nowWall + inMs : undefined;
}
