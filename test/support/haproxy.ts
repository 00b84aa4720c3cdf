import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from './ask.ts';
import { freePort } from './free-port.ts';

/** One of several gateways behind the balancer. */
export interface Backend {
  readonly port: number;
  readonly adminPort: number;
}

export interface Haproxy {
  readonly url: string;
  stop(): Promise<void>;
}

/** How often it asks `/readyz`, ms. */
export const CHECK_MS = 200;

/**
 * A real HAProxy in front of gateways: it asks each for `/readyz`, takes the first 503 for the end, keeps its connections, and
 * never tries anything twice. Resolves once one of them is up.
 */
export async function startHaproxy(backends: readonly Backend[]): Promise<Haproxy> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-haproxy-'));
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, configuration(port, backends));
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => {
      said += text;
    });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt++) {
    const status = await ask(`${url}/v2.0`).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) break;
    if (child.exitCode !== null || attempt > 300) throw new Error(`HAProxy does not serve:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(port: number, backends: readonly Backend[]): string {
  const servers = backends.map(
    (backend, at) => `  server s${at} 127.0.0.1:${backend.port} check port ${backend.adminPort}`,
  );
  return `global
  maxconn 1000
defaults
  mode http
  retries 0
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout check 2s
frontend callers
  bind 127.0.0.1:${port}
  default_backend sluice
backend sluice
  balance roundrobin
  http-reuse always
  option httpchk GET /readyz
  http-check expect status 200
  default-server inter ${CHECK_MS} fall 1 rise 1
${servers.join('\n')}
`;
}
