import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { type Loaded, loadConfig, type Use } from './config/load.ts';
import type { Config } from './config/schema.ts';
import { type Host, runUntilStopped, type Service } from './life-cycle.ts';
import { describeListenError } from './listen-error.ts';
import { type Server, startServer } from './server.ts';
import { createSimulator } from './simulator/simulator.ts';
import { createLog } from './telemetry/log.ts';

/** How a command ended: 0 well, 1 it could not run, 2 the configuration is wrong. */
export type ExitCode = number;

/** The configuration that comes with Sluice: the demo. */
export const OWN_DEFAULT = fileURLToPath(new URL('../config/default.yaml', import.meta.url));
const processHost: Host = { signals: process, exit: (code) => process.exit(code) };

/** The configuration of a command that was given none: of the folder it runs in, else the one that comes with Sluice. */
export function defaultConfigFile(): string {
  return existsSync('config/default.yaml') ? 'config/default.yaml' : OWN_DEFAULT;
}

/** `sluice check-config`. */
export function checkConfig(file: string): ExitCode {
  const loaded = loadConfig(file, process.env);
  if ('problems' in loaded) return refuse(loaded.problems);
  for (const warning of loaded.warnings) console.error(warning);
  console.log(`${file}: the configuration is good`);
  return 0;
}

/** `sluice serve`: until a signal; SIGHUP reads the file again. */
export function serve(file: string): Promise<ExitCode> {
  return runGateway(loadConfig(file, process.env), { onHangUp: (server, log) => reload(file, server, log) });
}

/** Runs a gateway until a signal; `onStart` is told once it serves. */
export async function runGateway(
  loaded: Loaded,
  events: {
    onStart?: (server: Server) => void;
    onHangUp?: (server: Server, log: Logger) => Promise<void>;
  },
): Promise<ExitCode> {
  return runService(loaded, events.onHangUp, async (config, log) => {
    const server = await startServer(config, log);
    events.onStart?.(server);
    return server;
  });
}

/** `sluice simulate`: the simulator alone, until a signal. */
export function simulate(file: string, stateFile: string | undefined): Promise<ExitCode> {
  const use: Use = 'simulator';
  return runService(loadConfig(file, process.env, use), undefined, async (config, log) => {
    const settings = stateFile === undefined ? config.simulator : { ...config.simulator, stateFile };
    const simulator = createSimulator(settings, { log });
    const { identityUrl } = await simulator.listen();
    console.log(`The simulator serves. Log in at ${identityUrl}/tokens`);
    return simulator;
  });
}

async function runService<S extends Service>(
  loaded: Loaded,
  onHangUp: ((service: S, log: Logger) => Promise<void>) | undefined,
  start: (config: Config, log: Logger) => Promise<S>,
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

/** SIGHUP: a broken file changes nothing and is answered with the lines of `check-config`. */
async function reload(file: string, server: Server, log: Logger): Promise<void> {
  const loaded = loadConfig(file, process.env);
  if ('problems' in loaded) {
    log.error({ file, problems: loaded.problems }, 'the new configuration is refused, the old one stays');
    refuse(loaded.problems);
    return;
  }
  for (const warning of loaded.warnings) log.warn(warning);
  try {
    await server.reload(loaded.config);
  } catch (error) {
    log.error({ err: error, file }, 'the new configuration cannot be put in force, the old one stays');
  }
}

function refuse(problems: readonly string[]): ExitCode {
  for (const problem of problems) console.error(problem);
  return 2;
}
