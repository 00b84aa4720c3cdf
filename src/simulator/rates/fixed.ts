import { isJsonObject, type JsonValue } from '../../json.ts';
import type { RateCounter } from './counter.ts';
import type { CompiledLimit } from './limit.ts';

type Window = {
  endsMs: number;
  /** Requests counted, refused ones too. */
  count: number;
};

/**
 * Fixed windows, as Repose counts since 3.1: a window begins at its first request and is left by the first request
 * strictly after its end. Every limit that matches is charged, in order, until one is exceeded; that one counts the
 * refused request too, so its `remaining` may go negative. Counted apart for each text the regex captures.
 */
export function createFixedWindows(limits: readonly CompiledLimit[]): RateCounter {
  const windows = limits.map(() => new Map<string, Window>());

  const charge = (index: number, captured: string, now: number): Window => {
    const open = windows[index]!.get(captured);
    const window = open && now <= open.endsMs ? open : { endsMs: now + limits[index]!.unitMs, count: 0 };
    window.count += 1;
    windows[index]!.set(captured, window);
    return window;
  };

  /** The fullest of a limit's windows, which is what decides next. */
  const fullest = (index: number, now: number): Window | undefined => {
    let found: Window | undefined;
    for (const [captured, window] of windows[index]!) {
      if (now > window.endsMs) windows[index]!.delete(captured);
      else if (!found || window.count > found.count) found = window;
    }
    return found;
  };

  return {
    charge(request, now) {
      for (const [index, { limit, capture }] of limits.entries()) {
        const captured = capture(request);
        if (captured === null) continue;
        const window = charge(index, captured, now);
        if (window.count > limit.value) return { kind: 'over', limit, retryAtMs: window.endsMs };
      }
      return { kind: 'allowed' };
    },
    view: (now) =>
      limits.map(({ limit, regex }, index) => {
        const window = fullest(index, now);
        return {
          limit,
          regex,
          remaining: limit.value - (window?.count ?? 0),
          nextAvailableMs: window?.endsMs ?? now,
        };
      }),
    snapshot: (now) =>
      windows.map((open) => {
        const running = [...open].filter(([, { endsMs }]) => now <= endsMs);
        return running.length === 0 ? null : Object.fromEntries(running.map(([key, { ...w }]) => [key, w]));
      }),
    restore(counts) {
      for (const [index, saved] of counts.entries())
        for (const [captured, window] of Object.entries(isJsonObject(saved) ? saved : {}))
          if (isWindow(window)) windows[index]!.set(captured, { ...window });
    },
  };
}

const isWindow = (value: JsonValue | undefined): value is Window =>
  isJsonObject(value) && typeof value['endsMs'] === 'number' && typeof value['count'] === 'number';
