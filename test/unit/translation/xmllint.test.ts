import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../../src/operations/table.ts';
import { parseJson } from '../../../src/translation/json.ts';
import { renderFaultXml, renderXml } from '../../../src/translation/write-xml.ts';
import { goldenPairs, goldenXmlFiles } from './golden.ts';

const isThere = spawnSync('xmllint', ['--version']).status === 0;
const mustBeThere = process.env['CI'] === 'true';
if (!isThere)
  console.warn('xmllint (Debian: libxml2-utils) is missing: well-formedness is NOT checked by it.');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-xml-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What xmllint has to say; empty when every file is well-formed and its namespaces are in order. */
function complaints(files: readonly string[]): string {
  const { stderr } = spawnSync('xmllint', ['--noout', '--nonet', ...files], { encoding: 'utf8' });
  return stderr;
}

describe.skipIf(!isThere && !mustBeThere)('xmllint', () => {
  it('is installed', () => {
    expect(() => execFileSync('xmllint', ['--version'], { stdio: 'ignore' })).not.toThrow();
  });

  it('finds every golden file well-formed', () => {
    expect(complaints(goldenXmlFiles())).toBe('');
  });

  it('finds everything rendered from the golden JSON well-formed', () => {
    const files: string[] = [];
    const keep = (xml: string) => {
      const file = join(folder, `${files.length}.xml`);
      writeFileSync(file, xml);
      files.push(file);
    };
    for (const { name, response } of OPERATIONS)
      for (const pair of goldenPairs(name))
        if (pair.name.startsWith('response') && response !== null)
          keep(renderXml(response, parseJson(pair.json)));
    for (const { json } of goldenPairs('faults')) keep(renderFaultXml(parseJson(json)));
    expect(files.length).toBeGreaterThan(40);
    expect(complaints(files)).toBe('');
  });

  it('would complain of a broken one', () => {
    const file = join(folder, 'broken.xml');
    writeFileSync(file, '<a:b/>');
    expect(complaints([file])).toMatch(/namespace/i);
  });
});
