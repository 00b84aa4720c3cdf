import { type Environment, loadConfig, sourceTree, writtenTree } from '../config/load.ts';
import { examine } from '../doctor/examine.ts';
import { about, type Finding, lineOf } from '../doctor/finding.ts';
import { type ExitCode, refuse } from './exit-code.ts';
import { isServing } from './health.ts';
import { startProblems } from './start-problems.ts';

/**
 * `sluice doctor`: a line for everything that Sluice stands on. Exit code 0: nothing worse than warnings, 1: a fault, 2: the
 * configuration itself is wrong.
 */
export async function doctor(
  file: string,
  { json }: { readonly json: boolean },
  env: Environment,
): Promise<ExitCode> {
  const loaded = loadConfig(file, env);
  const [tree, source] = [writtenTree(file, env), sourceTree(file)];
  if ('problems' in loaded || tree === undefined || source === undefined) {
    const problems = 'problems' in loaded ? loaded.problems : [`${file}: cannot be read`];
    if (!json) return refuse(problems);
    const findings = problems.map(faultOf);
    print(findings);
    return 2;
  }
  const { config, warnings } = loaded;
  const found: Finding[] = warnings.map((warning) => {
    const cut = warning.indexOf(': ');
    return about('config', warning.slice(0, cut)).warning(
      warning.slice(cut + 2),
      'take it out of the environment, or correct its name',
    );
  });
  found.push(...startProblems(config, env).map(faultOf));
  if (found.length === 0) found.push(about('config', file).ok('every setting is accepted'));
  const say = (finding: Finding) => {
    if (!json) console.log(lineOf(finding));
  };
  found.forEach(say);
  const isServed = () => isServing(config.admin);
  found.push(...(await examine({ config, tree, source, file, env, isServed }, say)));
  const count = (level: Finding['level']) => found.filter((finding) => finding.level === level).length;
  const [faults, warned] = [count('fault'), count('warning')];
  if (json) print(found);
  else
    console.log(
      `${counted(faults, 'fault')}, ${counted(warned, 'warning')}, ${found.length - faults - warned} ok`,
    );
  return faults > 0 ? 1 : 0;
}

/** A line of `check-config` as a finding. */
function faultOf(problem: string): Finding {
  const cut = problem.indexOf(': ');
  const [wrong = '', accepted] = problem.slice(cut + 2).split(', accepted');
  return about('config', problem.slice(0, cut)).fault(
    wrong,
    accepted === undefined ? 'correct it' : `accepted${accepted}`,
  );
}

function print(findings: readonly Finding[]): void {
  console.log(JSON.stringify({ findings }, null, 2));
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
