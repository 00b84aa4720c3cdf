import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Variables } from './run-client.ts';

/** A Sluice in front of the cloud, started as an operator starts it. */
export interface Gateway {
  readonly url: string;
  /** What the client of each account logs in with at it, in the order of the accounts. */
  readonly variables: readonly Variables[];
  /** The most memory that its process has held so far, in bytes. */
  peakMemory(): number;
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
 * Starts `sluice serve` with an account for each user, and a client for each account that may use no other.
 *
 * @throws Error with its output when it does not serve
 */
export async function startGateway(users: readonly CloudUser[]): Promise<Gateway> {
  const keys = await Promise.all(users.map((_, index) => newKey(clientOf(index))));
  const folder = mkdtempSync(join(tmpdir(), 'sluice-openstack-test-'));
  const file = join(folder, 'sluice.yaml');
  writeFileSync(file, configuration(users, keys), { mode: 0o600 });
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
    variables: users.map(({ projectId }, index) => ({
      OS_AUTH_URL: `${url}/v3`,
      OS_IDENTITY_API_VERSION: '3',
      OS_USERNAME: clientOf(index),
      OS_PASSWORD: keys[index]!.key,
      OS_USER_DOMAIN_ID: 'default',
      // novaclient and glanceclient insist on one; the others need none at Sluice.
      OS_PROJECT_ID: projectId,
      OS_REGION_NAME: 'DFW',
    })),
    peakMemory() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
    },
    async stop() {
      child.kill('SIGTERM');
      while (child.exitCode === null && child.signalCode === null) await sleep(100);
    },
  };
}

const clientOf = (index: number): string => `tester-${index}`;

interface Key {
  readonly key: string;
  readonly hash: string;
}

function configuration(users: readonly CloudUser[], keys: readonly Key[]): string {
  return JSON.stringify({
    listen: { host: '127.0.0.1', port: PORT },
    admin: { port: PORT + 1 },
    accounts: users.map(({ authUrl, username, password, project }, index) => ({
      name: `cloud-${index}`,
      identity: { url: authUrl, username, password, project: { name: project } },
    })),
    access: {
      mode: 'keys',
      tokenKeys: ['0123456789abcdef'.repeat(4)],
      clients: keys.map(({ hash }, index) => ({
        name: clientOf(index),
        keyHash: hash,
        accounts: [`cloud-${index}`],
      })),
    },
    log: { level: 'warn' },
  });
}

async function newKey(client: string): Promise<Key> {
  const child = run(['new-key', client]);
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
