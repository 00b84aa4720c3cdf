import { type Environment, loadConfig } from '../config/load.ts';
import { createSimulator } from '../simulator/simulator.ts';
import type { ExitCode } from './exit-code.ts';
import { runService } from './run-service.ts';

/** `sluice simulate`: the simulator alone, until a signal. */
export function simulate(file: string, stateFile: string | undefined, env: Environment): Promise<ExitCode> {
  return runService(loadConfig(file, env, 'simulator'), async (config, log) => {
    const settings = stateFile === undefined ? config.simulator : { ...config.simulator, stateFile };
    const simulator = createSimulator(settings, { log });
    const { identityUrl } = await simulator.listen();
    console.log(`The simulator serves. Log in at ${identityUrl}/tokens`);
    return simulator;
  });
}
