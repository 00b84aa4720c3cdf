import type { Clock } from '../clock.ts';
import type { IdempotencyRecord } from './record.ts';
import type { Claimed, Held, IdempotencyStore } from './store.ts';

/** What a record takes beside its answer, bytes. */
const RECORD_BYTES = 512;

/** Writes down what changes, before it counts. */
export interface Journal {
  /** @param record undefined: it is gone */
  write(name: string, record: IdempotencyRecord | undefined): Promise<void>;
  /** It need not be written down again: it is over, or there is no room for it. */
  forget(name: string): void;
  close(): Promise<void>;
}

export interface LocalStoreOptions {
  readonly clock: Clock;
  /** What all records may take together, bytes; the oldest that run no more go first. */
  readonly maxBytes: number;
  /** What was written down before. */
  readonly records?: Iterable<readonly [name: string, record: IdempotencyRecord]>;
  readonly journal?: Journal;
  /** Wall ms: until then records may be missing that there were before. */
  readonly unsureUntil?: number;
}

/** Remembers in this process, and in a journal if there is one. */
export class LocalStore implements IdempotencyStore {
  readonly #options: LocalStoreOptions;
  /** By name, oldest first. */
  readonly #held = new Map<string, Held>();
  #bytes = 0;
  #count = 0;

  constructor(options: LocalStoreOptions) {
    this.#options = options;
    for (const [name, record] of options.records ?? []) this.#put(name, record);
    this.#makeRoom();
  }

  async claim(name: string, record: IdempotencyRecord): Promise<Claimed> {
    const there = this.#get(name);
    if (there !== undefined) return { state: 'held', held: there };
    const held = this.#put(name, record);
    this.#makeRoom();
    await this.#options.journal?.write(name, record);
    const isSure = record.startedAt >= (this.#options.unsureUntil ?? 0);
    return { state: 'claimed', held, isSure };
  }

  async find(name: string): Promise<Held | undefined> {
    return this.#get(name);
  }

  async replace(name: string, before: Held, next: IdempotencyRecord | undefined): Promise<Held | undefined> {
    if (this.#get(name)?.token !== before.token) return undefined;
    const held = next === undefined ? this.#delete(name, before) : this.#put(name, next);
    this.#makeRoom();
    await this.#options.journal?.write(name, next);
    return held;
  }

  async close(): Promise<void> {
    await this.#options.journal?.close();
  }

  get bytes(): number {
    return this.#bytes;
  }

  #get(name: string): Held | undefined {
    const held = this.#held.get(name);
    if (held === undefined || this.#options.clock.now() < held.record.expiresAt) return held;
    this.#drop(name, held);
    return undefined;
  }

  #put(name: string, record: IdempotencyRecord): Held {
    const before = this.#held.get(name);
    if (before !== undefined) this.#delete(name, before);
    const held = { record, token: String(++this.#count) };
    this.#held.set(name, held);
    this.#bytes += sizeOf(record);
    return held;
  }

  /** Nobody asks for it any more, or nobody can. */
  #drop(name: string, held: Held): void {
    this.#delete(name, held);
    this.#options.journal?.forget(name);
  }

  #delete(name: string, held: Held): Held {
    if (this.#held.delete(name)) this.#bytes -= sizeOf(held.record);
    return held;
  }

  #makeRoom(): void {
    const now = this.#options.clock.now();
    for (const [name, held] of this.#held) {
      const { state, expiresAt } = held.record;
      const isOver = expiresAt <= now;
      if (!isOver && this.#bytes <= this.#options.maxBytes) return;
      if (isOver || state === 'done' || state === 'lost') this.#drop(name, held);
    }
  }
}

const sizeOf = ({ answer = '' }: IdempotencyRecord): number => RECORD_BYTES + answer.length;
