import { expect, it } from 'vitest';
import { checkTree } from '../../../src/config/load.ts';
import { settingsSchema } from '../../../src/config/settings-schema.ts';
import { parseYaml } from '../../../src/settings/parse.ts';

const problems = (tree: object): string[] => {
  const loaded = checkTree(structuredClone(tree) as never, {}, '/nowhere');
  return 'problems' in loaded ? loaded.problems : [];
};

/** Null means something there: it is what holds without the key; or no file may have it at all. */
const NULLABLE = ['publicUrl', 'allowedHosts', 'moreListeners'];

it.each(Object.keys(settingsSchema.properties ?? {}).filter((section) => !NULLABLE.includes(section)))(
  'an empty `%s:` is a problem with a line',
  (section) => {
    expect(problems({ [section]: null })).toContainEqual(expect.stringMatching(`^${section}: is empty`));
  },
);

it.each([
  [{ listen: [] }, /^listen: /],
  [{ listen: [null] }, /^listen/],
  [{ listen: [{}, null] }, /^listen\.1: is empty/],
  [{ listen: [{}, 7] }, /^listen\.1: /],
  [{ listen: [{}, { regions: null }] }, /^listen\.1\.regions: is empty/],
  [{ listen: 7 }, /^listen: /],
  [{ limits: { static: [{}] } }, /^limits\.static\.0\.verb: is missing/],
  [{ limits: { static: [null] } }, /^limits\.static\.0: is empty/],
  [{ limits: { static: [{ verb: 1, uri: 2, regex: 3 }] } }, /^limits\.static\.0\.verb: /],
  [{ simulator: { regions: '' } }, /^simulator\.regions: /],
  [{ simulator: { enabled: true, regionPorts: [], users: {} } }, /^simulator\.regionPorts: /],
])('%j is a problem with a line, whatever else would be checked', (tree, expected) => {
  expect(problems(tree)).toContainEqual(expect.stringMatching(expected));
});

it('a key with a line break is on one line', () => {
  expect(problems({ 'a\nlisten': 1 }).filter((line) => line.includes('\n'))).toEqual([]);
});

it('an alias within what it stands for is a problem with a line', () => {
  expect(parseYaml('a: &b [*b]', 'f.yaml')).toEqual({
    problems: [{ path: [], text: 'f.yaml: has an alias (*name) inside of what it stands for' }],
  });
  expect(parseYaml('a: &b [1]\nc: [*b, *b]', 'f.yaml')).toEqual({ tree: { a: [1], c: [[1], [1]] } });
});
