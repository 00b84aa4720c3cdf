import type { Logger } from 'pino';
import { type Environment, loadConfig } from '../config/load.ts';
import { type Server, startServer } from '../server.ts';
import { type ExitCode, refuse } from './exit-code.ts';
import { runService } from './run-service.ts';

/** `sluice serve`: the gateway, until a signal. SIGHUP reads the file again. */
export function serve(file: string, env: Environment): Promise<ExitCode> {
  return runService(loadConfig(file, env), startServer, (server, log) => reload(file, env, server, log));
}

/** A broken file changes nothing and is answered with the lines of `check-config`. */
async function reload(file: string, env: Environment, server: Server, log: Logger): Promise<void> {
  const loaded = loadConfig(file, env);
  if ('problems' in loaded) {
    log.error({ file, problems: loaded.problems }, 'the new configuration is refused, the old one stays');
    refuse(loaded.problems);
    server.refused(loaded.problems.length);
    return;
  }
  for (const warning of loaded.warnings) log.warn(warning);
  try {
    await server.reload(loaded.config);
  } catch (error) {
    log.error({ err: error, file }, 'the new configuration cannot be put in force, the old one stays');
  }
}
