import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { generateClientKey } from '../../src/access/client-key.ts';
import { hashClientKey } from '../../src/access/key-hash.ts';
import type { Tree } from '../../src/settings/tree.ts';
import { ask } from '../support/ask.ts';
import { makeCertificate } from '../support/certificates.ts';
import { type CliProcess, startCli, stopCliProcesses } from '../support/cli-process.ts';
import { testClient } from '../support/clients.ts';
import { connectRaw, type RawConnection } from '../support/raw-connection.ts';
import { setScene } from '../support/scenario.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const CONNECTIONS = 100;
/** Requests of each connection that must be refused before a test is content. */
const REFUSALS = 5;
const IN_FORCE = 'the new configuration is in force';

let upstream: StubUpstream;
let folder: string;
let file: string;
const stayer = testClient('stayer');
const keys = { old: generateClientKey('leaver'), fresh: generateClientKey('leaver') };

beforeEach(async () => {
  upstream = await startStubUpstream();
  folder = mkdtempSync(join(tmpdir(), 'sluice-keys-'));
  file = join(folder, 'sluice.yaml');
});

afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await stopCliProcesses();
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

function configure(clients: Tree[], access: Tree = {}, listen: Tree = {}): void {
  const { username, apiKey } = STUB_CREDENTIALS;
  const settings = {
    listen: { port: 0, ...listen },
    admin: { port: 0 },
    limits: { enabled: false },
    accounts: [{ name: 'main', identity: { url: upstream.identityUrl, username, apiKey } }],
    access: { mode: 'keys', clients: [stayer.settings, ...clients], ...access },
  };
  writeFileSync(file, stringify(settings));
}

const leaver = (...own: string[]): Tree => ({
  name: 'leaver',
  keys: own.map((key) => ({ hash: hashClientKey(key) })),
});

async function serve(): Promise<{ cli: CliProcess; url: string }> {
  const cli = startCli(['serve', '-c', file]);
  const [, url] = await cli.said(/"url":"([^"]+)".*"serving"/);
  return { cli, url: url! };
}

async function login(url: string, key: string): Promise<string> {
  const connection = await connectRaw(url);
  const auth = { passwordCredentials: { username: 'leaver', password: key } };
  const asJson = { 'Content-Type': 'application/json' };
  const { status, body } = await connection.ask('/v2.0/tokens', asJson, 'POST', JSON.stringify({ auth }));
  connection.close();
  expect(status).toBe(200);
  return (JSON.parse(body) as { access: { token: { id: string } } }).access.token.id;
}

/** Every connection that a test has open. */
const open: RawConnection[] = [];

/** Connections that ask on and on, each as soon as it has its answer, until `end`. */
interface Crowd {
  /** Resolves when every connection has had so many answers to requests it has sent from now on; tells their statuses. */
  next(count: number): Promise<Set<number>>;
  end(): Promise<void>;
}

async function crowd(
  url: string,
  path: string,
  count: number,
  headersOf: (index: number) => Record<string, string>,
): Promise<Crowd> {
  const connections = await Promise.all(Array.from({ length: count }, () => connectRaw(url)));
  open.push(...connections);
  let isOver = false;
  /** By the number of the connection, what is to be told of its further answers. */
  let watch: ((index: number, status: number) => void) | undefined;
  const loops = connections.map(async (connection, index) => {
    while (!isOver) {
      const watchAtSending = watch;
      const { status } = await connection.ask(path, headersOf(index));
      watchAtSending?.(index, status);
    }
  });
  return {
    next: (wanted) =>
      new Promise((resolve) => {
        const statuses = new Set<number>();
        const counts = new Array<number>(count).fill(0);
        let missing = count;
        watch = (index, status) => {
          statuses.add(status);
          counts[index]!++;
          if (counts[index] === wanted && --missing === 0) resolve(statuses);
        };
      }),
    async end() {
      isOver = true;
      await Promise.all(loops);
    },
  };
}

/** What the log says of a client's requests behind the line that tells of the reload, in the process's own order. */
function statusesAfterReload(cli: CliProcess, client: string): number[] {
  const lines = cli.stdout().trim().split('\n');
  const at = lines.findIndex((line) => line.includes(IN_FORCE));
  expect(at).toBeGreaterThan(0);
  return lines
    .slice(at)
    .map((line) => JSON.parse(line) as { client?: string; status?: number })
    .flatMap((line) => (line.client === client ? (line.status ?? []) : []));
}

async function reload(cli: CliProcess): Promise<void> {
  cli.signal('SIGHUP');
  await cli.said(new RegExp(IN_FORCE));
}

