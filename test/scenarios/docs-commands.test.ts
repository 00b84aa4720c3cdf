import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkTree } from '../../src/config/load.ts';
import type { Tree } from '../../src/settings/tree.ts';
import { type BlockResult, blocksOf, outputPattern, runBlocks } from '../support/page-runner.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(root + file, 'utf8');

/** Ports that pages name; each page is run at free ones. */
const PORTS = [8080, 8081, 8090];

/** What a page takes for granted: the demo runs. */
const DEMO = `
SLUICE_LISTEN_PORT=8080 SLUICE_ADMIN_PORT=8081 SLUICE_SIMULATOR_PORT=8090 sluice demo >/dev/null 2>&1 &
until curl -sf http://127.0.0.1:8080/dfw/v2/424242/flavors >/dev/null 2>&1; do sleep 0.2; done
`;
const BEFORE: Readonly<Record<string, string>> = { 'README.md': DEMO, 'docs/callers.md': DEMO };

/** Blocks that cannot be run here, by what they hold, and what runs it instead. */
const ELSEWHERE: readonly (readonly [page: string, words: string, where: string])[] = [
  [
    'README.md',
    'npm ci && npm start',
    'test/e2e/package.test.ts serves the demo; .ci/run begins with npm ci',
  ],
  [
    'README.md',
    'RAX_USERNAME=',
    'it takes an account at Rackspace: test/scenarios/doctor.test.ts has one at the stub',
  ],
];

const pages = ['README.md', ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'))
  .map((name) => {
    const isElsewhere = (commands: string) =>
      ELSEWHERE.some(([page, words]) => page === name && commands.includes(words));
    return { name, blocks: blocksOf(read(name)).filter(({ commands }) => !isElsewhere(commands)) };
  })
  .filter(({ blocks }) => blocks.length > 0);

describe.each(pages)('the commands of $name', ({ name, blocks }) => {
  let results: BlockResult[];
  beforeAll(async () => {
    const before = BEFORE[name];
    const first = before === undefined ? [] : [{ line: 0, commands: before, output: undefined }];
    results = (await runBlocks([...first, ...blocks], PORTS)).slice(first.length);
  }, 600_000);

  it.each(blocks.map(({ line }, at) => [line, at] as const))('in line %i do what they say', (_line, at) => {
    const { hasEnded, stdout, stderr } = results[at]!;
    // curl tells of its progress there, and a shell of what it has put behind.
    const complaint = stderr
      .split('\n')
      .filter((line) => /error|fault|problem|not found|accepted:/i.test(line));
    expect({ hasEnded, complaint }).toEqual({ hasEnded: true, complaint: [] });
    const { output } = blocks[at]!;
    // A page that shows faults says so.
    if (output === undefined) expect(stdout).not.toMatch(/"code": ?[45]\d\d/);
    else expect(stdout).toMatch(outputPattern(output));
  });
});

it.each(ELSEWHERE)('%s has the block "%s", which is run elsewhere: %s', (page, words) => {
  expect(blocksOf(read(page)).filter(({ commands }) => commands.includes(words))).toHaveLength(1);
});

const settings = pages.flatMap(({ name }) =>
  [...read(name).matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => [name, text!] as const),
);

it.each(settings)('%s shows settings that are accepted beside an account and a client: %s', (_name, text) => {
  const account = { name: 'main', identity: { url: 'us', username: 'u', apiKey: 'k' } };
  const access = { mode: 'keys', clients: [{ name: 'ops', keyHash: `sha256:${'0'.repeat(64)}` }] };
  const loaded = checkTree({ accounts: [account], access, ...(parse(text) as Tree) }, {}, process.cwd());
  expect(loaded).not.toHaveProperty('problems');
});
