import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The page says nothing that no test holds: each of its sentences names its tests, and those are there. */

const root = fileURLToPath(new URL('../../../', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const page = readFileSync(`${root}docs/security.md`, 'utf8');
/** Where settings, metrics and paths are listed. */
const reference = ['configuration', 'metrics', 'installation', 'access']
  .map((name) => readFileSync(`${root}docs/${name}.md`, 'utf8'))
  .join('\n');

/** One bullet of the page: a sentence, and the tests below it. */
interface Claim {
  readonly section: string;
  sentence: string;
  readonly tests: { readonly file: string; readonly title: string }[];
}

const TEST = /^ {2}- `(test\/[\w./-]+\.test\.ts) › (.+)`$/;

const sections: { readonly title: string; readonly attack: string[] }[] = [];
const claims: Claim[] = [];
/** Lines that are none of the forms which this page has. */
const strays: string[] = [];

// What stands before the first party or threat is about the page itself.
for (const line of page.slice(page.indexOf('\n## ')).split('\n')) read(line);

function read(line: string): void {
  const [, file, title] = TEST.exec(line) ?? [];
  const section = sections.at(-1);
  const claim = claims.at(-1);
  if (line === '' || line.startsWith('## ')) return;
  if (line.startsWith('### ')) sections.push({ title: line.slice(4), attack: [] });
  else if (section === undefined) strays.push(line);
  else if (/^\*[^*]+\*$/.test(line)) section.attack.push(line.slice(1, -1));
  else if (line.startsWith('- ')) claims.push({ section: section.title, sentence: line.slice(2), tests: [] });
  else if (file && title && claim) claim.tests.push({ file, title });
  else if (/^ {2}[^ -]/.test(line) && claim?.tests.length === 0) claim.sentence += ` ${line.trim()}`;
  else strays.push(line);
}

/** The call of `it`, `test` or `describe` (or what `each`, `runIf` and their like made of them), and the title it is given. */
const TITLE =
  /(?:\b(?:it|test|describe)(?:\.(?!skip\b|todo\b)\w+)*|\))\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1,\s*(?:async\s*)?(?:\(|\w+\s*=>)/g;

const COMMENT = /^\s*\/\/.*$/gm;

const titlesRead = new Map<string, string[]>();

/** Titles of a file of tests, as they stand there. */
function titlesOf(file: string): string[] {
  let titles = titlesRead.get(file);
  if (titles === undefined) {
    const text = existsSync(root + file) ? readFileSync(root + file, 'utf8') : '';
    titles = [...text.replace(COMMENT, '').matchAll(TITLE)].map(([, , title]) =>
      title!.replace(/\\(.)/g, '$1'),
    );
    titlesRead.set(file, titles);
  }
  return titles;
}

const named = [
  ...new Set(claims.flatMap(({ tests }) => tests.map(({ file, title }) => `${file} › ${title}`))),
].map((test) => test.split(' › ') as [file: string, title: string]);

describe('the page on what Sluice trusts', () => {
  it('is where the README and the map of the sources say', () => {
    expect(readme).toContain('(docs/security.md)');
    expect(readFileSync(`${root}ARCHITECTURE.md`, 'utf8')).toContain('(docs/security.md)');
  });

  it('has parties and threats, each with what it is and what is done about it', () => {
    expect(sections.length).toBeGreaterThan(20);
    for (const { title, attack } of sections) {
      expect(attack, title).toHaveLength(1);
      expect(
        claims.some(({ section }) => section === title),
        title,
      ).toBe(true);
    }
  });

  it('says nothing beside its sentences', () => {
    expect(strays).toEqual([]);
  });

  it('has one sentence at a time, with a test', () => {
    expect(claims.length).toBeGreaterThan(100);
    expect(claims.filter(({ sentence }) => !/^[^.!?]+(?:[.!?][^\s.!?]+)*[^.!?]*\.$/.test(sentence))).toEqual(
      [],
    );
    expect(claims.filter(({ tests }) => tests.length === 0)).toEqual([]);
  });

  it.each(named)('names a test that is there: %s › %s', (file, title) => {
    const titles = titlesOf(file);
    const exact = titles.filter((one) => one === title);
    // A part will do where it is the part of one.
    expect(exact.length > 0 ? exact : titles.filter((one) => one.includes(title))).toHaveLength(1);
  });

  it('names settings, metrics and paths that there are', () => {
    const settings = [...page.matchAll(/`([a-z]+(?:\[\])?(?:\.[a-z]\w*(?:\[\])?)+)(?:: \w+)?`/g)].map(
      ([, name]) => name!,
    );
    expect(settings.length).toBeGreaterThan(10);
    expect(settings.filter((name) => !reference.includes(`| \`${name}\` |`))).toEqual([]);
    const others = [...page.matchAll(/`(sluice_\w+|POST \/\S+)`/g)].map(([, name]) => name!);
    expect(others.filter((name) => !reference.includes(`\`${name}\``))).toEqual([]);
  });
});
