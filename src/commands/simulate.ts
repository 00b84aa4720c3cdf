import { type Environment, loadConfig } from '../config/load.ts';
import type { PresetName } from '../simulator/presets.ts';
import { createSimulator } from '../simulator/simulator.ts';
import { checkStateFile } from '../simulator/state-file.ts';
import { type ExitCode, refuse } from './exit-code.ts';
import { runService } from './run-service.ts';

/** What the command line says beside the configuration, and over it. */
export interface SimulateOptions {
  readonly state: string | undefined;
  readonly preset: PresetName | undefined;
}

/**
 * `sluice simulate`: the simulator alone, until a signal.
 *
 * @param file undefined: a preset needs none
 */
export async function simulate(
  file: string | undefined,
  { state: stateFile, preset }: SimulateOptions,
  given: Environment,
): Promise<ExitCode> {
  const env = preset === undefined ? given : { ...given, SLUICE_SIMULATOR_PRESET: preset };
  const problems = stateFile === undefined ? [] : checkStateFile(stateFile);
  if (problems.length > 0) return refuse(problems.map((problem) => `--state ${stateFile}: ${problem}`));
  return runService(loadConfig(file, env, 'simulator'), async (config, log) => {
    const settings = stateFile === undefined ? config.simulator : { ...config.simulator, stateFile };
    const simulator = createSimulator(settings, { log });
    const { identityUrl } = await simulator.listen();
    const isGuide = settings.dialect === 'guide';
    console.log(`The simulator serves. Log in at ${identityUrl}${isGuide ? '/tokens' : '/auth/tokens'}`);
    return simulator;
  });
}
