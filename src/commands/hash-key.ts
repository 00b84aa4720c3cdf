import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { hashSecret } from '../access/key-hash.ts';
import { LONGEST_PASSWORD } from '../access/password.ts';
import { type ExitCode, refuse } from './exit-code.ts';

/** Where a secret is typed or piped in. */
export type SecretInput = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/**
 * `sluice hash-key`: what the configuration keeps of a key or password. It is read from standard input: arguments stand in
 * the history of shells and in the list of processes.
 */
export async function hashKey(input: SecretInput): Promise<ExitCode> {
  const read = input.isTTY === true ? await askForLine(input) : await text(input);
  const secret = read.replace(/\r?\n$/, '');
  const problem = problemOf(secret);
  if (problem !== undefined) return refuse([problem]);
  try {
    console.log(await hashSecret(secret));
    return 0;
  } catch (error) {
    return refuse([(error as Error).message]);
  }
}

function problemOf(secret: string): string | undefined {
  if (/[\r\n]/.test(secret)) return 'The input has more than one line, accepted: one key or password.';
  if (secret.length > LONGEST_PASSWORD)
    return `The input is too long, accepted: a key, or a password of at most ${LONGEST_PASSWORD} characters.`;
  return undefined;
}

/** A line that is typed in a terminal, without showing it. */
async function askForLine(input: SecretInput): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input, output: nowhere, terminal: true });
  process.stderr.write('Key or password: ');
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
