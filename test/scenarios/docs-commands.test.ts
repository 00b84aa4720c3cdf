import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
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
  [
    'docs/providers.md',
    'sluice init',
    'it takes a cloud: test/unit/commands/init.test.ts, test/scenarios/doctor.test.ts',
  ],
];

const names = ['README.md', ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);
const pages = names
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

const settings = names.flatMap((name) =>
  [...read(name).matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => [name, text!] as const),
);

it('settings are shown by pages without commands, too', () => {
  expect(new Set(settings.map(([name]) => name))).toContain('docs/providers.md');
});

/** Files that pages name, and what is in them here. */
const FILES: Readonly<Record<string, string>> = {
  '/home/mara/.config/openstack/clouds.yaml':
    'clouds: {prod: {auth: {auth_url: "https://c.example/v3", username: u, password: p, project_name: p}}}',
  '/run/secrets/os-credential': 'secret',
};

it.each(settings)('%s shows settings that are accepted beside an account and a client: %s', (_name, text) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-docs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  let written = text;
  for (const [index, [file, content]] of Object.entries(FILES).entries()) {
    const own = join(folder, String(index));
    writeFileSync(own, content);
    written = written.replaceAll(file, own);
  }
  const { identity = { url: 'us', username: 'u', apiKey: 'k' }, ...tree } = parse(written) as Tree;
  const access = { mode: 'keys', clients: [{ name: 'ops', keyHash: `sha256:${'0'.repeat(64)}` }] };
  const loaded = checkTree({ accounts: [{ name: 'main', identity }], access, ...tree }, {}, folder);
  expect(loaded).not.toHaveProperty('problems');
});
