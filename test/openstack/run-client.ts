import { execFile } from 'node:child_process';

/** How a stock client logs in: `OS_*` variables. */
export type Variables = Readonly<Record<string, string>>;

export interface ClientResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Debian's own Python and its clients, whatever else is installed. */
const PATH = '/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Runs one command of a stock client. Nothing of the caller's environment reaches it. */
export function runClient(
  command: readonly string[],
  variables: Variables,
  input = '',
): Promise<ClientResult> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const options = {
      env: { PATH, HOME: '/nonexistent', LC_ALL: 'C.UTF-8', ...variables },
      maxBuffer: 1 << 28,
      timeout: 300_000,
    };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error ? 1 : 0;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}
