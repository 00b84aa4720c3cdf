import { type Environment, loadConfig } from '../config/load.ts';
import { type ExitCode, refuse } from './exit-code.ts';

/** `sluice check-config`: one line per problem on stderr. */
export function checkConfig(file: string, env: Environment): ExitCode {
  const loaded = loadConfig(file, env);
  if ('problems' in loaded) return refuse(loaded.problems);
  for (const warning of loaded.warnings) console.error(warning);
  console.log(`${file}: the configuration is good`);
  return 0;
}