describe('a key that a reload takes away while a hundred connections use it', () => {
  const cached = '/dfw/v2/700100/flavors/detail';
  const uncached = '/dfw/v2/700100/servers';

  const overTls = (): Tree => {
    const { cert, key } = makeCertificate();
    writeFileSync(join(folder, 'tls.crt'), cert);
    writeFileSync(join(folder, 'tls.key'), key);
    return { tls: { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') } };
  };

  it.each<[string, string, () => Tree]>([
    ['what is cached', cached, () => ({})],
    ['what is not', uncached, () => ({})],
    ['what is cached, by way of Node’s parser', cached, () => ({ fastPath: false })],
    ['what is cached, over TLS', cached, overTls],
    ['what is not, over TLS', uncached, overTls],
  ])(
    'is good for nothing from the next request on, for %s, as key and as token',
    async (...[, path, way]) => {
      const listen = way();
      configure([leaver(keys.old)], {}, listen);
      const { cli, url } = await serve();
      const token = await login(url, keys.old);
      const shown = [
        { 'X-Auth-Token': keys.old },
        { Authorization: `Bearer ${keys.old}` },
        { 'X-Auth-Token': token },
      ];
      const leaving = await crowd(url, path, CONNECTIONS, (index) => shown[index % shown.length]!);
      const staying = await crowd(url, path, 5, () => ({ 'X-Auth-Token': stayer.key }));
      expect(await leaving.next(3)).toEqual(new Set([200]));

      configure([], {}, listen);
      await reload(cli);
      expect(await leaving.next(REFUSALS)).toEqual(new Set([401]));
      expect(await staying.next(REFUSALS)).toEqual(new Set([200]));
      await Promise.all([leaving.end(), staying.end()]);
      cli.signal('SIGTERM');
      expect(await cli.ended).toBe(0);
      // What was under way at a region goes on; a hit is over at once, so that none can be behind the line.
      if (path === cached) expect(statusesAfterReload(cli, 'leaver')).not.toContain(200);
    },
  );

  it('leaves the client its other key, and the tokens of that', async () => {
    configure([leaver(keys.old, keys.fresh)]);
    const { cli, url } = await serve();
    const tokens = { old: await login(url, keys.old), fresh: await login(url, keys.fresh) };
    const old = await crowd(url, cached, CONNECTIONS / 2, (index) => ({
      'X-Auth-Token': index % 2 === 0 ? keys.old : tokens.old,
    }));
    const fresh = await crowd(url, cached, CONNECTIONS / 2, (index) => ({
      'X-Auth-Token': index % 2 === 0 ? keys.fresh : tokens.fresh,
    }));
    await Promise.all([old.next(2), fresh.next(2)]);

    configure([leaver(keys.fresh)]);
    await reload(cli);
    expect(await Promise.all([old.next(REFUSALS), fresh.next(REFUSALS)])).toEqual([
      new Set([401]),
      new Set([200]),
    ]);
    await Promise.all([old.end(), fresh.end()]);
  });

  it('is good for nothing when its file is gone from the folder of keys', async () => {
    mkdirSync(join(folder, 'keys'));
    const keyFile = join(folder, 'keys', 'leaver');
    writeFileSync(keyFile, `${hashClientKey(keys.old)}\n`);
    configure([{ name: 'leaver' }], { keysDir: 'keys' });
    const { cli, url } = await serve();
    const leaving = await crowd(url, cached, CONNECTIONS, () => ({ 'X-Auth-Token': keys.old }));
    expect(await leaving.next(2)).toEqual(new Set([200]));

    rmSync(keyFile);
    await reload(cli);
    expect(await leaving.next(REFUSALS)).toEqual(new Set([401]));
    await leaving.end();
  });
});

it('keeps a key in force that a broken configuration does not name any more', async () => {
  configure([leaver(keys.old)]);
  const { cli, url } = await serve();
  configure([{ name: 'leaver', keyHash: 'sha256:short' }]);
  cli.signal('SIGHUP');
  await cli.said(/the old one stays/);
  const { status } = await ask(`${url}/dfw/v2/700100/servers`, { headers: { 'x-auth-token': keys.old } });
  expect(status).toBe(200);
});

it('ends a key at its notAfter on the connections it is in use on, and the tokens it was exchanged for', async () => {
  const end = Math.ceil(Date.now() / 60_000) * 60_000 + 60_000;
  const key = { hash: hashClientKey(keys.old), notAfter: new Date(end).toISOString() };
  const { gateway, clock } = await setScene({
    standstill: true,
    settings: { access: { mode: 'keys', clients: [{ name: 'leaver', keys: [key] }] } },
  });
  const token = await login(gateway.url, keys.old);
  const asks: (() => Promise<number>)[] = [];
  for (const path of ['/dfw/v2/700100/flavors/detail', '/dfw/v2/700100/servers'])
    for (const shown of [keys.old, token]) {
      const connection = await connectRaw(gateway.url);
      open.push(connection);
      asks.push(async () => (await connection.ask(path, { 'X-Auth-Token': shown })).status);
    }
  const all = async () => {
    const statuses: number[] = [];
    for (const one of asks) statuses.push(await one(), await one());
    return new Set(statuses);
  };
  clock.tick(end - 1 - clock.now());
  expect(await all()).toEqual(new Set([200]));
  clock.tick(1);
  expect(await all()).toEqual(new Set([401]));
});
