import { type Environment, loadConfig } from '../config/load.ts';
import { createSimulator } from '../simulator/simulator.ts';
import { checkStateFile } from '../simulator/state-file.ts';
import { type ExitCode, refuse } from './exit-code.ts';
import { runService } from './run-service.ts';

/** `sluice simulate`: the simulator alone, until a signal. `--state` comes before `simulator.stateFile`. */
export async function simulate(
  file: string,
  stateFile: string | undefined,
  env: Environment,
): Promise<ExitCode> {
  const problems = stateFile === undefined ? [] : checkStateFile(stateFile);
  if (problems.length > 0) return refuse(problems.map((problem) => `--state ${stateFile}: ${problem}`));
  return runService(loadConfig(file, env, 'simulator'), async (config, log) => {
    const settings = stateFile === undefined ? config.simulator : { ...config.simulator, stateFile };
    const simulator = createSimulator(settings, { log });
    const { identityUrl } = await simulator.listen();
    console.log(`The simulator serves. Log in at ${identityUrl}/tokens`);
    return simulator;
  });
}
