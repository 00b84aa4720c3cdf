import { appendFile, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isJsonObject } from '../json.ts';
import type { Journal } from './local-store.ts';
import { type IdempotencyRecord, readRecord } from './record.ts';

export interface OpenJournal extends Journal {
  readonly records: ReadonlyMap<string, IdempotencyRecord>;
  /** False: it may have held more, or does not hold what comes. */
  readonly isWhole: boolean;
}

export interface JournalOptions {
  readonly path: string;
  readonly warn: (line: string) => void;
  /** Wall ms. */
  readonly now: number;
}

/**
 * A file to which every change is appended as a line of JSON and forced to the disk before it counts, so that a crash loses
 * none. It is read and written anew at the start. One process writes it.
 *
 * What its last process had under way is settled: what had not been sent is forgotten, what had been is lost.
 */
export async function openJournal(options: JournalOptions): Promise<OpenJournal> {
  const { path, warn, now } = options;
  const { records: found, isWhole } = await readLines(options);
  const records = settled(found, now);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeNew(path, records);
  } catch (error) {
    warn(`${path} cannot be written: ${(error as Error).message}; keys of creates are kept in memory only`);
    const nothing = async () => {};
    return { records, isWhole: false, write: nothing, forget: () => {}, close: nothing };
  }
  return new FileJournal(path, records, isWhole, warn);
}

class FileJournal implements OpenJournal {
  readonly records: Map<string, IdempotencyRecord>;
  readonly isWhole: boolean;
  readonly #path: string;
  readonly #warn: (line: string) => void;
  /** Bytes appended since the file was last written as a whole. */
  #appended = 0;
  #waiting: { line: string; done: () => void }[] = [];
  #writing: Promise<void> | undefined;
  /** Something could not be appended, or not all of it: the file is written as a whole next. */
  #isBehind = false;

  constructor(
    path: string,
    records: Map<string, IdempotencyRecord>,
    isWhole: boolean,
    warn: (line: string) => void,
  ) {
    this.#path = path;
    this.records = records;
    this.isWhole = isWhole;
    this.#warn = warn;
  }

  write(name: string, record: IdempotencyRecord | undefined): Promise<void> {
    if (record === undefined) this.records.delete(name);
    else this.records.set(name, record);
    return new Promise((done) => {
      this.#waiting.push({ line: lineOf(name, record), done });
      this.#writing ??= this.#writeAll().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  forget(name: string): void {
    this.records.delete(name);
  }

  async close(): Promise<void> {
    await this.#writing;
  }

  /** Whatever has come together meanwhile is forced to the disk at once. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#append(batch.map(({ line }) => line).join(''));
        this.#isBehind = false;
      } catch (error) {
        if (!this.#isBehind) this.#warn(`${this.#path} cannot be written: ${(error as Error).message}`);
        this.#isBehind = true;
      }
      for (const { done } of batch) done();
    }
  }

  async #append(text: string): Promise<void> {
    this.#appended += text.length;
    if (!this.#isBehind && this.#appended <= MOST_APPENDED_BYTES)
      return appendFile(this.#path, text, { mode: 0o600, flush: true });
    await writeNew(this.#path, this.records);
    this.#appended = 0;
  }
}

/** After this many bytes the file is written anew, without what is no more. */
const MOST_APPENDED_BYTES = 64 * 1024 * 1024;

/** Replaces the file as a whole. */
async function writeNew(path: string, records: ReadonlyMap<string, IdempotencyRecord>): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile([BEGINNING, ...[...records].map(([name, record]) => lineOf(name, record))].join(''));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

function lineOf(name: string, record: IdempotencyRecord | undefined): string {
  return `${JSON.stringify({ name, record: record ?? null })}\n`;
}

/** The first line, by which a file that has lost its beginning, or all of it, is known. */
const BEGINNING = lineOf('', undefined);

type Found = { readonly records: Map<string, IdempotencyRecord>; readonly isWhole: boolean };

async function readLines({ path, warn }: JournalOptions): Promise<Found> {
  const records = new Map<string, IdempotencyRecord>();
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const isNew = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isNew) warn(`${path} cannot be read: ${(error as Error).message}`);
    return { records, isWhole: isNew };
  }
  let broken = 0;
  const lines = text.split('\n');
  // The last line of a process that was killed may be half there: what it says was not acted upon.
  const last = lines.pop()!;
  if (last !== '' && !last.startsWith('{')) broken++;
  for (const line of lines) {
    const read = readLine(line);
    if (read === undefined) broken++;
    else if (read.record === undefined) records.delete(read.name);
    else records.set(read.name, read.record);
  }
  if (broken > 0) warn(`${path} has ${broken} lines that say nothing; they are left out`);
  return { records, isWhole: broken === 0 && text.startsWith(BEGINNING) };
}

function readLine(line: string): { name: string; record: IdempotencyRecord | undefined } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!isJsonObject(value) || typeof value['name'] !== 'string') return undefined;
    if (value['record'] === null) return { name: value['name'], record: undefined };
    const record = readRecord(JSON.stringify(value['record']));
    return record && { name: value['name'], record };
  } catch {
    return undefined;
  }
}

function settled(records: Map<string, IdempotencyRecord>, now: number): Map<string, IdempotencyRecord> {
  const kept = new Map<string, IdempotencyRecord>();
  for (const [name, record] of records) {
    if (record.expiresAt <= now || record.state === 'waiting') continue;
    kept.set(name, record.state === 'sent' ? { ...record, state: 'lost' } : record);
  }
  return kept;
}
