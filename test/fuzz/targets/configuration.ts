import { checkTree } from '../../../src/config/load.ts';
import { settingsSchema } from '../../../src/config/settings-schema.ts';
import { parseYaml } from '../../../src/settings/parse.ts';
import type { FuzzTarget } from '../target.ts';
import { bent, jsonValue } from '../text.ts';

const SECRET = 'a-secret-nobody-may-see';
const NAMES = [
  ...Object.keys(settingsSchema.properties ?? {}),
  ...[
    'host',
    'port',
    'regions',
    'name',
    'identity',
    'url',
    'username',
    'apiKey',
    'password',
    'mode',
    'clients',
    'static',
    'regex',
    'uri',
    'verb',
    'value',
    'unit',
    'ttl',
  ],
];
const VALUES = [
  SECRET,
  '127.0.0.1',
  8080,
  'us',
  `$\{NOBODY}`,
  `$\{HOME:-x}`,
  'open',
  'GET',
  '/servers',
  '(a+)+$',
  'MINUTE',
  -1,
  'http://a/v2.0',
];
const tree = jsonValue(NAMES, VALUES).filter(
  (value) => value !== null && typeof value === 'object' && !Array.isArray(value),
);

/** Configurations: taken, or refused with lines that hold no value. */
export const configurations: FuzzTarget<unknown> = {
  name: 'configurations',
  arbitrary: tree,
  check(value) {
    const loaded = checkTree(structuredClone(value) as never, {}, '/nowhere');
    if (!('problems' in loaded)) return;
    if (loaded.problems.some((line) => line === '' || line.includes('\n')))
      throw new Error('a problem is no line');
    // A name that is none is told, whatever it is.
    if (loaded.problems.some((line) => line.split(': ').slice(1).join(': ').includes(SECRET)))
      throw new Error('a problem tells a value');
  },
};

const YAML = [
  'listen:',
  '\n',
  '  ',
  'port: 1',
  '- ',
  '&a ',
  '*a',
  '<<: ',
  '{',
  '}',
  '[',
  ']',
  '"',
  ': ',
  '#',
  '!!js/function x',
  '|',
  '>',
  '---',
  '\t',
  'accounts:',
  'a: &b [*b]',
];

/** Texts that are nearly YAML. */
export const yamls: FuzzTarget<string> = {
  name: 'texts of configurations',
  mayBlock: true,
  arbitrary: bent(YAML).map((text) => text.slice(0, 2_000)),
  check(text) {
    const parsed = parseYaml(text, 'sluice.yaml');
    if ('tree' in parsed) checkTree(parsed.tree, {}, '/nowhere');
  },
};
