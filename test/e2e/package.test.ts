import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
const { version, files } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  version: string;
  files: string[];
};

/** What a package is made from: the sources and what is packed, without what is built or installed here. */
const SOURCES = [
  ...files.filter((name) => name !== 'dist'),
  ...['src', 'bin', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'],
];

/** Installed packages that a user of the package gets, below `node_modules`. */
function productionPackages(): string[] {
  const lock = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(([, { dev, devOptional, optional }]) => !dev && !devOptional && !optional)
    .map(([path]) => /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1])
    .filter((name) => name !== undefined);
}

/** Something of every kind that a check finds. */
const WRONG = `
listen: { port: 70000, hots: x, regions: { DFW: -1, "no region": 1 } }
log: { level: loud, requests: false }
facade: { services: [image, image, ""] }
upstream: { hedge: { maxPercent: "3" } }
accounts:
  - { name: "", identity: { url: us, username: 5, apiKey: k } }
  - name: other
limits: { static: [{ verb: GET }], marginMs: [] }
cache: { images: { ttl: -1 }, maxBytes: null }
access: { clients: [{ name: x, share: 0, keyHash: [] }] }
audit: 7
`;

describe('the package that npm makes', () => {
  let folder: string;
  let project: string;
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-package-'));
    const clone = join(folder, 'clone');
    mkdirSync(clone);
    for (const name of SOURCES) cpSync(join(root, name), join(clone, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
    await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: clone });
    // As npm installs it, from what is installed here, so that no registry is asked: what is only for development is not there.
    project = join(folder, 'project');
    const modules = join(project, 'node_modules');
    mkdirSync(join(modules, '.bin'), { recursive: true });
    await run('tar', ['-xzf', join(folder, `sluice-${version}.tgz`), '-C', folder]);
    cpSync(join(folder, 'package'), join(modules, 'sluice'), { recursive: true });
    symlinkSync('../sluice/dist/cli.js', join(modules, '.bin', 'sluice'));
    for (const name of productionPackages()) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
    }
  }, 600_000);

  afterAll(() => {
    if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const { PATH = '' } = process.env;
  const env = (more: Record<string, string> = {}) => ({
    PATH,
    HOME: folder,
    npm_config_offline: 'true',
    ...more,
  });

  it('has the command, the configurations, the manifests and the documentation, and no sources or tests', () => {
    const inside = join(project, 'node_modules', 'sluice');
    for (const name of [
      ...files,
      'dist/cli.js',
      'config/default.yaml',
      'deploy/systemd/sluice.service',
      'docs/access.md',
    ])
      expect(existsSync(join(inside, name)), name).toBe(true);
    for (const name of ['src', 'test', 'bench', 'node_modules'])
      expect(existsSync(join(inside, name)), name).toBe(false);
    expect(readlinkSync(join(project, 'node_modules', '.bin', 'sluice'))).toContain('dist/cli.js');
  });

  it('runs with npx', async () => {
    const { stdout } = await run('npx', ['--no-install', 'sluice', '--version'], {
      cwd: project,
      env: env(),
    });
    expect(stdout).toBe(`${version}\n`);
  }, 300_000);

  it('says of a wrong configuration what the sources say: its check was made with the package', async () => {
    const file = join(folder, 'wrong.yaml');
    writeFileSync(file, WRONG);
    const loaded = loadConfig(file, {});
    const problems = 'problems' in loaded ? loaded.problems : [];
    expect(problems.length).toBeGreaterThan(9);
    const checked = run('npx', ['--no-install', 'sluice', 'check-config', '-c', file], {
      cwd: project,
      env: env(),
    });
    await expect(checked).rejects.toMatchObject({ code: 2, stderr: `${problems.join('\n')}\n` });
  }, 300_000);

  it('serves the demo to its first answer', async () => {
    const ports = { SLUICE_LISTEN_PORT: '0', SLUICE_ADMIN_PORT: '0', SLUICE_SIMULATOR_PORT: '0' };
    child = spawn('npx', ['--no-install', 'sluice', 'demo'], {
      cwd: project,
      env: env(ports),
      detached: true,
    });
    const url = await new Promise<string>((resolve, reject) => {
      let said = '';
      const hear = (text: string) => {
        said += text;
        const [, found] = /curl -i (\S+)/.exec(said) ?? [];
        if (found !== undefined) resolve(found);
      };
      child!.stdout!.setEncoding('utf8').on('data', hear);
      child!.stderr!.setEncoding('utf8').on('data', hear);
      child!.once('exit', () => reject(new Error(`it ended: ${said}`)));
    });
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ flavors: expect.any(Array) });
  }, 300_000);
});
