import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { startStubUpstream } from '../support/stub-upstream.ts';

const GUIDE = fileURLToPath(new URL('../../docs/access.md', import.meta.url));
const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** A port that nobody has: the guide's are on the machine of whoever reads it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

it('every command of “Give ten teams access in ten minutes” does what the guide says', async () => {
  const upstream = await startStubUpstream({ regions: ['DFW', 'ORD'] });
  const folder = mkdtempSync(join(tmpdir(), 'sluice-guide-'));
  onTestFinished(async () => {
    await upstream.close();
    rmSync(folder, { recursive: true });
  });
  const [port, adminPort] = [await freePort(), await freePort()];
  const guide = readFileSync(GUIDE, 'utf8').replaceAll('8080', `${port}`).replaceAll('8081', `${adminPort}`);
  const blocks = [...guide.matchAll(/^```(sh|yaml)\n(.*?)^```$/gms)].map(([, kind, text]) => ({
    kind,
    text: text!,
  }));
  const commands = blocks.filter(({ kind }) => kind === 'sh').map(({ text }) => text);
  expect(commands.length).toBeGreaterThan(6);
  for (const { kind, text } of blocks)
    if (kind === 'yaml') writeFileSync(join(folder, /^# (\S+)$/m.exec(text)![1]!), text);
  mkdirSync(join(folder, 'bin'));
  writeFileSync(
    join(folder, 'bin', 'sluice'),
    `#!/bin/sh\nexec "${process.execPath}" --import "${TSX}" "${CLI}" "$@"\n`,
    {
      mode: 0o755,
    },
  );
  const script = `set -eo pipefail\ntrap '[ -z "$SLUICE_PID" ] || kill $SLUICE_PID' EXIT\n${commands.join('\n')}`;
  const { code, output } = await run(script, folder, {
    PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    IDENTITY_URL: upstream.identityUrl,
    RAX_USERNAME: STUB_CREDENTIALS.username,
    RAX_API_KEY: STUB_CREDENTIALS.apiKey,
  });
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('clouds:') });
  const audit = readFileSync(join(folder, 'audit.jsonl'), 'utf8');
  expect(audit).toContain('"client":"billing"');
  const key = readFileSync(join(folder, 'billing.key'), 'utf8').trim();
  expect(audit + readFileSync(join(folder, 'sluice.log'), 'utf8')).not.toContain(key);
}, 300_000);

function run(script: string, cwd: string, env: Record<string, string>) {
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    const child = spawn('bash', ['-c', script], { cwd, env });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    child.on('close', (code) => resolve({ code, output }));
  });
}
