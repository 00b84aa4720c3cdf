/** How a part of Sluice, or behind it, stands. */
export interface Standing {
  readonly isUp: boolean;
  /** Wall time in ms since when. */
  readonly sinceMs: number;
  /** What is wrong with it, a sentence without secrets; empty while it is up. */
  readonly why: string;
}

/** Writes down how one part stands. */
export interface Standpoint {
  set(isUp: boolean, why?: string): void;
  /** There is no such part any more. */
  close(): void;
}

/** How parts stand, each under a name of its own, and since when. */
export class Standings {
  readonly #now: () => number;
  readonly #parts = new Map<string, Standing>();
  readonly #owners = new Map<string, symbol>();

  /** @param now wall time in ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns true when it stood otherwise before, or was not known */
  set(part: string, isUp: boolean, why = ''): boolean {
    const before = this.#parts.get(part);
    const isNews = before?.isUp !== isUp;
    if (isNews || before.why !== why)
      this.#parts.set(part, { isUp, why, sinceMs: isNews ? this.#now() : before.sinceMs });
    return isNews;
  }

  /** For whoever writes of a part from now on: who did so before, and is about to end, writes no more. */
  open(part: string): Standpoint {
    const own = Symbol(part);
    this.#owners.set(part, own);
    const isOwner = () => this.#owners.get(part) === own;
    return {
      set: (isUp, why) => void (isOwner() && this.set(part, isUp, why)),
      close: () => void (isOwner() && this.forget(part)),
    };
  }

  get(part: string): Standing | undefined {
    return this.#parts.get(part);
  }

  forget(part: string): void {
    this.#parts.delete(part);
  }

  /** All that are known, by name. */
  all(): ReadonlyMap<string, Standing> {
    return this.#parts;
  }
}
