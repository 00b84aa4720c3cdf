/**
 * The audit log: who did what. A JSON line for every write, login and refusal, on a stream of its own, so that it can be
 * kept for longer and by others than the log. It holds names, never bodies, headers, paths, keys or tokens.
 *
 * Nobody waits for it. Lines are kept in memory while the disk is slow or full, and written when it is not; should even that
 * room run out, the log says so at once, and the audit log itself says where how many lines are missing. Nothing is lost in
 * silence.
 */
import { terminalSafe } from '../json.ts';
import type { AuditSettings } from './settings.ts';

/** What happened. */
export interface AuditRecord {
  readonly event: 'write' | 'login' | 'refusal';
  /** Wall ms. */
  readonly timeMs: number;
  /** Name of the client; empty for nobody that is known. */
  readonly client: string;
  /** Name of the key, never the key. */
  readonly key: string;
  /** The upstream's user, by its id there, where a caller has a token of its own. */
  readonly user?: string | undefined;
  /** Of the caller. */
  readonly address: string;
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly method: string;
  /** Id of the server, image … that it is about, if its path names one. */
  readonly resource: string;
  readonly status: number;
  readonly requestId: string;
  readonly waitMs: number;
  /** Why it was refused: a word of Sluice's own. */
  readonly reason?: string | undefined;
}

/** Where lines go, each with its line end. */
export interface AuditSink {
  write(line: string): void;
  /** Opens anew what was renamed meanwhile, as SIGHUP asks for. */
  reopen(): Promise<void>;
  /** Resolves when all that was written is out, or can never be. */
  close(): Promise<void>;
}

/** Longer texts are cut: an id that a caller chose may be anything. */
const LONGEST_TEXT = 256;

/** A record as its line. Fields that say nothing are left out. */
export function auditLine(record: AuditRecord): string {
  const line: Record<string, string | number> = { time: new Date(record.timeMs).toISOString() };
  for (const name in record) {
    const value = record[name as keyof AuditRecord];
    if (name === 'timeMs' || value === undefined || value === '') continue;
    line[name] = typeof value === 'string' ? value.slice(0, LONGEST_TEXT) : value;
  }
  return `${terminalSafe(JSON.stringify(line))}\n`;
}

/** Writes records to one or several sinks. */
export class AuditLog {
  readonly #sinks: readonly AuditSink[];

  constructor(sinks: readonly AuditSink[]) {
    this.#sinks = sinks;
  }

  record(record: AuditRecord): void {
    const line = auditLine(record);
    for (const sink of this.#sinks) sink.write(line);
  }

  async reopen(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.reopen()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.close()));
  }
}

/** A sink that writes to something that needs no opening: standard output, or the log. */
export function plainSink(write: (line: string) => void): AuditSink {
  return { write, reopen: async () => {}, close: async () => {} };
}

/**
 * The audit log of a configuration: its file, standard output, both, or, where it names neither, the place where the log
 * goes.
 *
 * @param openFile opens the file; rejects when that is not possible
 * @param parts how standard output and the log are written to
 */
export async function createAuditLog(
  { file, stdout }: AuditSettings,
  openFile: (path: string) => Promise<AuditSink>,
  parts: { readonly stdout: (line: string) => void; readonly log: (line: string) => void },
): Promise<AuditLog> {
  const sinks: AuditSink[] = [];
  if (file !== null) sinks.push(await openFile(file));
  if (stdout) sinks.push(plainSink(parts.stdout));
  if (sinks.length === 0) sinks.push(plainSink(parts.log));
  return new AuditLog(sinks);
}
