/** What is no element's tag, and how it ends. */
const BESIDE_TAGS = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const;

/**
 * Where the first tag begins that has more attributes than so many; -1 where none has. The parser hands a tag over when
 * all of its attributes are read and resolved, which for a megabyte of them is too late. A text that is not well-formed is
 * left to the parser. Each character is looked at once.
 */
export function crowdedTag(text: string, mostAttributes: number): number {
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
    const [begin, end] = BESIDE_TAGS.find(([begin]) => text.startsWith(begin, at)) ?? [];
    if (begin === undefined) {
      const tagEnd = endOfTag(text, at, mostAttributes);
      if (tagEnd === undefined) return at;
      at = tagEnd;
    } else {
      const found = text.indexOf(end!, at + begin.length);
      if (found < 0) return -1;
      at = found;
    }
  }
  return -1;
}

/** Index of a tag's `>`, or of the text's end; undefined when it has too many attributes. */
function endOfTag(text: string, start: number, mostAttributes: number): number | undefined {
  let attributes = 0;
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at];
    if (character === '>') return at;
    if (character !== '"' && character !== "'") continue;
    if (++attributes > mostAttributes) return undefined;
    const quote = text.indexOf(character, at + 1);
    if (quote < 0) return text.length;
    at = quote;
  }
  return text.length;
}
