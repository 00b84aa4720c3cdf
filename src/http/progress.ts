/** Fewer bytes than this in a window are no progress: as slow as that, a caller holds a connection for its own sake. */
const LEAST_BYTES = 16 * 1024;

/**
 * Tells a slow transfer from one that stalls, and from one that is dripped byte by byte to hold a connection: in each
 * window of time, 16 KiB must come through. That is the rate Apache's mod_reqtimeout asks for, 500 bytes a second over
 * half a minute.
 */
export class Progress {
  #since: number | undefined;
  #bytes = 0;

  /** Nothing is awaited now; the next window begins when something is. */
  rest(): void {
    this.#since = undefined;
  }

  /**
   * @param now monotonic ms
   * @param bytes how many came through since the connection began
   * @returns false once a window has gone by without enough of them
   */
  observe(now: number, bytes: number, windowMs: number): boolean {
    if (this.#since === undefined || bytes - this.#bytes >= LEAST_BYTES) {
      this.#since = now;
      this.#bytes = bytes;
      return true;
    }
    return now - this.#since < windowMs;
  }
}
