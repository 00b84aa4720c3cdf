import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startCli, stopCliProcesses } from '../support/cli-process.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(stopCliProcesses);

const DEMO = fileURLToPath(new URL('../../config/default.yaml', import.meta.url));
const FREE_PORTS = { SLUICE_LISTEN_PORT: '0', SLUICE_ADMIN_PORT: '0', SLUICE_SIMULATOR_PORT: '0' };

function writeConfig(text: string): string {
  const file = join(folder, 'sluice.yaml');
  writeFileSync(file, text);
  return file;
}

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const cli = startCli(args, env);
  return { code: await cli.ended, stdout: cli.stdout(), stderr: cli.stderr() };
}

describe('sluice', () => {
  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await run(['version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('lists its commands', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const command of ['serve', 'demo', 'simulate', 'check-config', 'version']) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
  });

  it('goes on to its exit code when nobody reads what it prints any more', async () => {
    const accounts = '[{ name: a, identity: { url: "http://127.0.0.1:1", username: u, apiKeyFile: key } }]';
    writeFileSync(join(folder, 'key'), 'k', { mode: 0o600 });
    const file = writeConfig(`listen: { port: 0 }\nadmin: { port: 0 }\naccounts: ${accounts}\n`);
    for (const [args, code] of [
      [['new-key', 'ops'], 0],
      [['doctor', '-c', file], 1],
    ] as const) {
      const cli = startCli(args);
      cli.hangUp();
      expect([args[0], await cli.ended, cli.stderr()]).toEqual([args[0], code, '']);
    }
  });

  it('refuses a command it does not have', async () => {
    const { code, stderr } = await run(['sevre']);
    expect(code).toBe(1);
    expect(stderr).toContain("unknown command 'sevre'");
  });
});

describe('sluice check-config', () => {
  it.each(['default.yaml', 'compose.yaml', 'rackspace-us.yaml', 'rackspace-uk.yaml'])(
    'finds nothing wrong with %s',
    async (name) => {
      const file = new URL(`../../config/${name}`, import.meta.url).pathname;
      const { code, stderr } = await run(['check-config', '-c', file], {
        RAX_USERNAME: 'u',
        RAX_API_KEY: 'k',
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    },
  );

  it('ends with 2 and a line for every problem', async () => {
    const file = writeConfig('listen: { prot: 1 }\nlog: { level: loud }\n');
    const { code, stderr } = await run(['check-config', '-c', file]);
    expect(code).toBe(2);
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(
        /^listen\.prot: is no setting \(did you mean port\?\), accepted here: host, port, [\w, ]+$/,
      ),
      expect.stringMatching(/^log\.level: is other text, accepted: one of /),
      'accounts: names no account, accepted: at least one',
    ]);
  });

  it('warns of a variable that is no setting, and says the file is good', async () => {
    const { code, stderr } = await run(['check-config', '-c', DEMO], { SLUICE_LISTEN_PROT: '1' });
    expect(code).toBe(0);
    expect(stderr).toContain(
      'SLUICE_LISTEN_PROT: the variable is no setting and is ignored (did you mean SLUICE_LISTEN_PORT?)',
    );
  });
});

describe('sluice serve', () => {
  it('serves nothing without a configuration, not even where the demo’s lies in the folder', async () => {
    const { code, stdout, stderr } = await run(['serve'], FREE_PORTS);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain("error: required option '-c, --config <file>' not specified\n");
  });

  it('says which option was mistyped before it asks for one', async () => {
    const { code, stderr } = await run(['serve', '--confg', DEMO], FREE_PORTS);
    expect(code).toBe(1);
    expect(stderr).toContain("error: unknown option '--confg'\n(Did you mean --config?)\n");
  });

  it('takes an empty name for the slip it is', async () => {
    const { code, stderr } = await run(['serve', '-c', ''], FREE_PORTS);
    expect(code).toBe(1);
    expect(stderr).toContain("argument '' is invalid. It is empty; give the name of a file.\n");
  });

  it('ends with 2 where a mount made a directory of the file', async () => {
    expect(await run(['serve', '-c', folder], FREE_PORTS)).toEqual({
      code: 2,
      stdout: '',
      stderr: `${folder}: cannot be read, it is a directory (EISDIR), accepted: a YAML file\n`,
    });
  });

  it('ends with 2 and the lines of check-config when the configuration is wrong', async () => {
    const file = writeConfig('accounts: []\n');
    expect(await run(['serve', '-c', file])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'accounts: names no account, accepted: at least one\n',
    });
  });

  it.each([
    ['listen.port', 'SLUICE_LISTEN_PORT'],
    ['admin.port', 'SLUICE_ADMIN_PORT'],
    ['simulator.port', 'SLUICE_SIMULATOR_PORT'],
  ])('names %s when that port is in use, and leaves nothing running', async (setting, variable) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    try {
      const { code, stderr } = await run(['serve', '-c', DEMO], { ...FREE_PORTS, [variable]: String(port) });
      expect(stderr).toBe(
        `${setting}: port ${port} of 127.0.0.1 is in use by another process, accepted: a port that is free (${variable})\n`,
      );
      expect(code).toBe(1);
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  });

  it('names listen.host when it is no address of this machine', async () => {
    const env = {
      ...FREE_PORTS,
      SLUICE_LISTEN_HOST: '192.0.2.1',
      SLUICE_PUBLICURL: 'http://sluice.test',
      SLUICE_ACCESS_ALLOWREMOTEOPEN: 'true',
    };
    const { code, stderr } = await run(['serve', '-c', DEMO], env);
    expect(stderr).toMatch(/^listen\.host: 192\.0\.2\.1 is no address of this machine/);
    expect(code).toBe(1);
  });
});

describe('sluice simulate', () => {
  it('serves identity and regions until it is told to stop', async () => {
    const cli = startCli(['simulate'], FREE_PORTS);
    const [, url] = await cli.said(/Log in at (\S+)/);
    const login = {
      auth: { passwordCredentials: { username: 'demo', password: 'demo-password-for-the-simulator-only' } },
    };
    const answer = await fetch(url!, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(login),
    });
    expect(answer.status).toBe(200);
    cli.signal('SIGINT');
    expect(await cli.ended).toBe(0);
  });
});

describe('sluice demo', () => {
  it('prints lines that work as they stand', async () => {
    const cli = startCli(['demo'], FREE_PORTS);
    await cli.said(/auth":\{.*\n/);
    const lines = cli.stdout().match(/^ {2}curl .*$/gm)!;
    const answers: unknown[] = [];
    for (const line of lines) answers.push(await pasted(line));
    expect(answers).toEqual([
      { flavors: expect.arrayContaining([expect.objectContaining({ id: '2' })]) },
      { server: expect.objectContaining({ adminPass: expect.any(String) }) },
      { servers: [expect.objectContaining({ name: 'web-1' })] },
      { access: expect.objectContaining({ serviceCatalog: expect.any(Array) }) },
    ]);
    const [, metrics] = await cli.said(/metrics +(\S+)/);
    expect(await (await fetch(metrics!)).text()).toContain('sluice_http_requests_total{');
    cli.signal('SIGTERM');
    expect(await cli.ended).toBe(0);
  });
});

/** Does what a shell does with one of the demo's curl lines. */
async function pasted(line: string): Promise<unknown> {
  const url = /http:\S+/.exec(line)![0];
  const body = /-d '(.*)'/.exec(line)?.[1];
  const answer = await fetch(url, {
    ...(body === undefined ? {} : { method: 'POST', body }),
    headers: line.includes('-H') ? { 'content-type': 'application/json' } : {},
  });
  return answer.json();
}
