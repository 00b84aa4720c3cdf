/**
 * The words of an upstream's error page. Pages can be long and are whatever a server in between makes of them: each
 * character is looked at a bounded number of times, and the reading ends with the words that are wanted.
 */

/** Most characters of a message. */
const MAX_LENGTH = 500;
/** Most characters of a page that are looked at: style sheets included, error pages are shorter. */
const MAX_PAGE = 64 * 1024;

/** Elements whose content is no text, and what ends each. */
const SILENT: ReadonlyMap<string, RegExp> = new Map(
  ['style', 'script', 'title', 'head'].map((name) => [name, new RegExp(`</${name}>`, 'gi')]),
);
const NAME = /[a-z]{1,7}\b/iy;

/** Text without markup and runs of white space, at most 500 characters. */
export function plainText(whole: string): string {
  const page = whole.slice(0, MAX_PAGE);
  const words = new Words();
  /** Elements that nothing ends from here on: the rest is not searched for it again. */
  const endless = new Set<string>();
  let at = 0;
  while (!words.isEnough) {
    const open = page.indexOf('<', at);
    const close = open < 0 ? -1 : page.indexOf('>', open);
    if (close < 0) break;
    words.add(page.slice(at, open));
    words.space();
    at = endOfSilence(page, open, close, endless) ?? close + 1;
    // It ends behind the cut, if at all.
    if (endless.size > 0 && page.length < whole.length) return words.text;
  }
  words.add(page.slice(at));
  return words.text;
}

/** Where an element that is no text ends; undefined when the tag begins none. */
function endOfSilence(page: string, open: number, close: number, endless: Set<string>): number | undefined {
  NAME.lastIndex = open + 1;
  const name = NAME.exec(page)?.[0].toLowerCase() ?? '';
  const end = SILENT.get(name);
  if (end === undefined || endless.has(name)) return undefined;
  end.lastIndex = close + 1;
  if (end.test(page)) return end.lastIndex;
  endless.add(name);
  return undefined;
}

class Words {
  #text = '';

  get isEnough(): boolean {
    return this.#text.length > MAX_LENGTH;
  }

  get text(): string {
    return this.#text.trim().slice(0, MAX_LENGTH);
  }

  add(piece: string): void {
    if (piece === '') return;
    const words = piece.replace(/\s+/g, ' ');
    this.#text += this.#text.endsWith(' ') ? words.trimStart() : words;
  }

  space(): void {
    if (!this.#text.endsWith(' ')) this.#text += ' ';
  }
}
