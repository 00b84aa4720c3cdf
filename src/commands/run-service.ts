import type { Logger } from 'pino';
import type { Loaded } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { createLog } from '../telemetry/log.ts';
import { type ExitCode, refuse } from './exit-code.ts';
import { type Host, runUntilStopped, type Service } from './life-cycle.ts';
import { describeListenError } from './listen-error.ts';

const processHost: Host = { signals: process, exit: (code) => process.exit(code) };

/** Runs what `start` makes of a configuration until a signal ends it. `onHangUp` answers SIGHUP. */
export async function runService<S extends Service>(
  loaded: Loaded,
  start: (config: Config, log: Logger) => Promise<S>,
  onHangUp?: (service: S, log: Logger) => Promise<void>,
): Promise<ExitCode> {
  if ('problems' in loaded) return refuse(loaded.problems);
  const { config, warnings } = loaded;
  const log = createLog(config.log);
  for (const warning of warnings) log.warn(warning);
  const hangUp = onHangUp === undefined ? undefined : (service: S) => onHangUp(service, log);
  try {
    return await runUntilStopped(() => start(config, log), processHost, hangUp);
  } catch (error) {
    const described = describeListenError(error, config);
    if (described === undefined) throw error;
    console.error(described);
    return 1;
  } finally {
    await new Promise<void>((resolve) => log.flush(() => resolve()));
  }
}
