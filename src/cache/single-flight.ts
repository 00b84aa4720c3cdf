/**
 * One flight per key over all callers. A caller that leaves takes only itself away; when the last one has left and
 * nobody else wants the answer, the flight is aborted. A failure is shared by those aboard and forgotten.
 */
export interface SingleFlight<T> {
  /**
   * Joins the flight of that key, or starts it.
   *
   * @param run starts the work; its signal aborts when the last passenger leaves
   * @param signal the caller's own; when it aborts the returned promise rejects with its reason
   */
  board(key: string, scope: string, run: Run<T>, signal?: AbortSignal): Boarding<T>;
  /** Starts a flight nobody waits for and nobody can cancel; does nothing when one is in the air. */
  launch(key: string, scope: string, run: Run<T>): boolean;
  /**
   * Flights of a scope land for those aboard, but nobody boards them any more: what they bring may be from before
   * a change. Returns how many.
   */
  detach(scope: string): number;
  /** Flights in the air. */
  readonly size: number;
}

export type Run<T> = (signal: AbortSignal) => Promise<T>;

/** A place aboard. */
export interface Boarding<T> {
  /** True when the flight was in the air already. */
  readonly joined: boolean;
  readonly landing: Promise<T>;
}

interface Flight<T> {
  readonly key: string;
  readonly scope: string;
  readonly controller: AbortController;
  readonly landing: Promise<T>;
  passengers: number;
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>();

  function start(key: string, scope: string, run: Run<T>): Flight<T> {
    const controller = new AbortController();
    // `run` may throw before its first await; that is a failed flight like any other.
    const landing = (async () => run(controller.signal))();
    const flight: Flight<T> = { key, scope, controller, landing, passengers: 0 };
    flights.set(key, flight);
    const landed = () => remove(flight);
    landing.then(landed, landed);
    return flight;
  }

  function remove(flight: Flight<T>): void {
    if (flights.get(flight.key) === flight) flights.delete(flight.key);
  }

  function leave(flight: Flight<T>, reason: unknown): void {
    flight.passengers--;
    if (flight.passengers > 0) return;
    remove(flight);
    flight.controller.abort(reason);
  }

  function seat(flight: Flight<T>, signal: AbortSignal | undefined): Promise<T> {
    flight.passengers++;
    if (signal === undefined) return flight.landing;
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        reject(signal.reason);
        leave(flight, signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const settle = () => signal.removeEventListener('abort', onAbort);
      flight.landing.then(resolve, reject);
      flight.landing.then(settle, settle);
    });
  }

  return {
    board(key, scope, run, signal) {
      if (signal?.aborted) return { joined: false, landing: Promise.reject(signal.reason) };
      const found = flights.get(key);
      const flight = found ?? start(key, scope, run);
      return { joined: found !== undefined, landing: seat(flight, signal) };
    },
    launch(key, scope, run) {
      if (flights.has(key)) return false;
      start(key, scope, run).passengers++;
      return true;
    },
    detach(scope) {
      const doomed = [...flights.values()].filter((flight) => flight.scope === scope);
      for (const flight of doomed) remove(flight);
      return doomed.length;
    },
    get size() {
      return flights.size;
    },
  };
}
