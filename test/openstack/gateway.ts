import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Variables } from './run-client.ts';

/** A Sluice in front of the cloud, started as an operator starts it. */
export interface Gateway {
  readonly url: string;
  /** What clients log in with at it. */
  readonly variables: Variables;
  stop(): Promise<void>;
}

/** Who Sluice logs in as. */
export interface CloudUser {
  readonly authUrl: string;
  readonly username: string;
  readonly password: string;
  readonly project: string;
  readonly projectId: string;
}

const ROOT = join(import.meta.dirname, '..', '..');
const PORT = 18_080;

/**
 * Starts `sluice serve` with one account and one client.
 *
 * @throws Error with its output when it does not serve
 */
export async function startGateway(user: CloudUser): Promise<Gateway> {
  const { key, hash } = await newKey();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-openstack-test-'));
  const file = join(folder, 'sluice.yaml');
  writeFileSync(file, configuration(user, hash), { mode: 0o600 });
  const child = run(['serve', '-c', file]);
  let output = '';
  const gather = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout?.on('data', gather);
  child.stderr?.on('data', gather);
  const url = `http://127.0.0.1:${PORT}`;
  for (let tries = 0; !(await isReady(url)); tries++) {
    if (child.exitCode !== null || tries > 600) throw new Error(`the gateway does not serve:\n${output}`);
    await sleep(200);
  }
  return {
    url,
    variables: {
      OS_AUTH_URL: `${url}/v3`,
      OS_IDENTITY_API_VERSION: '3',
      OS_USERNAME: 'tester',
      OS_PASSWORD: key,
      OS_USER_DOMAIN_ID: 'default',
      // novaclient and glanceclient insist on one; the others need none at Sluice.
      OS_PROJECT_ID: user.projectId,
      OS_REGION_NAME: 'DFW',
    },
    async stop() {
      child.kill('SIGTERM');
      while (child.exitCode === null && child.signalCode === null) await sleep(100);
    },
  };
}

function configuration({ authUrl, username, password, project }: CloudUser, hash: string): string {
  return JSON.stringify({
    listen: { host: '127.0.0.1', port: PORT },
    admin: { port: PORT + 1 },
    accounts: [
      {
        name: 'cloud',
        identity: { url: authUrl, username, password, project: { name: project } },
      },
    ],
    access: {
      mode: 'keys',
      tokenKeys: ['0123456789abcdef'.repeat(4)],
      clients: [{ name: 'tester', keyHash: hash }],
    },
    log: { level: 'warn' },
  });
}

async function newKey(): Promise<{ key: string; hash: string }> {
  const child = run(['new-key', 'tester']);
  let output = '';
  for await (const chunk of child.stdout!) output += String(chunk);
  const hash = /keyHash: "([^"]+)"/.exec(output)?.[1];
  if (hash === undefined) throw new Error(`new-key printed no hash:\n${output}`);
  return { key: output.split('\n')[0]!, hash };
}

function run(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(ROOT, 'dist', 'cli.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function isReady(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}
