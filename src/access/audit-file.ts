/** The file of the audit log: appended to in the background, in order, whole lines, and opened anew when it was renamed. */
import { type FileHandle, open } from 'node:fs/promises';
import type { Clock, Timer } from '../clock.ts';
import type { AuditSink } from './audit.ts';

/** Lines that wait for the disk, bytes: some 50,000. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;
const LINE_END = 0x0a;
/** How many of them go out at once, bytes. */
const BATCH_BYTES = 256 * 1024;
const RETRY_MS = 1_000;
/** So long lines gather once some were written, ms: writing one costs as much time as serving a request, many cost no more. */
const GATHER_MS = 5;
/** Lines name people and what they did; they are nobody's but the operator's. */
const FILE_MODE = 0o640;

/** What happens to the file; for the log and the metrics. */
export interface AuditObserver {
  /** It cannot be written to; tried again and again. Said once, until it can. @param code such as `ENOSPC` */
  failing(code: string): void;
  recovered(): void;
  /** There was no more room to keep a line. */
  lost(lines: number): void;
}

/** What a file is opened by; tests put their own here. */
export type OpenFile = (
  path: string,
  flags: string,
  mode: number,
) => Promise<Pick<FileHandle, 'write' | 'close'>>;

/**
 * Opens the file for appending.
 *
 * @throws when that is not possible: a gateway that should keep an audit log does not start without
 */
export async function openAuditFile(
  path: string,
  clock: Clock,
  observer: AuditObserver,
  openFile: OpenFile = open,
): Promise<AuditSink> {
  return new AuditFile(path, clock, observer, openFile, await openFile(path, 'a', FILE_MODE));
}

class AuditFile implements AuditSink {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #observer: AuditObserver;
  readonly #open: OpenFile;
  #handle: Pick<FileHandle, 'write' | 'close'>;
  #waiting: string[] = [];
  /** What is being written, and how much of it is out. */
  #batch: Buffer = Buffer.alloc(0);
  #written = 0;
  #waitingBytes = 0;
  /** Lines that there was no room for since the last one that there was. */
  #lost = 0;
  #isFailing = false;
  #shouldReopen = false;
  #isClosing = false;
  /** Resolves when what waited is out; undefined: nothing is being written. */
  #work: Promise<void> | undefined;
  /** Until lines have gathered; undefined: none do. */
  #gathering: Timer | undefined;
  /** Monotonic ms. */
  #writtenAt = Number.NEGATIVE_INFINITY;
  #stopWaiting: () => void = () => {};

  constructor(
    path: string,
    clock: Clock,
    observer: AuditObserver,
    openFile: OpenFile,
    handle: Pick<FileHandle, 'write' | 'close'>,
  ) {
    this.#path = path;
    this.#clock = clock;
    this.#observer = observer;
    this.#open = openFile;
    this.#handle = handle;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#waitingBytes + bytes > MOST_WAITING_BYTES) {
      this.#lost++;
      this.#observer.lost(1);
      return;
    }
    if (this.#lost > 0) this.#push(lossLine(this.#lost, this.#clock.now()));
    this.#lost = 0;
    this.#push(line);
    this.#startSoon();
  }

  async reopen(): Promise<void> {
    this.#shouldReopen = true;
    await this.#start();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stopWaiting();
    await this.#work;
    if (this.#lost > 0) this.#push(lossLine(this.#lost, this.#clock.now()));
    await this.#start();
    const left =
      this.#waiting.length + this.#batch.subarray(this.#written).filter((byte) => byte === LINE_END).length;
    if (left > 0) this.#observer.lost(left);
    await this.#handle.close().catch(() => {});
  }

  #push(line: string): void {
    this.#waiting.push(line);
    this.#waitingBytes += Buffer.byteLength(line);
  }

  /** Lines that come alone go out at once; of many, those of a few ms go out together. */
  #startSoon(): void {
    if (this.#work !== undefined || this.#gathering !== undefined) return;
    const waitMs = this.#writtenAt + GATHER_MS - this.#clock.monotonic();
    if (waitMs <= 0) this.#start();
    else this.#gathering = this.#clock.setTimer(() => this.#start(), waitMs);
  }

  #start(): Promise<void> {
    this.#gathering?.cancel();
    this.#gathering = undefined;
    this.#work ??= this.#run().finally(() => {
      this.#work = undefined;
      this.#writtenAt = this.#clock.monotonic();
      if (this.#shouldReopen) this.#start();
      else if (this.#waiting.length > 0 && !this.#isClosing) this.#startSoon();
    });
    return this.#work;
  }

  async #run(): Promise<void> {
    do {
      if (this.#shouldReopen) await this.#openAnew();
      if (!this.#isTorn) this.#takeBatch();
      if (await this.#writeBatch()) continue;
      if (this.#isClosing) return;
      await this.#pause();
    } while (this.#isTorn || this.#shouldReopen || this.#isMuch);
  }

  /** What has come in meanwhile is not left to gather. */
  get #isMuch(): boolean {
    return this.#isClosing ? this.#waiting.length > 0 : this.#waitingBytes >= BATCH_BYTES;
  }

  /** Part of the batch is still to be written. */
  get #isTorn(): boolean {
    return this.#written < this.#batch.length;
  }

  #takeBatch(): void {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && (count === 0 || bytes < BATCH_BYTES))
      bytes += Buffer.byteLength(this.#waiting[count++]!);
    this.#batch = Buffer.from(this.#waiting.splice(0, count).join(''));
    this.#written = 0;
  }

  /** @returns whether all of it is out */
  async #writeBatch(): Promise<boolean> {
    try {
      while (this.#isTorn) {
        const { bytesWritten } = await this.#handle.write(this.#batch.subarray(this.#written));
        this.#written += bytesWritten;
        this.#waitingBytes -= bytesWritten;
      }
      if (this.#isFailing && this.#batch.length > 0) {
        this.#isFailing = false;
        this.#observer.recovered();
      }
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  /** While the new file cannot be opened, the old one is gone on with: it is somewhere, whatever its name is now. */
  async #openAnew(): Promise<void> {
    this.#shouldReopen = false;
    try {
      const next = await this.#open(this.#path, 'a', FILE_MODE);
      await this.#handle.close().catch(() => {});
      this.#handle = next;
      this.#beginLineAgain();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A line of which the old file has only a part stands in the new one as a whole. */
  #beginLineAgain(): void {
    if (!this.#isTorn || this.#written === 0) return;
    const start = this.#batch.lastIndexOf(LINE_END, this.#written - 1) + 1;
    this.#waitingBytes += this.#written - start;
    this.#written = start;
  }

  #fail(error: unknown): void {
    if (!this.#isFailing)
      this.#observer.failing(String((error as { code?: unknown }).code ?? 'unknown reason'));
    this.#isFailing = true;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(resolve, RETRY_MS);
      this.#stopWaiting = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

/** What stands where lines are missing. */
function lossLine(lines: number, nowMs: number): string {
  return `${JSON.stringify({ time: new Date(nowMs).toISOString(), event: 'lost', lines })}\n`;
}
