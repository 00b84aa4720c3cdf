/** What can stand in a collection: an id, and its place in time. */
export interface Dated {
  readonly id: string;
  /** ms since the epoch */
  readonly created: number;
  /** Grows with every record of the region: breaks ties between records of the same instant. */
  readonly sequence: number;
}

/** True when `a` is older than `b`. */
export function isOlder(a: Dated, b: Dated): boolean {
  return a.created !== b.created ? a.created < b.created : a.sequence < b.sequence;
}

/**
 * Records by id and in order of creation: the guide lists collections newest first (section 1.6). Adding the newest
 * record and finding the place of a marker are cheap, so that ten thousand servers page quickly.
 */
export class Collection<T extends Dated> {
  readonly #byId = new Map<string, T>();
  /** oldest first */
  #ordered: T[] = [];

  get size(): number {
    return this.#ordered.length;
  }

  get(id: string): T | undefined {
    return this.#byId.get(id);
  }

  add(record: T): void {
    this.#byId.set(record.id, record);
    const newest = this.#ordered.at(-1);
    if (newest === undefined || isOlder(newest, record)) this.#ordered.push(record);
    else this.#ordered.splice(this.#firstNotOlder(record), 0, record);
  }

  /** Drops the records that `isGone` picks. */
  purge(isGone: (record: T) => boolean): void {
    const kept = this.#ordered.filter((record) => !isGone(record));
    if (kept.length === this.#ordered.length) return;
    for (const record of this.#ordered) if (isGone(record)) this.#byId.delete(record.id);
    this.#ordered = kept;
  }

  /** The records newest first; after `marker`, only those older than it. */
  *newestFirst(marker?: Dated): Generator<T, void, undefined> {
    const end = marker === undefined ? this.#ordered.length : this.#firstNotOlder(marker);
    for (let index = end - 1; index >= 0; index--) yield this.#ordered[index]!;
  }

  /** Oldest first, for snapshots. */
  records(): readonly T[] {
    return this.#ordered;
  }

  #firstNotOlder(record: Dated): number {
    let low = 0;
    let high = this.#ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isOlder(this.#ordered[middle]!, record)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Two sequences that run newest first, as one. */
export function* mergeNewestFirst<T extends Dated>(left: Iterator<T>, right: Iterator<T>): Generator<T> {
  let a = left.next();
  let b = right.next();
  while (!a.done || !b.done) {
    if (!a.done && (b.done || isOlder(b.value, a.value))) {
      yield a.value;
      a = left.next();
    } else if (!b.done) {
      yield b.value;
      b = right.next();
    }
  }
}
