import type { Problem } from './problem.ts';

/**
 * Names that are there twice, the second time. Those that differ only in case count as one unless `same` says otherwise:
 * regions match so, and two such labels would be read as one.
 */
export function repeated(
  names: readonly (string | undefined)[],
  pathOf: (index: number) => readonly string[],
  same: (name: string) => string = (name) => name.toLowerCase(),
): Problem[] {
  const known = names.map((name) => (name === undefined ? undefined : same(name)));
  return known.flatMap((name, index) =>
    name === undefined || known.indexOf(name) === index
      ? []
      : [{ path: pathOf(index), text: 'is used twice, accepted: a name of its own' }],
  );
}
