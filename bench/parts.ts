import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CORES, node } from './program.ts';

/** A part of Sluice that is measured by itself, in a process of its own, which prints what it found. */
interface Part {
  key: string;
  title: string;
  file: string;
  /** Only on request. */
  isSlow: boolean;
  /** Where it runs: what starts servers of its own leaves them theirs. */
  core: number;
}

const partOf = (key: string, title: string, more: Partial<Part> = {}): Part => ({
  key,
  title,
  isSlow: false,
  core: CORES.server,
  file: fileURLToPath(new URL(`./${key}.ts`, import.meta.url)),
  ...more,
});

export const PARTS: Part[] = [
  partOf('translation', 'Translation between JSON and XML'),
  partOf('limits', 'A slot of the published limits'),
  partOf('flood', 'Strangers with wrong keys and passwords'),
  partOf('cache-memory', 'Memory that cached answers take'),
  partOf('ready', 'From the start of the process to ready', { core: CORES.load }),
  partOf('idle', 'Memory of 10,000 idle connections', { core: CORES.load }),
  partOf('latency', 'Added latency, open-loop at 1,000 requests a second', { core: CORES.load }),
  partOf('soak', 'The heap under load, minute by minute', { core: CORES.load, isSlow: true }),
].filter(({ file }) => existsSync(file));

/** Runs one; its text as a Markdown section, with a word on a missed goal. */
export function measurePart({ title, file, core }: Part, minutes: string): string {
  const [command, args] = node(core, file, ['--minutes', minutes]);
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8' });
  const name = `bench/${basename(file)}`;
  if (stdout.trim() === '') throw new Error(`${name} printed nothing: ${stderr}`);
  const why =
    stderr.trim() === '' ? 'a goal is missed.' : `it broke.\n\n\`\`\`text\n${stderr.trim()}\n\`\`\``;
  const verdict = status === 0 ? '' : `\n\n${name} ended with ${status}: ${why}`;
  return `### ${title}\n\n\`\`\`text\n${stdout.trim()}\n\`\`\`${verdict}`;
}
