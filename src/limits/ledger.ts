import { readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Timer } from '../clock.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { LEARNED_UNITS } from './learned/evidence.ts';
import type { LearnedLimit } from './learned/learner.ts';
import { type History, historyOf } from './windows/history.ts';
import type { Window } from './windows/window.ts';

/** How often what has changed is written. What is used in between and lost in a crash, GET /limits tells again. */
const WRITE_MS = 5_000;
/** A DAY is kept in steps of five minutes. */
const STEPS = 288;

/**
 * Remembers in a small file how much of the HOUR and DAY limits is used, so that a restart does not forget it where there is
 * no Redis. Where there is one, it remembers how many instances share it, for a start without it; in either case the limits that
 * were found out. One process writes the
 * file; it is replaced as a whole, so a crash leaves the old one.
 */
export interface Ledger {
  /** Puts what is remembered of a window into it. */
  restore(budget: string, window: Window): void;
  /** From now on writes down what these windows hold. */
  track(budget: string, windows: () => readonly Window[]): void;
  /** Limits of a budget that were found out before a restart. */
  learnedOf(budget: string): readonly LearnedLimit[];
  /** From now on writes down what is found out. */
  trackLearned(budget: string, learned: () => readonly LearnedLimit[]): void;
  /** How many instances shared a budget when the store was last heard; undefined when it never was. */
  instancesOf(budget: string): number | undefined;
  /** The store says how many instances share a budget. */
  sawInstances(budget: string, count: number): void;
  /** Writes a last time. */
  close(): Promise<void>;
}

export interface LedgerOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly warn: (line: string) => void;
}

/** Opens a ledger; a file that cannot be read is begun anew, with a warning. */
export function openLedger(options: LedgerOptions): Ledger {
  return new FileLedger(options);
}

type Budgets = Record<string, Record<string, History>>;

/** The members that are no budgets: instances, and limits that were found out, by budget. */
const INSTANCES = 'instances';
const LEARNED = 'learned';
/** More than this nobody finds out of one budget. */
const MOST_LEARNED = 64;

