/**
 * One run per key over all callers. A caller that leaves takes only itself away; when the last one has left and nobody
 * else wants the outcome, the run is aborted. A failure is shared by those who wait and then forgotten.
 */
export interface SingleFlight<T> {
  /**
   * Joins the run of that key, or starts it.
   *
   * @param run starts the work; its signal aborts when the last caller leaves
   * @param signal the caller's own; when it aborts the returned promise rejects with its reason
   */
  join(key: string, scope: string, run: Run<T>, signal?: AbortSignal): Joined<T>;
  /** Starts a run nobody waits for and nobody can cancel; does nothing when there is one. */
  start(key: string, scope: string, run: Run<T>): boolean;
  /**
   * Runs of a scope go on for those who wait, but nobody joins them any more: their outcome may be from before a change.
   * Returns how many.
   */
  forget(scope: string): number;
  /** Runs that may still be joined. */
  readonly size: number;
}

export type Run<T> = (signal: AbortSignal) => Promise<T>;

/** A caller's part in a run. */
export interface Joined<T> {
  /** True when the run had been started before. */
  readonly joined: boolean;
  readonly outcome: Promise<T>;
}

interface Flight<T> {
  readonly key: string;
  readonly scope: string;
  readonly controller: AbortController;
  readonly outcome: Promise<T>;
  callers: number;
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>();

  function begin(key: string, scope: string, run: Run<T>): Flight<T> {
    const controller = new AbortController();
    // `run` may throw before its first await; that is a failure like any other.
    const outcome = (async () => run(controller.signal))();
    const flight: Flight<T> = { key, scope, controller, outcome, callers: 0 };
    flights.set(key, flight);
    const settled = () => remove(flight);
    outcome.then(settled, settled);
    return flight;
  }

  function remove(flight: Flight<T>): void {
    if (flights.get(flight.key) === flight) flights.delete(flight.key);
  }

  function leave(flight: Flight<T>, reason: unknown): void {
    flight.callers--;
    if (flight.callers > 0) return;
    remove(flight);
    flight.controller.abort(reason);
  }

  function wait(flight: Flight<T>, signal: AbortSignal | undefined): Promise<T> {
    flight.callers++;
    if (signal === undefined) return flight.outcome;
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        reject(signal.reason);
        leave(flight, signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const settle = () => signal.removeEventListener('abort', onAbort);
      flight.outcome.then(resolve, reject);
      flight.outcome.then(settle, settle);
    });
  }

  return {
    join(key, scope, run, signal) {
      if (signal?.aborted) return { joined: false, outcome: Promise.reject(signal.reason) };
      const found = flights.get(key);
      return { joined: found !== undefined, outcome: wait(found ?? begin(key, scope, run), signal) };
    },
    start(key, scope, run) {
      if (flights.has(key)) return false;
      begin(key, scope, run).callers++;
      return true;
    },
    forget(scope) {
      const ofScope = [...flights.values()].filter((flight) => flight.scope === scope);
      for (const flight of ofScope) remove(flight);
      return ofScope.length;
    },
    get size() {
      return flights.size;
    },
  };
}
