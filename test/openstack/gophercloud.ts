import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder in which Debian's packages of Go libraries are. */
const GOPATH = '/usr/share/gocode';

/**
 * Compiles `gophercloud/main.go` with Debian's compiler and gophercloud.
 * @returns the program's file, in a folder of its own below the system's for temporary files
 * @throws Error when it does not compile; the compiler's words are on stderr
 */
export function buildGophercloud(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-gophercloud-'));
  const program = join(folder, 'gophercloud');
  const { status, error } = spawnSync('go', ['build', '-o', program, '.'], {
    cwd: join(import.meta.dirname, 'gophercloud'),
    env: { PATH: '/usr/bin:/bin', GO111MODULE: 'off', GOPATH, GOCACHE: join(folder, 'cache') },
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`the program with gophercloud does not compile: ${error ?? 'see above'}`);
  return program;
}
