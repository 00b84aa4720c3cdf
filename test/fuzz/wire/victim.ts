import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Condition, Question } from './gateway-process.ts';

/** The gateway under attack, in a process of its own. */
export interface Victim {
  readonly url: string;
  /** Sets what the region answers, byte for byte, to `GET /…/N`. */
  script(answers: readonly Buffer[]): Promise<void>;
  /** How it has fared since it was asked last. Rejects when it is gone. */
  how(): Promise<Condition>;
  close(): void;
}

/** So much is enough for a gateway, whatever it is sent, MiB. */
const HEAP_MIB = 512;

export async function startVictim(): Promise<Victim> {
  const child = fork(fileURLToPath(new URL('./gateway-process.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx', `--max-old-space-size=${HEAP_MIB}`],
  });
  const gone = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the gateway has ended: ${signal ?? code}`);
  });
  gone.catch(() => {});
  const heard = async () => ((await Promise.race([once(child, 'message'), gone])) as [unknown])[0];
  const { url } = (await heard()) as { url: string };
  const ask = (question: Question): Promise<unknown> => {
    const answer = heard();
    child.send(question, () => {});
    return answer;
  };
  return {
    url,
    async script(answers) {
      await ask({ kind: 'script', answers: answers.map((answer) => answer.toString('base64')) });
    },
    how: async () => (await ask({ kind: 'how' })) as Condition,
    close: () => void child.kill(),
  };
}
