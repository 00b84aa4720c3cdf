/**
 * Text as XML 1.0 character data. Characters that XML 1.0 forbids altogether (section 2.2: most controls, lone
 * surrogates, U+FFFE and U+FFFF) have no escape either; they become U+FFFD, so a document never breaks.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 forbids or normalises
const ATTRIBUTE_SUSPECT = /[&<>"\u0000-\u001f\ud800-\udfff\ufffe\uffff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 forbids or normalises
const TEXT_SUSPECT = /[&<>\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 forbids or normalises
const ATTRIBUTE_SPECIAL = /[&<>"\u0000-\u001f\ufffe\uffff]|\p{Surrogate}/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 forbids or normalises
const TEXT_SPECIAL = /[&<>\u0000-\u0008\u000b-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

const escaped = (character: string): string => ESCAPES[character] ?? '\ufffd';

/** For a value in double quotes; tabs and line ends are kept as references (a parser would make them blanks). */
export function escapeAttribute(text: string): string {
  return ATTRIBUTE_SUSPECT.test(text) ? text.replace(ATTRIBUTE_SPECIAL, escaped) : text;
}

/** For text between tags; a carriage return is kept as a reference (a parser would make it a line feed). */
export function escapeText(text: string): string {
  return TEXT_SUSPECT.test(text) ? text.replace(TEXT_SPECIAL, escaped) : text;
}
