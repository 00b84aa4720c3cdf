import type { Standstill } from './log.ts';

/** How often is looked whether time has passed without this process, ms. */
const LOOK_MS = 20;
/** From so long on it counts, ms. */
const SHORTEST_MS = 100;

/**
 * Writes down when this process, which is the cloud and all callers at once, could not do anything: what both ends' logs say of
 * that time is late.
 */
export class StandstillWatch {
  readonly found: Standstill[] = [];
  readonly #timer: NodeJS.Timeout;
  #lastMs = Date.now();

  constructor() {
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = Date.now();
    if (nowMs - this.#lastMs > LOOK_MS + SHORTEST_MS)
      this.found.push({ fromMs: this.#lastMs, untilMs: nowMs });
    this.#lastMs = nowMs;
  }
}
