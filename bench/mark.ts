/** A mark: what a figure is to stay within. */
export interface Mark {
  readonly what: string;
  readonly value: number;
  readonly atMost: number;
  readonly unit: string;
}

/** One line: the figure, the mark, and whether it is met. */
export function lineOf({ what, value, atMost, unit }: Mark): string {
  const verdict = value <= atMost ? 'met' : `missed by ${Math.round((value / atMost - 1) * 100)} %`;
  return `${what}: ${value.toFixed(2)} ${unit} (mark: at most ${atMost.toFixed(2)}): ${verdict}`;
}

/** Prints marks as a part of its own does, and ends the process: with 1 where one is missed. */
export function judge(marks: readonly Mark[]): never {
  for (const mark of marks) console.log(lineOf(mark));
  process.exit(marks.every(({ value, atMost }) => value <= atMost) ? 0 : 1);
}