class FileLedger implements Ledger {
  readonly #options: LedgerOptions;
  readonly #tracked = new Map<string, () => readonly Window[]>();
  #remembered: Budgets = {};
  readonly #instances = new Map<string, number>();
  readonly #learning = new Map<string, () => readonly LearnedLimit[]>();
  readonly #learned = new Map<string, readonly LearnedLimit[]>();
  #written: string;
  #writing: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#read();
    this.#written = this.#text();
    this.#tick();
  }

  restore(budget: string, window: Window): void {
    if (!window.isLong) return;
    const { clock } = this.#options;
    const now = clock.now();
    for (const [untilMs, count] of this.#remembered[budget]?.[window.key] ?? []) {
      // Should the clock have been set back, nothing is kept for longer than a window.
      const leftMs = Math.min(untilMs - now, window.holdMs);
      if (leftMs > 0) window.log.pushExactly(clock.monotonic() + leftMs, count);
    }
  }

  track(budget: string, windows: () => readonly Window[]): void {
    this.#tracked.set(budget, windows);
  }

  learnedOf(budget: string): readonly LearnedLimit[] {
    return this.#learned.get(budget) ?? [];
  }

  trackLearned(budget: string, learned: () => readonly LearnedLimit[]): void {
    this.#learning.set(budget, learned);
  }

  instancesOf(budget: string): number | undefined {
    return this.#instances.get(budget);
  }

  sawInstances(budget: string, count: number): void {
    this.#instances.set(budget, count);
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#write();
    await this.#writing;
  }

  #tick(): void {
    this.#timer = this.#options.clock.setTimer(() => {
      this.#write();
      this.#tick();
    }, WRITE_MS);
  }

  #write(): void {
    this.#remembered = this.#collect();
    for (const [budget, learned] of this.#learning) this.#learned.set(budget, learned());
    const text = this.#text();
    if (text === this.#written) return;
    this.#written = text;
    this.#writing = this.#writing.then(() => this.#replace(text));
  }

  #text(): string {
    const instances = this.#instances.size > 0 ? { [INSTANCES]: Object.fromEntries(this.#instances) } : {};
    const found = [...this.#learned].filter(([, limits]) => limits.length > 0);
    const learned = found.length > 0 ? { [LEARNED]: Object.fromEntries(found) } : {};
    return JSON.stringify({ ...instances, ...learned, ...this.#remembered });
  }

  #collect(): Budgets {
    const { clock } = this.#options;
    const offsetMs = clock.now() - clock.monotonic();
    const budgets: Budgets = { ...this.#remembered };
    for (const [budget, windows] of this.#tracked) {
      const long = windows().filter((window) => window.isLong);
      for (const window of long) {
        window.own(clock.monotonic());
        window.strangers(clock.monotonic());
      }
      const kept = long.map((window): [string, History] => [
        window.key,
        historyOf(window, STEPS, offsetMs, true),
      ]);
      // Windows that are not known yet keep what is remembered of them.
      const remembered = withoutExpired(this.#remembered[budget] ?? {}, clock.now());
      budgets[budget] = { ...remembered, ...Object.fromEntries(kept) };
    }
    return budgets;
  }

  async #replace(text: string): Promise<void> {
    const { path, warn } = this.#options;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    } catch (error) {
      warn(`the ledger ${path} cannot be written: ${(error as Error).message}`);
    }
  }

  #read(): void {
    const { path, warn } = this.#options;
    try {
      const document: unknown = JSON.parse(readFileSync(path, 'utf8'));
      if (!isJsonObject(document)) throw new TypeError('it is no JSON object');
      const { [INSTANCES]: instances, [LEARNED]: learned, ...budgets } = document;
      for (const [budget, limits] of Object.entries(isJsonObject(learned) ? learned : {}))
        this.#learned.set(budget, readLearned(limits));
      this.#remembered = readBudgets(budgets);
      for (const [budget, count] of Object.entries(isJsonObject(instances) ? instances : {}))
        if (Number.isInteger(count) && Number(count) > 0) this.#instances.set(budget, Number(count));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        warn(`the ledger ${path} is begun anew: ${(error as Error).message}`);
    }
  }
}

function withoutExpired(limits: Record<string, History>, now: number): Record<string, History> {
  const left = Object.entries(limits).map(([key, history]): [string, History] => [
    key,
    history.filter(([untilMs]) => untilMs > now),
  ]);
  return Object.fromEntries(left.filter(([, history]) => history.length > 0));
}

function readBudgets(document: JsonObject): Budgets {
  const budgets: Budgets = {};
  for (const [budget, limits] of Object.entries(document)) {
    if (!isJsonObject(limits)) continue;
    const readable = Object.entries(limits).map(([key, history]): [string, History] => [
      key,
      readHistory(history),
    ]);
    budgets[budget] = Object.fromEntries(readable);
  }
  return budgets;
}

function readLearned(value: unknown): LearnedLimit[] {
  const rows: unknown[] = Array.isArray(value) ? value.slice(0, MOST_LEARNED) : [];
  return rows.filter(isLearned).map(({ verb, unit, value }) => ({ verb, unit, value }));
}

function isLearned(row: unknown): row is LearnedLimit {
  const { verb, unit, value } = (row ?? {}) as Partial<Record<keyof LearnedLimit, unknown>>;
  return (
    typeof verb === 'string' &&
    /^[A-Z]{1,32}$/.test(verb) &&
    LEARNED_UNITS.some((known) => known === unit) &&
    Number.isSafeInteger(value) &&
    Number(value) > 0
  );
}

function readHistory(value: unknown): History {
  if (!Array.isArray(value)) return [];
  const entries = value.flatMap((entry): History => {
    const [untilMs, count] = Array.isArray(entry) ? entry : [];
    return typeof untilMs === 'number' && typeof count === 'number' && count > 0 ? [[untilMs, count]] : [];
  });
  return entries.sort(([a], [b]) => a - b);
}
