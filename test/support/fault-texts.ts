import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text of the sources that callers may read in a fault, `…` for what is only known when it is said. */
export interface FaultText {
  /** Below the folder that was read. */
  readonly file: string;
  readonly text: string;
}

const CALL = /new (?:Fault|UnknownTenant)\(/g;
/** A literal of text: quotes, or a template. */
const LITERAL = /^(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/;

/**
 * The texts of all faults that the sources make: every literal in the second argument of `new Fault(…)`, so that
 * alternatives (`a ? 'x' : 'y'`) count as two. A call without any has its text from elsewhere: see `without`.
 *
 * @param leaveOut rooms below the folder that are not read
 */
export function faultTexts(
  folder: string,
  leaveOut: readonly string[],
): { texts: FaultText[]; without: string[] } {
  const texts: FaultText[] = [];
  const without: string[] = [];
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.ts') || leaveOut.includes(file.split('/')[0]!)) continue;
    const source = readFileSync(join(folder, file), 'utf8');
    for (const { index, 0: call } of source.matchAll(CALL)) {
      const literals = literalsOf(secondArgument(source.slice(index + call.length)));
      if (literals.length === 0) without.push(file);
      texts.push(...literals.map((text) => ({ file, text })));
    }
  }
  return { texts, without: [...new Set(without)] };
}

/** What stands between the first comma at the call's own depth and the next, or the call's end. */
function secondArgument(source: string): string {
  let depth = 0;
  let start = -1;
  for (let at = 0; at < source.length; at++) {
    const literal = LITERAL.exec(source.slice(at, at + 2_000));
    if (literal) {
      at += literal[0].length - 1;
      continue;
    }
    const sign = source[at]!;
    if ('([{'.includes(sign)) depth++;
    if (')]}'.includes(sign)) depth--;
    const isEnd = depth < 0 || (depth === 0 && sign === ',');
    if (isEnd && start >= 0) return source.slice(start, at);
    if (isEnd && depth < 0) return '';
    if (isEnd) start = at + 1;
  }
  return '';
}

function literalsOf(argument: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < argument.length; at++) {
    const literal = LITERAL.exec(argument.slice(at));
    if (literal === null) continue;
    at += literal[0].length - 1;
    const text = (literal[1] ?? literal[2] ?? literal[3]!)
      .replace(/\$\{[^}]*\}/g, '…')
      .replace(/\\(.)/g, '$1');
    // A word is a part of an expression, not what somebody reads.
    if (text.includes(' ')) found.push(text);
  }
  return found;
}

/** All texts of a file that read as sentences: where a fault's text comes from a table or a function. */
export function sentencesOf(folder: string, file: string): FaultText[] {
  const source = readFileSync(join(folder, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/^(?:import|export type|\} from) .*$/gm, '');
  return literalsOf(source)
    .filter((text) => /^[A-Z…].* .*\.$/.test(text))
    .map((text) => ({ file, text }));
}
