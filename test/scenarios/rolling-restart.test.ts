import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliProcess, startCli, stopCliProcesses } from '../support/cli-process.ts';
import { freePort } from '../support/free-port.ts';
import { type Haproxy, startHaproxy } from '../support/haproxy.ts';
import { programAvailable } from '../support/programs.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const INSTANCES = 3;
const REQUESTS = 10_000;
const CALLERS = 12;

interface Instance {
  readonly port: number;
  readonly adminPort: number;
  cli: CliProcess;
}

let upstream: StubUpstream;
let folder: string;
let instances: Instance[];
let balancer: Haproxy | undefined;

beforeEach(async () => {
  upstream = await startStubUpstream();
  folder = mkdtempSync(join(tmpdir(), 'sluice-rolling-'));
  instances = [];
  balancer = undefined;
});

afterEach(async () => {
  await balancer?.stop();
  await stopCliProcesses();
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a gateway of its own; resolves once it is ready. */
async function start(port: number, adminPort: number): Promise<CliProcess> {
  const { username, apiKey } = STUB_CREDENTIALS;
  const file = join(folder, `${port}.yaml`);
  writeFileSync(
    file,
    `listen: { port: ${port} }
admin: { port: ${adminPort} }
log: { requests: none }
shutdown: { delayMs: 4000 }
limits: { enabled: false }
accounts:
  - name: main
    identity: { url: "${upstream.identityUrl}", username: "${username}", apiKey: "${apiKey}" }
`,
  );
  const cli = startCli(['serve', '-c', file]);
  await cli.said(/"serving"/);
  await expect.poll(() => statusOf(`http://127.0.0.1:${adminPort}/readyz`), { timeout: 60_000 }).toBe(200);
  return cli;
}

/** The status of an answer that came whole, or what went wrong. */
function statusOf(url: string, agent?: Agent): Promise<number | string> {
  return new Promise((resolve) => {
    const asked = request(url, { agent: agent ?? false }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.complete ? answer.statusCode! : 'cut'));
      answer.once('error', (error) => resolve(error.message));
    });
    asked.once('error', (error) => resolve(error.message));
    asked.end();
  });
}

/** Callers that ask without a pause, and how each of their requests ended. */
function keepAsking(url: string): { results: Map<string, number>; stop(): Promise<void> } {
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  const results = new Map<string, number>();
  let isOver = false;
  let asked = 0;
  const caller = async () => {
    while (!isOver || asked < REQUESTS) {
      const path = asked++ % 10 === 0 ? 'servers' : 'flavors/detail';
      const status = String(await statusOf(`${url}/dfw/v2/700100/${path}`, agent));
      results.set(status, (results.get(status) ?? 0) + 1);
      // The machine is to be shared with those that restart.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const callers = Array.from({ length: CALLERS }, caller);
  return {
    results,
    async stop() {
      isOver = true;
      await Promise.all(callers);
      agent.destroy();
    },
  };
}

describe.skipIf(!programAvailable('haproxy'))('behind HAProxy, which tries nothing twice', () => {
  it('three instances that are restarted in a row lose not one of 10,000 requests', async () => {
    for (let at = 0; at < INSTANCES; at++) {
      const [port, adminPort] = [await freePort(), await freePort()];
      instances.push({ port, adminPort, cli: await start(port, adminPort) });
    }
    balancer = await startHaproxy(instances);
    const asking = keepAsking(balancer.url);
    for (const instance of instances) {
      instance.cli.signal('SIGTERM');
      expect(await instance.cli.ended).toBe(0);
      instance.cli = await start(instance.port, instance.adminPort);
    }
    await asking.stop();
    expect([...asking.results.keys()]).toEqual(['200']);
    expect(asking.results.get('200')).toBeGreaterThanOrEqual(REQUESTS);
  }, 600_000);
});
