import { type Environment, loadConfig } from '../config/load.ts';
import type { UserSettings } from '../simulator/config.ts';
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
    const where = `${identityUrl}${isGuide ? '/tokens' : '/auth/tokens'}`;
    console.log([`The simulator serves. Log in at ${where}`, ...describeUsers(settings.users)].join('\n'));
    return simulator;
  });
}

/** Secrets of the presets, which everybody may know. What a configuration has of its own is not shown. */
const isPublic = (secret: string | null): secret is string =>
  secret?.endsWith('-for-the-simulator-only') ?? false;

/** With what to log in at a simulator whose users are those of a preset, a line each. */
export function describeUsers(users: readonly UserSettings[]): string[] {
  return users.flatMap(({ username, domain, tenant, tenantName, apiKey, password, ...user }) => {
    const secrets = [
      ...(isPublic(apiKey) ? [`API key ${apiKey}`] : []),
      ...(isPublic(password) ? [`password ${password}`] : []),
    ];
    const where = domain === 'Default' ? '' : ` of the domain ${domain}`;
    const project = tenantName === null ? `tenant ${tenant}` : `project ${tenantName} (${tenant})`;
    const credentials = user.applicationCredentials.filter(({ secret }) => isPublic(secret));
    return [
      ...(secrets.length === 0 ? [] : [`  user ${username}${where}, ${secrets.join(', ')}, ${project}`]),
      ...credentials.map(({ id, secret }) => `  application credential ${id}, secret ${secret}`),
    ];
  });
}
