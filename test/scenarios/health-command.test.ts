import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { health } from '../../src/commands/health.ts';
import { makeCertificate } from '../support/certificates.ts';
import { startCli, stopCliProcesses } from '../support/cli-process.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-health-'));
const file = join(folder, 'sluice.yaml');
let upstream: StubUpstream | undefined;
let gateway: TestGateway | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await stopCliProcesses();
  await gateway?.close();
  await upstream?.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const OPTIONS = { ready: false, simulate: false, timeoutMs: 20_000 };
const portOf = (url: string) => Number(new URL(url).port);

async function run(options = OPTIONS): Promise<{ code: number; said: string[] }> {
  const said: string[] = [];
  vi.spyOn(console, 'error').mockImplementation((line: string) => void said.push(line));
  vi.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
  const code = await health(file, options, {});
  return { code, said };
}

it('is well where all listeners take connections: a list of them, with TLS and with ports of regions', async () => {
  upstream = await startStubUpstream();
  const authority = makeCertificate({ name: 'authority' });
  const { cert, key } = makeCertificate({ name: 'sluice', issuer: authority });
  for (const [name, text] of Object.entries({ 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.cert }))
    writeFileSync(join(folder, name), text);
  const tls = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
  const listen = [
    { port: 0, regions: { DFW: 0 } },
    { port: 0, tls: { ...tls, clientCaFile: join(folder, 'ca.crt'), clientCertificates: 'required' } },
  ];
  gateway = await startGateway({ identityUrl: upstream.identityUrl, settings: { listen } });
  const written = (over: Record<string, number> = {}) =>
    JSON.stringify({
      admin: { host: '0.0.0.0', port: over['admin'] ?? portOf(gateway!.adminUrl) },
      listen: [
        {
          port: portOf(gateway!.urls[0]!),
          regions: { DFW: over['region'] ?? portOf(gateway!.regionUrls['DFW']!) },
        },
        { ...listen[1], port: portOf(gateway!.urls[1]!) },
      ],
      // The file has been broken since: what is served is older.
      accounts: 'not a list',
    });
  writeFileSync(file, written());
  expect(await run()).toEqual({ code: 0, said: ['ok'] });
  expect(await run({ ...OPTIONS, ready: true })).toEqual({ code: 0, said: ['ok'] });

  const nobody = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => nobody.once('listening', resolve));
  const { port } = nobody.address() as AddressInfo;
  await new Promise((resolve) => nobody.close(resolve));
  writeFileSync(file, written({ region: port }));
  expect(await run()).toEqual({
    code: 1,
    said: [`127.0.0.1:${port}: callers get no connection (ECONNREFUSED)`],
  });
  writeFileSync(file, written({ admin: port }));
  expect((await run()).said[0]).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/healthz: no answer \(ECONNREFUSED\)/);
});

it('is alive but not ready while no account can log in', async () => {
  upstream = await startStubUpstream();
  const credentials = { username: 'nobody', apiKey: 'wrong' };
  gateway = await startGateway({ identityUrl: upstream.identityUrl, credentials, untilReady: false });
  writeFileSync(
    file,
    JSON.stringify({ admin: { port: portOf(gateway.adminUrl) }, listen: { port: portOf(gateway.url) } }),
  );
  expect((await run()).code).toBe(0);
  const { code, said } = await run({ ...OPTIONS, ready: true });
  expect({ code, said }).toEqual({ code: 1, said: [expect.stringMatching(/\/readyz: 503 /)] });
});

it('is a command with an exit code, for a simulator too', async () => {
  writeFileSync(file, 'simulator: { port: 0 }\nadmin: { port: 0 }\n');
  const simulator = startCli(['simulate', '-c', file]);
  const [, port] = await simulator.said(/http:\/\/127\.0\.0\.1:(\d+)\/v2\.0/);
  const env = { SLUICE_SIMULATOR_PORT: port! };
  const asked = startCli(['health', '--simulate', '--timeout', '20000', '-c', file], env);
  expect([await asked.ended, asked.stdout(), asked.stderr()]).toEqual([0, 'ok\n', '']);
  const unknown = startCli(['health', '-c', file]);
  expect(await unknown.ended).toBe(1);
  expect(unknown.stderr()).toContain('admin.port: is 0');
  const missing = startCli(['health', '-c', join(folder, 'none.yaml')]);
  expect(await missing.ended).toBe(2);
}, 300_000);
