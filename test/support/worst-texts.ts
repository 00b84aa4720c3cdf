import { type Part, parse } from './regex-steps.ts';

/** A text that grows: the middle is repeated. */
export interface GrowingText {
  readonly before: string;
  readonly again: string;
  readonly after: string;
}

/** The text, about so long. */
export const grown = ({ before, again, after }: GrowingText, length: number): string =>
  before + again.repeat(Math.ceil(length / again.length)) + after;

/** Characters of every kind that an expression may tell apart. */
const CHARACTERS = [...' \t\n\raAzZfF09_-+.,:;/\\|"\'`<>()[]{}&?#=@%*~$^!x', '\u0001', 'é', '\ud800'];
/** What hardly anything matches, so that a search goes on and backtracks. */
const ENDS = ['', '\u0001', '\n', '!'];

/**
 * Texts on which an expression can be slow, if it can at all: each loop of it is reached by what stands before it, is fed with
 * whatever it takes, one or two characters at a time, and then with what ends no match.
 */
export function worstTexts(expression: RegExp): GrowingText[] {
  const texts: GrowingText[] = [];
  const add = (before: string, again: string) => {
    if (again !== '') for (const after of ENDS) texts.push({ before, again, after });
  };
  const whole = parse(expression);
  for (const { before, loop } of loopsOf(whole, '')) {
    const fits = fitting(loop);
    for (const again of fits) add(before, again);
    // What a loop takes and what stands around it may be the same: "a/a/a/", "<style<style".
    for (const first of fits.slice(0, 4)) for (const second of fits.slice(0, 4)) add(before, first + second);
    for (const again of fits) add('', before + again);
    add('', before);
  }
  const sample = sampleOf(whole);
  for (let cut = 1; cut <= Math.min(sample.length, 40); cut++) add('', sample.slice(0, cut));
  return texts;
}

/** The loops without an upper bound, each with a text that leads there. */
function* loopsOf(part: Part, before: string): Generator<{ before: string; loop: Part }> {
  switch (part.kind) {
    case 'sequence': {
      let path = before;
      for (const inner of part.parts) {
        yield* loopsOf(inner, path);
        path += sampleOf(inner);
      }
      return;
    }
    case 'choice':
      for (const inner of part.parts) yield* loopsOf(inner, before);
      return;
    case 'repeat':
      if (part.most > 100) yield { before, loop: part.part };
      yield* loopsOf(part.part, before);
      return;
    case 'look':
      yield* loopsOf(part.part, before);
  }
}

/** Texts that a part matches. */
function fitting(part: Part): string[] {
  if (part.kind === 'one') return CHARACTERS.filter((character) => part.test(character));
  if (part.kind === 'choice') return part.parts.flatMap((inner) => fitting(inner).slice(0, 4));
  return [...new Set([sampleOf(part), sampleOf(part, 2)])];
}

/** A text that a part matches, with each loop taken so often at least. */
function sampleOf(part: Part, times = 0): string {
  switch (part.kind) {
    case 'one':
      return literalOf(part.source) ?? CHARACTERS.find((character) => part.test(character)) ?? '';
    case 'sequence':
      return part.parts.map((inner) => sampleOf(inner, times)).join('');
    case 'choice':
      return sampleOf(part.parts[0]!, times);
    case 'repeat':
      return sampleOf(part.part, times).repeat(Math.min(part.most, Math.max(part.least, times)));
    default:
      return '';
  }
}

const literalOf = (source: string): string | undefined =>
  source.length === 1 && source !== '.' ? source : undefined;
