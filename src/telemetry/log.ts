import { hostname } from 'node:os';
import { type DestinationStream, destination, type Logger, type LoggerOptions, pino } from 'pino';
import { terminalSafe } from '../json.ts';
import { loggedError, loggedMessage, redactText } from './redact.ts';

/** The `log` section of the configuration. */
export interface LogSettings {
  /** pino's levels: `trace` to `fatal`, or `silent`. */
  level: string;
  /** Which requests get a line: all of them, those that failed, or none. */
  requests: 'all' | 'errors' | 'none';
  /** From so many ms on a request is a slow one; null: none is. */
  slowMs?: number | null;
  /** What tells this instance's lines from others'; null: the name of the machine; left out: nothing does. */
  instance?: string | null;
}

/** Names under which a secret could ever reach the log; whatever stands there is replaced. */
const SECRET_KEYS = ['apiKey', 'password', 'adminPass', 'token', 'x-auth-token', 'authorization', 'contents'];

/** Lines are written in blocks of this size, or when they are this old: a write per line costs more than the line. */
const BUFFER_BYTES = 4096;
const FLUSH_MS = 100;

/**
 * The process's log: JSON lines on stdout, written in the background. Secrets are never passed in; redaction is the second
 * line of defence. Errors are logged by allow-list, see `loggedError`.
 */
export function createLog(settings: LogSettings, stream?: DestinationStream): Logger {
  const options = {
    level: settings.level,
    base: settings.instance === undefined ? null : { instance: settings.instance ?? hostname() },
    redact: {
      paths: SECRET_KEYS.flatMap((key) => [quoted(key), `*.${quoted(key)}`.replace('.[', '[')]),
      censor: '[redacted]',
    },
    serializers: { err: loggedError, error: loggedError, reason: loggedReason },
    // Callers' header fields, and what regions say, may hold anything.
    hooks: { logMethod, streamWrite: terminalSafe },
  };
  return pino(
    options,
    stream ?? destination({ dest: 1, sync: false, minLength: BUFFER_BYTES, periodicFlush: FLUSH_MS }),
  );
}

type Arguments = Parameters<NonNullable<NonNullable<LoggerOptions['hooks']>['logMethod']>>;

/** pino takes an error's message for the line's where the line has none of its own. */
function logMethod(this: Logger, args: Arguments[0], method: Arguments[1]): void {
  const [first, message] = args as unknown as [unknown, unknown];
  const fields = first instanceof Error ? { err: first } : first;
  const hasError = typeof fields === 'object' && fields !== null && 'err' in fields;
  if (message !== undefined || !hasError || fields.err === undefined) method.apply(this, args);
  else method.apply(this, [fields, loggedMessage(fields.err)] as unknown as Arguments[0]);
}

/** The words of an error that is logged without its stack. */
const loggedReason = (reason: unknown): unknown => (typeof reason === 'string' ? redactText(reason) : reason);

const quoted = (key: string): string => (/^\w+$/.test(key) ? key : `["${key}"]`);
