import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { faultTexts, sentencesOf } from '../../support/fault-texts.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'bench/README.md',
];

/** What GitHub calls the headings of a page. */
function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the pages', () => {
  const links = pages.flatMap((page) =>
    [
      ...read(page)
        .replace(/```[\s\S]*?```|`[^`\n]*`/g, '')
        .matchAll(/\]\(([^)\s]+)\)/g),
    ]
      .map(([, target]) => target!)
      .filter((target) => !/^(?:https?|mailto):/.test(target))
      .map((target) => [page, target] as const),
  );

  it.each(links)('%s links to %s, which is there', (page, target) => {
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? page : relative(root, join(root, dirname(page), file));
    expect(existsSync(join(root, path)), path).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(path)).toContain(anchor);
  });

  it('are all reached from the README, which is short', () => {
    const readme = read('README.md');
    expect(readme.split('\n').length).toBeLessThanOrEqual(150);
    expect(pages.filter((page) => page !== 'README.md' && !readme.includes(`](${page})`))).toEqual([]);
  });

  it('link to no place that is none', () => {
    expect(links.length).toBeGreaterThan(30);
  });
});

/** Tables and functions that faults have their texts from, beside the files that make faults. */
const SOURCES_OF_TEXTS = ['access/grants.ts'];

describe('troubleshooting by message', () => {
  const rows = [...read('docs/troubleshooting.md').matchAll(/^\| (`+) ?(.*?) ?\1 \| (.+?) \| (.+?) \|$/gm)];
  const listed = rows.map(([, , message]) => message!.replaceAll('\\|', '|'));
  const sources = join(root, 'src');
  const { texts, without } = faultTexts(sources, ['simulator']);
  const all = [...texts, ...[...without, ...SOURCES_OF_TEXTS].flatMap((file) => sentencesOf(sources, file))];

  it('reads what the sources say', () => {
    expect(texts.length).toBeGreaterThan(60);
    expect(all.map(({ text }) => text)).toContain('Region … did not answer in time.');
  });

  it.each([...new Map(all.map(({ file, text }) => [text, file])).entries()])(
    'has "%s" (%s) with its cause and cure',
    (text) => {
      expect(listed).toContain(text);
    },
  );

  it('has no message that nobody says, and none twice', () => {
    const said = new Set(all.map(({ text }) => text));
    expect(listed.filter((message) => !said.has(message))).toEqual([]);
    expect(listed.length).toBe(new Set(listed).size);
  });
});
