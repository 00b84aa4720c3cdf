import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkTree } from '../../src/config/load.ts';
import type { Tree } from '../../src/settings/tree.ts';
import { type BlockResult, blocksOf, outputPattern, runBlocks } from '../support/page-runner.ts';

const page = readFileSync(new URL('../../docs/access.md', import.meta.url), 'utf8');
const blocks = blocksOf(page);

describe('the page about access', () => {
  let results: BlockResult[];
  beforeAll(async () => {
    results = await runBlocks(blocks, [8080, 8081, 8090]);
  }, 300_000);

  it.each(blocks.map(({ line }, at) => [line, at] as const))(
    'has commands in line %i that do what it says',
    (_line, at) => {
      const { hasEnded, stdout, stderr } = results[at]!;
      expect({ hasEnded, stderr }).toEqual({ hasEnded: true, stderr: '' });
      const { output } = blocks[at]!;
      if (output !== undefined) expect(stdout).toMatch(outputPattern(output));
    },
  );
});

it.each([...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => [text!]))(
  'the page about access shows settings that are accepted beside an account and a client: %s',
  (text) => {
    const account = { name: 'main', identity: { url: 'us', username: 'u', apiKey: 'k' } };
    const access = { mode: 'keys', clients: [{ name: 'ops', keyHash: `sha256:${'0'.repeat(64)}` }] };
    const loaded = checkTree({ accounts: [account], access, ...(parse(text) as Tree) }, {}, process.cwd());
    expect(loaded).not.toHaveProperty('problems');
  },
);
