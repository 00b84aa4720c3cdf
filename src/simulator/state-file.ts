import { accessSync, constants, readFileSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Timer } from '../clock.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { isReadable } from './state.ts';

/** How long changes are gathered at least before the file is written, in ms. */
const GATHER_MS = 250;

/** A large state is written less often: writing takes at most one part in so many of the time. */
const REST_FACTOR = 10;

/** How long what is merely counted may wait, in ms: a crash loses no more of it than that. */
const LATE_MS = 5000;

/** A file that follows the state. */
export interface StateFile {
  /** The state as last written; undefined when there is no file. @throws Error when it cannot be read or is no state */
  load(): JsonObject | undefined;
  /** Says that the state has changed: it is written soon. */
  changed(): void;
  /** Says that something small has changed, as every read does: it is written with the next change, or late. */
  counted(): void;
  /** Writes now whatever has changed since, and waits for it. @throws Error when the file cannot be written */
  flush(): Promise<void>;
}

/**
 * Writes to `FILE.new`, to the disk, and then renames: whoever reads the file sees one whole state or the one before, even
 * after a crash. One write at a time.
 *
 * @param clock real time
 */
export function createStateFile(
  path: string,
  clock: Clock,
  snapshot: () => JsonObject,
  failed: (error: unknown) => void,
): StateFile {
  let timer: Timer | undefined;
  let lateTimer: Timer | undefined;
  let isDirty = false;
  let gatherMs = GATHER_MS;
  let writing: Promise<void> = Promise.resolve();

  const write = async () => {
    if (!isDirty) return;
    isDirty = false;
    const startMs = clock.monotonic();
    try {
      await replaceFile(path, JSON.stringify(snapshot()));
      gatherMs = Math.max(GATHER_MS, (clock.monotonic() - startMs) * REST_FACTOR);
    } catch (error) {
      isDirty = true;
      throw new Error(`cannot write the state file ${path}: ${(error as Error).message}`, { cause: error });
    }
  };
  const flush = (): Promise<void> => {
    timer?.cancel();
    lateTimer?.cancel();
    timer = lateTimer = undefined;
    writing = writing.catch(() => {}).then(write);
    return writing;
  };

  return {
    load() {
      const found = readState(path);
      if (found.problem !== undefined) throw new Error(`the state file ${path} ${found.problem}`);
      rmSync(besideOf(path), { force: true });
      return found.state;
    },
    changed() {
      isDirty = true;
      timer ??= clock.setTimer(() => void flush().catch(failed), gatherMs);
    },
    counted() {
      isDirty = true;
      lateTimer ??= clock.setTimer(() => void flush().catch(failed), Math.max(LATE_MS, gatherMs));
    },
    flush,
  };
}

/** What is in the way of beginning with that state file, and of keeping it; none when there is no file yet. */
export function checkStateFile(path: string): string[] {
  const { problem } = readState(path);
  if (problem !== undefined) return [problem];
  try {
    accessSync(dirname(path), constants.W_OK);
    return [];
  } catch (error) {
    return [
      `cannot be written (${codeOf(error)}), accepted: a file in a folder that is there and may be written`,
    ];
  }
}

/** Both are absent when there is no file. */
interface Found {
  readonly state?: JsonObject;
  readonly problem?: string;
}

function readState(path: string): Found {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {};
    return { problem: `cannot be read (${codeOf(error)}), accepted: a file of the simulator's, or none yet` };
  }
  try {
    const state: unknown = JSON.parse(text);
    if (isJsonObject(state) && isReadable(state)) return { state };
  } catch {
    // The same answer as for a file that holds something else.
  }
  return {
    problem: `does not hold a state that this version reads, accepted: one it wrote itself; move the file away to begin anew`,
  };
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown reason';

/** Where a state is written before it takes the file's place; what a crash has left there is worth nothing. */
const besideOf = (path: string): string => `${path}.new`;

async function replaceFile(path: string, text: string): Promise<void> {
  const beside = besideOf(path);
  const file = await open(beside, 'w', 0o600);
  try {
    await file.writeFile(text, 'utf8');
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}
