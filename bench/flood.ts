import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { generateClientKey } from '../src/access/client-key.ts';
import { hashClientKey, hashPassword } from '../src/access/key-hash.ts';
import { CREDENTIALS, PATHS } from './documents.ts';
import { median } from './median.ts';
import { CORES, freePort, node, type Program, pinned, start } from './program.ts';

/**
 * What strangers cost: wrong keys and wrong passwords from 512 addresses of the loopback network, beside callers with a right
 * key. Three loads in turn, three rounds of them, once the wrong ones have run for a while: the right ones alone, the wrong ones
 * alone, both at once. What a right request costs in the third, less what the wrong ones cost by themselves, must be what it
 * costs in the first (median of the rounds; mark: 1.10), and the server's memory must not grow with the flood, beyond what as
 * many right ones have taken. `FLOOD_PER_SECOND` (10000) and `FLOOD_SECONDS` (4) change the effort.
 */
const PER_SECOND = Number(process.env['FLOOD_PER_SECOND'] ?? 10_000);
const SECONDS = Number(process.env['FLOOD_SECONDS'] ?? 4);
const MARK = 1.1;
const MOST_GROWTH_MIB = 96;
const RIGHT_PER_SECOND = 2_000;
const ROUNDS = 3;

const HOST = '127.0.0.1';
const key = generateClientKey('right');
const withKey = (shown: string) => request('GET', `/dfw${PATHS.cached}`, `X-Auth-Token: ${shown}\r\n`, '');
const withPassword = (name: string, password: string) => {
  const auth = { passwordCredentials: { username: name, password } };
  return request('POST', '/v2.0/tokens', 'Content-Type: application/json\r\n', JSON.stringify({ auth }));
};
const right = [withKey(key)];
/** Made before anything is measured, so that the sender can keep up; far more than a server could remember the heads of. */
const wrongKeys = Array.from({ length: 16_384 }, () => withKey(generateClientKey('right')));

