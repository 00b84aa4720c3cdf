/** A set of UTF-16 code units as ranges, in order and apart from each other. */
export type CharSet = readonly (readonly [first: number, last: number])[];

const LAST = 0xffff;

export const ANYTHING: CharSet = [[0, LAST]];
export const DIGITS: CharSet = [[0x30, 0x39]];
export const WORD: CharSet = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
export const BLANKS: CharSet = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x2028, 0x2029],
];

/** Everything that is in one of them. */
export function union(...sets: readonly CharSet[]): CharSet {
  const sorted = sets.flat().sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [first, last] of sorted) {
    const before = merged.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** Everything that is not in it. */
export function complement(set: CharSet): CharSet {
  const rest: [number, number][] = [];
  let next = 0;
  for (const [first, last] of union(set)) {
    if (first > next) rest.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) rest.push([next, LAST]);
  return rest;
}

/** The set with the other case of its ASCII letters. */
export function foldCase(set: CharSet): CharSet {
  const folded = set.flatMap(([first, last]): [number, number][] => [
    ...shifted(first, last, 0x41, 0x5a, 0x20),
    ...shifted(first, last, 0x61, 0x7a, -0x20),
  ]);
  return union(set, folded);
}

function shifted(first: number, last: number, from: number, to: number, by: number): [number, number][] {
  const [low, high] = [Math.max(first, from), Math.min(last, to)];
  return low <= high ? [[low + by, high + by]] : [];
}
