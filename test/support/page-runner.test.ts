import { describe, expect, it } from 'vitest';
import { blocksOf, outputPattern, runBlocks } from './page-runner.ts';

const fence = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\`\n`;

describe('the runner of pages', () => {
  it('finds the blocks of commands, where they stand, and what they print', () => {
    const page = `# Title\n\n${fence('sh', 'one')}\n${fence('text', 'first')}\n${fence('yaml', 'a: 1')}\n${fence('sh', 'two')}words\n${fence('text', 'x')}`;
    expect(blocksOf(page)).toEqual([
      { line: 4, commands: 'one\n', output: 'first\n' },
      { line: 16, commands: 'two\n', output: undefined },
    ]);
  });

  it('runs them in one shell, up to the first command that fails', async () => {
    const commands = [
      'NAME=value; echo port 8080 > file',
      'cat file; echo $NAME',
      'false; echo unheard',
      'echo on',
    ];
    const blocks = commands.map((text, at) => ({ line: at, commands: text, output: undefined }));
    const results = await runBlocks(blocks, [8080]);
    expect(results.map(({ hasEnded, stdout }) => [hasEnded, stdout])).toEqual([
      [true, ''],
      [true, 'port 8080\nvalue\n'],
      [false, ''],
      [false, ''],
    ]);
  });

  it('fails a block for an unknown command and for a pipe that breaks', async () => {
    for (const commands of ['no-such-command-here', 'false | cat', 'echo $UNSET_HERE'])
      expect((await runBlocks([{ line: 1, commands, output: undefined }], []))[0]).toMatchObject({
        hasEnded: false,
      });
  });

  it('takes … for anything within a line', () => {
    expect('{"id":"a.b","x":1}\n').toMatch(outputPattern('{"id":"…"…}\n'));
    expect('{"id":\n"}').not.toMatch(outputPattern('{"id":…"}'));
    expect('aXb').not.toMatch(outputPattern('a.b'));
  });
});