function request(method: string, path: string, fields: string, body: string): Buffer {
  const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: bench\r\n${fields}${length}\r\n${body}`);
}

/** Makes the next request to be sent. */
type Requests = () => Buffer;

/** One after the other, from the first again when all were sent. */
function inTurn(all: readonly Buffer[]): Requests {
  let sent = 0;
  return () => all[sent++ % all.length]!;
}

/** No password is tried twice. */
function guesses(): Requests {
  let sent = 0;
  return () => withPassword(`person-${sent % 7}`, `guess ${sent++}`);
}

/** Connections that each send the next request when the one before is answered, so many in all a second. */
class Load {
  answered = 0;
  readonly #sockets: Socket[] = [];
  readonly #free: Socket[] = [];

  static async open(port: number, addresses: readonly string[]): Promise<Load> {
    const load = new Load();
    for (const localAddress of addresses) {
      const socket = connect({ host: HOST, port, localAddress });
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      socket.on('data', (bytes: Buffer) => {
        // Answers are small; one begins where a status line does, and no other text here does so.
        if (bytes.indexOf('HTTP/1.1 ', 0, 'latin1') !== 0) return;
        load.answered++;
        load.#free.push(socket);
      });
      load.#sockets.push(socket);
      load.#free.push(socket);
    }
    return load;
  }

  async run(next: Requests, perSecond: number, untilMs: number): Promise<void> {
    const begun = performance.now();
    for (let sent = 0; performance.now() < untilMs; ) {
      const due = ((performance.now() - begun) / 1_000) * perSecond;
      for (; sent < due && this.#free.length > 0; sent++) this.#free.shift()!.write(next());
      await pause(1);
    }
    await pause(200);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

const addressesOf = (network: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `127.${network}.${at >> 7}.${(at & 127) + 1}`);

const rssMib = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

interface Measured {
  readonly rights: number;
  readonly wrongs: number;
  readonly cpuMicros: number;
}

async function measure(
  program: Program,
  port: number,
  wrong: Requests | undefined,
  hasRight: boolean,
): Promise<Measured> {
  const rights = await Load.open(port, hasRight ? addressesOf(1, 32) : []);
  const wrongs = await Load.open(port, wrong === undefined ? [] : addressesOf(2, 512));
  const before = program.cpuMicros();
  const until = performance.now() + SECONDS * 1_000;
  await Promise.all([
    hasRight ? rights.run(inTurn(right), RIGHT_PER_SECOND, until) : undefined,
    wrong === undefined ? undefined : wrongs.run(wrong, PER_SECOND, until),
  ]);
  const cpuMicros = program.cpuMicros() - before;
  rights.close();
  wrongs.close();
  return { rights: rights.answered, wrongs: wrongs.answered, cpuMicros };
}

/** What one round has found, µs of CPU time a request. */
interface Round {
  /** Of a wrong one. */
  readonly each: number;
  /** Of a right one, alone and beside the wrong ones. */
  readonly before: number;
  readonly beside: number;
  /** Wrong ones. */
  readonly perSecond: number;
  /** Not so many were sent as should have been. */
  readonly isBusy: boolean;
}

async function measureRound(program: Program, port: number, wrong: Requests): Promise<Round> {
  const alone = await measure(program, port, undefined, true);
  const flood = await measure(program, port, wrong, false);
  const both = await measure(program, port, wrong, true);
  const each = flood.cpuMicros / Math.max(1, flood.wrongs);
  return {
    each,
    before: alone.cpuMicros / alone.rights,
    beside: (both.cpuMicros - each * both.wrongs) / both.rights,
    perSecond: both.wrongs / SECONDS,
    isBusy: both.wrongs < 0.9 * PER_SECOND * SECONDS || both.rights < 0.9 * RIGHT_PER_SECOND * SECONDS,
  };
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-flood-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
const [upstreamPort, port, adminPort] = [await freePort(), await freePort(), await freePort()];
const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const origin = `http://${HOST}:${upstreamPort}`;
const upstream = await start(
  node(CORES.load, file('./servers/upstream.ts'), [String(upstreamPort), '/dev/null']),
  `${origin}/v2.0/tokens`,
);
const clients = [
  { name: 'right', keyHash: hashClientKey(key) },
  { name: 'person-1', keyHash: await hashPassword('correct horse battery staple') },
];
const config = join(folder, 'sluice.yaml');
writeFileSync(
  config,
  stringify({
    listen: { port },
    admin: { port: adminPort },
    log: { requests: 'errors', level: 'error' },
    audit: { file: join(folder, 'audit.log') },
    accounts: [{ name: 'bench', identity: { url: `${origin}/v2.0`, ...CREDENTIALS } }],
    access: { mode: 'keys', clients },
  }),
);
const pidFile = join(folder, 'pid');
const command = `echo $$ > ${pidFile}; exec ${process.execPath} ${file('../dist/cli.js')} serve -c ${config}`;
const program = await start(
  pinned(CORES.server, 'sh', ['-c', command]),
  `http://${HOST}:${adminPort}/readyz`,
);
let isMissed = false;
try {
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await measure(program, port, inTurn(right), false);
  for (const [name, wrong] of [
    ['wrong keys', inTurn(wrongKeys)],
    ['wrong passwords', guesses()],
  ] as const) {
    const memory = rssMib(pid);
    // Its code is compiled by then, and what passwords may cost at first is spent.
    await measure(program, port, wrong, true);
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await measureRound(program, port, wrong));
    if (rounds.some(({ isBusy }) => isBusy))
      console.log(`${name}: the machine is too busy to send that many, the figures mean little`);
    const of = (key: 'each' | 'before' | 'beside' | 'perSecond') => median(rounds.map((round) => round[key]));
    const ratio = median(rounds.map(({ before, beside }) => beside / before));
    const growth = rssMib(pid) - memory;
    isMissed ||= ratio > MARK || growth > MOST_GROWTH_MIB;
    console.log(
      `${name}, ${of('perSecond').toFixed(0)} a second from 512 addresses: ${of('each').toFixed(1)} µs CPU each`,
    );
    console.log(
      `  a right request beside them  ${of('beside').toFixed(1)} µs, alone ${of('before').toFixed(1)} µs: ${ratio.toFixed(2)} x (at most ${MARK})`,
    );
    console.log(`  memory                       ${growth.toFixed(0)} MiB more (at most ${MOST_GROWTH_MIB})`);
  }
} finally {
  await program.stop();
  await upstream.stop();
}
process.exit(isMissed ? 1 : 0);
