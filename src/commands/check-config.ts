import { type Environment, loadConfig, type Use } from '../config/load.ts';
import { type ExitCode, refuse } from './exit-code.ts';
import { startProblems } from './start-problems.ts';

/** `sluice check-config`: one line per problem on stderr. */
export function checkConfig(file: string, env: Environment, use: Use): ExitCode {
  const loaded = loadConfig(file, env, use);
  if ('problems' in loaded) return refuse(loaded.problems);
  const problems = use === 'gateway' ? startProblems(loaded.config, env) : [];
  if (problems.length > 0) return refuse(problems);
  for (const warning of loaded.warnings) console.error(warning);
  console.log(`${file}: the configuration is good`);
  return 0;
}
