import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliProcess, startCli, stopCliProcesses } from '../support/cli-process.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let upstream: StubUpstream;
let folder: string;
let file: string;

beforeEach(async () => {
  upstream = await startStubUpstream({ regions: ['DFW', 'ORD'] });
  folder = mkdtempSync(join(tmpdir(), 'sluice-life-'));
  file = join(folder, 'sluice.yaml');
  configure('');
});

afterEach(async () => {
  await stopCliProcesses();
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Writes the configuration; `more` goes into the account. */
function configure(more: string, rest = ''): void {
  const { username, apiKey } = STUB_CREDENTIALS;
  writeFileSync(
    file,
    `listen: { port: 0 }
admin: { port: 0 }
${rest}
accounts:
  - name: main
    identity: { url: "${upstream.identityUrl}", username: "${username}", apiKey: "${apiKey}" }
    ${more}
`,
  );
}

async function serve(): Promise<{ cli: CliProcess; url: string }> {
  const cli = startCli(['serve', '-c', file]);
  const [, url] = await cli.said(/"url":"([^"]+)".*"serving"/);
  return { cli, url: url! };
}

/** A request on a connection of its own, without keep-alive. */
function get(url: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      answer.on('end', () => resolve({ status: answer.statusCode!, body }));
      answer.on('error', reject);
    });
    asked.on('error', reject).end();
  });
}

describe('SIGTERM', () => {
  it('lets a request under way finish, takes no new one, and ends with 0', async () => {
    const gate = upstream.region('DFW').hold('GET /servers/detail');
    const { cli, url } = await serve();
    const answer = get(`${url}/DFW/v2/${upstream.tenant}/servers/detail`);
    await gate.arrived(1);
    cli.signal('SIGTERM');
    await refused(url);
    gate.open();
    expect((await answer).status).toBe(200);
    expect(await cli.ended).toBe(0);
  });

  it('answers what outlasts shutdown.graceMs with a fault, and ends', async () => {
    configure('', 'shutdown: { graceMs: 100 }');
    const gate = upstream.region('DFW').hold('GET /servers/detail');
    const { cli, url } = await serve();
    const answer = get(`${url}/DFW/v2/${upstream.tenant}/servers/detail`);
    await gate.arrived(1);
    cli.signal('SIGTERM');
    expect(await cli.ended).toBe(0);
    expect((await answer).status).toBe(503);
  });

  it('given twice ends at once', async () => {
    const gate = upstream.region('DFW').hold('GET /servers/detail');
    const { cli, url } = await serve();
    const answer = get(`${url}/DFW/v2/${upstream.tenant}/servers/detail`).catch((error: Error) => error);
    await gate.arrived(1);
    cli.signal('SIGTERM');
    await refused(url);
    cli.signal('SIGTERM');
    expect(await cli.ended).toBe(143);
    expect(await answer).toBeInstanceOf(Error);
  });
});

describe('SIGHUP', () => {
  it('puts a changed file in force without dropping a caller', async () => {
    const { cli, url } = await serve();
    const gate = upstream.region('ORD').hold('GET /servers/detail');
    const before = get(`${url}/ORD/v2/${upstream.tenant}/servers/detail`);
    await gate.arrived(1);
    configure('regions: [DFW]');
    cli.signal('SIGHUP');
    await cli.said(/the new configuration is in force/);
    gate.open();
    expect((await before).status).toBe(200);
    expect((await get(`${url}/ORD/v2/${upstream.tenant}/servers/detail`)).status).toBe(404);
    expect((await get(`${url}/DFW/v2/${upstream.tenant}/servers/detail`)).status).toBe(200);
  });

  it('refuses a broken file with the lines of check-config and goes on', async () => {
    const { cli, url } = await serve();
    configure('regoins: [DFW]');
    cli.signal('SIGHUP');
    await cli.said(/the old one stays/);
    await cli.said(/^accounts\.0\.regoins: is no setting \(did you mean regions\?\), accepted here: /m);
    expect((await get(`${url}/ORD/v2/${upstream.tenant}/servers/detail`)).status).toBe(200);
  });

  it('says what takes effect only at the next start', async () => {
    const { cli, url } = await serve();
    configure('', 'simulator: { enabled: true, port: 0 }');
    cli.signal('SIGHUP');
    await cli.said(/"part":"simulator".*takes effect at the next start/);
    await cli.said(/the new configuration is in force/);
    expect((await get(`${url}/DFW/v2/${upstream.tenant}/servers/detail`)).status).toBe(200);
  });
});

/** Resolves once nobody listens there any more. */
async function refused(url: string): Promise<void> {
  const isOpen = await get(`${url}/`).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ECONNREFUSED',
  );
  if (isOpen) await refused(url);
}
