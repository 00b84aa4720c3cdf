/** How a command ended: 0 well, 1 it could not run, 2 the configuration is wrong; above 128 a signal cut it short. */
export type ExitCode = number;

/** Says what is wrong with a configuration, a line each. */
export function refuse(problems: readonly string[]): ExitCode {
  for (const problem of problems) console.error(problem);
  return 2;
}
