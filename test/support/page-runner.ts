import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** A block of commands on a page, and what the page says that it prints. */
export interface PageBlock {
  /** Line of the page that its first command stands on. */
  readonly line: number;
  readonly commands: string;
  /** The `text` block right behind it; undefined: there is none. */
  readonly output: string | undefined;
}

/** The fenced `sh` blocks of a page of Markdown, in order. */
export function blocksOf(page: string): PageBlock[] {
  const fences = [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
  return fences.flatMap((fence, at) => {
    if (fence[1] !== 'sh') return [];
    const next = fences[at + 1];
    const end = fence.index + fence[0].length;
    const isBehind = next?.[1] === 'text' && page.slice(end, next.index).trim() === '';
    const line = page.slice(0, fence.index).split('\n').length + 1;
    return [{ line, commands: fence[2]!, output: isBehind ? next[2] : undefined }];
  });
}

/** What a block has done. */
export interface BlockResult {
  /** False when one of its commands failed, or an earlier block's did. */
  readonly hasEnded: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the blocks one after another in one shell that ends with the first command that fails, in an empty folder, with
 * `sluice` on its path. Ports that the page names become free ones.
 *
 * @param ports those of the page
 */
export async function runBlocks(
  blocks: readonly PageBlock[],
  ports: readonly number[],
): Promise<BlockResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-page-'));
  try {
    const free = await freePorts(ports.length);
    const own = (text: string) =>
      ports.reduce((changed, port, at) => changed.replaceAll(`${port}`, `${free[at]}`), text);
    const theirs = (text: string) =>
      ports.reduce((changed, port, at) => changed.replaceAll(`${free[at]}`, `${port}`), text);
    const [bin, work, out] = ['bin', 'work', 'out'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const path of [bin, work, out]) mkdirSync(path);
    const command = `#!/bin/sh\nexec '${process.execPath}' --import '${TSX}' '${CLI}' "$@"\n`;
    writeFileSync(join(bin, 'sluice'), command, { mode: 0o755 });
    for (const [at, { commands }] of blocks.entries()) writeFileSync(join(out, `${at}.sh`), own(commands));
    const script = blocks.map(
      (_block, at) => `. ${out}/${at}.sh >${out}/${at}.out 2>${out}/${at}.err\n: >${out}/${at}.ok`,
    );
    await runShell(script.join('\n'), work, bin);
    const read = (name: string) =>
      existsSync(join(out, name)) ? theirs(readFileSync(join(out, name), 'utf8')) : '';
    return blocks.map((_block, at) => ({
      hasEnded: existsSync(join(out, `${at}.ok`)),
      stdout: read(`${at}.out`),
      stderr: read(`${at}.err`),
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A shell in a group of processes of its own, which ends with it, whatever it has left in the background. */
function runShell(script: string, cwd: string, bin: string): Promise<void> {
  const { PATH = '', HOME = '' } = process.env;
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd,
    env: { PATH: `${bin}:${PATH}`, HOME, LC_ALL: 'C.UTF-8' },
    stdio: 'ignore',
    detached: true,
  });
  return new Promise((resolve, reject) => {
    shell.once('error', reject);
    shell.once('exit', () => {
      try {
        process.kill(-shell.pid!, 'SIGKILL');
      } catch {
        // Nothing is left of it.
      }
      resolve();
    });
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** An expression for a page's output, in which `…` stands for anything that does not end a line. */
export function outputPattern(output: string): RegExp {
  const parts = output.split('…').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^\\n]*')}$`);
}
