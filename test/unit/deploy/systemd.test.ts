import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const unit = readFileSync(
  fileURLToPath(new URL('../../../deploy/systemd/sluice.service', import.meta.url)),
  'utf8',
);

/** Where systemd's tool is missing its tests are skipped and say so; with CI=true that is an error. */
function isInstalled(): boolean {
  if (spawnSync('systemd-analyze', ['--version']).status === 0) return true;
  if (process.env['CI'] === 'true')
    throw new Error('systemd-analyze is not installed; with CI=true its tests must run');
  process.stderr.write(
    '\n*** systemd-analyze is not installed: the tests of the systemd unit are SKIPPED ***\n',
  );
  return false;
}

/** More than this is a service that is hardly confined (0 to 10). */
const MOST_EXPOSED = 2;

describe.skipIf(!isInstalled())('the unit of systemd', () => {
  let folder: string;
  let file: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-systemd-'));
    file = join(folder, 'sluice.service');
    // A program that is here stands for the one that is to be installed.
    writeFileSync(file, unit.replaceAll('/usr/local/bin/sluice', '/bin/sh'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What `systemd-analyze` says of this unit; it speaks of the machine's others too. */
  function analyze(...args: string[]): { status: number | null; own: string[]; stdout: string } {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8' });
    return { status, stdout, own: stderr.split('\n').filter((line) => line.includes('sluice.service')) };
  }

  it('is understood as a whole', () => {
    const { own } = analyze('--man=no', 'verify');
    expect(own).toEqual([]);
  });

  it('would be found out with a mistake in it', () => {
    writeFileSync(file, readFileSync(file, 'utf8').replace('ProtectHome=yes', 'ProtectHomes=yes'));
    expect(analyze('--man=no', 'verify').own.join()).toContain('ProtectHomes');
    writeFileSync(file, unit.replaceAll('/usr/local/bin/sluice', '/bin/sh'));
  });

  it(`is exposed to no more than ${MOST_EXPOSED} of 10`, () => {
    const { stdout } = analyze('--offline=yes', '--no-pager', 'security');
    const [, level] = /Overall exposure level for sluice\.service: ([\d.]+)/.exec(stdout) ?? [];
    expect(Number(level)).toBeLessThanOrEqual(MOST_EXPOSED);
  });
});

describe('what the unit runs', () => {
  it('is what the commands are called, and gives up at once on a wrong configuration', () => {
    expect(unit).toMatch(
      /^ExecStartPre=\/usr\/local\/bin\/sluice check-config -c \/etc\/sluice\/sluice\.yaml$/m,
    );
    expect(unit).toMatch(/^ExecStart=\/usr\/local\/bin\/sluice serve -c \/etc\/sluice\/sluice\.yaml$/m);
    expect(unit).toMatch(/^RestartPreventExitStatus=2$/m);
  });
});
