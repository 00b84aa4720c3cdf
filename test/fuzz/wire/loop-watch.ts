/** How often the loop is looked at, ms. */
const STEP_MS = 5;

/**
 * How long this process's event loop was held up at most. Node's `monitorEventLoopDelay` would count the time as well in
 * which the machine ran others; here only what the process itself has worked counts.
 */
export class LoopWatch {
  #longest = 0;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    let at = performance.now();
    let used = cpuMs();
    this.#timer = setInterval(() => {
      const [now, worked] = [performance.now(), cpuMs()];
      this.#longest = Math.max(this.#longest, Math.min(now - at, worked - used) - STEP_MS);
      [at, used] = [now, worked];
    }, STEP_MS);
  }

  /** The longest hold-up since this was asked last, ms. */
  take(): number {
    const longest = this.#longest;
    this.#longest = 0;
    return longest;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
