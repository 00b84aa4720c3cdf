import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** The command as a process of its own, run from its sources. */
export interface CliProcess {
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the first match in what it has written and will write; rejects when it ends without one. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
  /** Reads no more of its standard output, as `head` does. */
  hangUp(): void;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

const running = new Set<ChildProcess>();

/**
 * Starts `sluice …`. Of the test's environment only what a process needs is passed on, so that no setting slips in.
 *
 * @param input what it reads on standard input, whole; nothing when left out
 */
export function startCli(
  args: readonly string[],
  env: Record<string, string> = {},
  input?: string,
): CliProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['--import', TSX, CLI, ...args], {
    env: { PATH, HOME, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  running.add(child);
  const written = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
      for (const watcher of watchers) watcher();
    });
  }
  let hasEnded = false;
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('close', (code, signal) => {
      hasEnded = true;
      running.delete(child);
      resolve(code ?? signal!);
      for (const watcher of watchers) watcher();
    });
  });
  return {
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    ended,
    signal: (name) => void child.kill(name),
    hangUp: () => void child.stdout!.destroy(),
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(written.stdout) ?? pattern.exec(written.stderr);
          if (match === null && !hasEnded) return;
          watchers.delete(look);
          if (match === null)
            reject(new Error(`it ended without ${pattern}:\n${written.stdout}${written.stderr}`));
          else resolve(match);
        };
        watchers.add(look);
        look();
      }),
  };
}

/** Ends what a failed test left running. */
export async function stopCliProcesses(): Promise<void> {
  const ends = [...running].map((child) => new Promise((resolve) => child.once('close', resolve)));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ends);
}
