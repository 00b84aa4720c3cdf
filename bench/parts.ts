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
}

const partOf = (key: string, title: string): Part => ({
  key,
  title,
  file: fileURLToPath(new URL(`./${key}.ts`, import.meta.url)),
});

export const PARTS: Part[] = [
  partOf('translation', 'Translation between JSON and XML'),
  partOf('limits', 'A slot of the published limits'),
  partOf('flood', 'Strangers with wrong keys and passwords'),
  partOf('cache-memory', 'Memory that cached answers take'),
].filter(({ file }) => existsSync(file));

/** Runs one on the server core; its text as a Markdown section, with a word on a missed goal. */
export function measurePart({ title, file }: Part): string {
  const [command, args] = node(CORES.server, file, []);
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8' });
  const name = `bench/${basename(file)}`;
  if (stdout.trim() === '') throw new Error(`${name} printed nothing: ${stderr}`);
  const verdict = status === 0 ? '' : `\n\n${name} ended with ${status}: a goal is missed.`;
  return `### ${title}\n\n\`\`\`text\n${stdout.trim()}\n\`\`\`${verdict}`;
}
