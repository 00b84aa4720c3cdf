import { Client, type Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';

/** A connection that is not kept for ever, however busy it is: the one after it goes where the name leads by then. */
export class AgeingClient extends Client {
  readonly #clock: Clock;
  /** Monotonic, ms. */
  #expiresAt = Number.POSITIVE_INFINITY;

  /** @param lifeMs how long the next connection may serve, asked for at each */
  constructor(origin: URL, options: Client.Options, clock: Clock, lifeMs: () => number) {
    super(origin, options);
    this.#clock = clock;
    this.on('connect', () => {
      this.#expiresAt = clock.monotonic() + lifeMs();
    });
    this.on('disconnect', () => {
      this.#expiresAt = Number.POSITIVE_INFINITY;
    });
  }

  /** The first request after its time is the connection's last, and says so to the other side. */
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#clock.monotonic() < this.#expiresAt) return super.dispatch(options, handler);
    return super.dispatch({ ...options, reset: true }, handler);
  }
}
