import type { Logger } from 'pino';
import { type AuditLog, type AuditRecord, createAuditLog } from '../access/audit.ts';
import { openAuditFile } from '../access/audit-file.ts';
import type { AuditSettings } from '../access/settings.ts';
import type { Clock } from '../clock.ts';
import type { Standings } from '../standing.ts';

/** What the audit log needs of the gateway. */
export interface AuditMeans {
  readonly clock: Clock;
  readonly log: Logger;
  readonly standings: Standings;
}

/** The audit log in force; it outlives a reload, which opens its file anew, as whoever rotates files expects of SIGHUP. */
export class AuditKeeper {
  readonly #means: AuditMeans;
  #settings: string;
  #audit: AuditLog;

  private constructor(settings: AuditSettings, audit: AuditLog, means: AuditMeans) {
    this.#settings = JSON.stringify(settings);
    this.#audit = audit;
    this.#means = means;
  }

  /** @throws when the file cannot be written to: a gateway that should keep an audit log does not start without */
  static async open(settings: AuditSettings, means: AuditMeans): Promise<AuditKeeper> {
    return new AuditKeeper(settings, await openAudit(settings, means), means);
  }

  record(record: AuditRecord): void {
    this.#audit.record(record);
  }

  /** Puts other settings in force, or opens the file of the same ones anew. @throws as `open`; what was stays then */
  async use(settings: AuditSettings): Promise<void> {
    const text = JSON.stringify(settings);
    if (text === this.#settings) return this.#audit.reopen();
    const before = this.#audit;
    this.#audit = await openAudit(settings, this.#means);
    this.#settings = text;
    await before.close();
  }

  close(): Promise<void> {
    return this.#audit.close();
  }
}

function openAudit(settings: AuditSettings, { clock, log, standings }: AuditMeans): Promise<AuditLog> {
  const observer = {
    failing: (code: string) => {
      standings.set('audit', false, `The audit log cannot be written to (${code}).`);
      log.error({ code }, 'the audit log cannot be written to; trying again');
    },
    recovered: () => {
      standings.set('audit', true);
      log.info('the audit log is written to again');
    },
    lost: (lines: number) => log.error({ lines }, 'there is no room for lines of the audit log any more'),
  };
  return createAuditLog(settings, (path) => openAuditFile(path, clock, observer), {
    stdout: (line) => void process.stdout.write(line),
    log: (line) => log.info({ audit: JSON.parse(line) as object }, 'audit'),
  });
}
