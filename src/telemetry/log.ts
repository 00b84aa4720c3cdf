import { type DestinationStream, destination, type Logger, pino } from 'pino';

/** The `log` section of the configuration. */
export interface LogSettings {
  /** pino's levels: `trace` to `fatal`, or `silent`. */
  level: string;
  /** Which requests get a line: all of them, those that failed, or none. */
  requests: 'all' | 'errors' | 'none';
}

/** Names under which a secret could ever reach the log; whatever stands there is replaced. */
const SECRET_KEYS = ['apiKey', 'password', 'adminPass', 'token', 'x-auth-token', 'authorization', 'contents'];

/** Lines are written in blocks of this size, or when they are this old: a write per line costs more than the line. */
const BUFFER_BYTES = 4096;
const FLUSH_MS = 100;

/** The process's log: JSON lines on stdout, written in the background. Secrets are never passed in; redaction is the second line of defence. */
export function createLog(settings: LogSettings, stream?: DestinationStream): Logger {
  const options = {
    level: settings.level,
    base: null,
    redact: {
      paths: SECRET_KEYS.flatMap((key) => [quoted(key), `*.${quoted(key)}`.replace('.[', '[')]),
      censor: '[redacted]',
    },
  };
  return pino(
    options,
    stream ?? destination({ dest: 1, sync: false, minLength: BUFFER_BYTES, periodicFlush: FLUSH_MS }),
  );
}

const quoted = (key: string): string => (/^\w+$/.test(key) ? key : `["${key}"]`);
