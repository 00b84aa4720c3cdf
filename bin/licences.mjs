// The licences of the packages whose code is in dist/: each wants its text to go with copies.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
const LICENCE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;

/** @param inputs paths of the bundled files, from `root` on @returns a chapter a package: name, version, licence, its text */
export function licencesOf(inputs, root) {
  const folders = new Set(inputs.map((input) => PACKAGE.exec(input)?.[0]).filter(Boolean));
  const chapters = [...folders].map((folder) => chapterOf(join(root, folder))).sort();
  return `dist/ holds code of these packages.\n\n${chapters.join('\n')}`;
}

function chapterOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder)
    .filter((file) => LICENCE.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  if (texts.length === 0 && license === undefined)
    throw new Error(`${name} does not say how it may be copied`);
  return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
}
