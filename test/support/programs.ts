import { spawnSync } from 'node:child_process';

const known = new Map<string, boolean>();

/**
 * Whether a program of the system can be run that some tests are about. Where it is missing they are skipped and say so on
 * stderr; with CI=true that is an error, so that a build machine never passes by leaving them out.
 *
 * @param needs Debian's package of it
 */
export function programAvailable(name: string, needs = name): boolean {
  const isThere = known.get(name) ?? spawnSync('which', [name]).status === 0;
  known.set(name, isThere);
  if (isThere) return true;
  if (process.env['CI'] === 'true')
    throw new Error(`${name} is not installed (package ${needs}); with CI=true its tests must run`);
  process.stderr.write(`\n*** ${name} is not installed (package ${needs}): its tests are SKIPPED ***\n`);
  return false;
}

/** Where a program is that can be run. */
export const programPath = (name: string): string =>
  spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim();
