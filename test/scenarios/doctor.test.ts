import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, writtenTree } from '../../src/config/load.ts';
import { examine } from '../../src/doctor/examine.ts';
import { type Finding, lineOf } from '../../src/doctor/finding.ts';
import { makeCertificate } from '../support/certificates.ts';
import { startCli, stopCliProcesses } from '../support/cli-process.ts';
import { startGateway } from '../support/gateway.ts';
import { type RedisServer, redisAvailable, startRedis } from '../support/redis-server.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubUpstream, type StubUpstreamOptions, startStubUpstream } from '../support/stub-upstream.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-doctor-'));
const file = join(folder, 'sluice.yaml');
const { username, apiKey } = STUB_CREDENTIALS;
const PORTS = 'listen: { port: 0 }\nadmin: { port: 0 }\n';

const opened: StubUpstream[] = [];
afterEach(async () => {
  await stopCliProcesses();
  for (const upstream of opened.splice(0)) await upstream.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function open(options: StubUpstreamOptions = {}): Promise<StubUpstream> {
  const upstream = await startStubUpstream({ regions: ['DFW', 'ORD'], ...options });
  opened.push(upstream);
  return upstream;
}

/** Writes the configuration of one account, its API key in a file of its own that only this user may read. */
function write(
  url: string,
  { account = '', identity = '', rest = PORTS }: { account?: string; identity?: string; rest?: string } = {},
): void {
  writeFileSync(join(folder, 'key'), apiKey, { mode: 0o600 });
  const login = `{ url: "${url}", username: ${username}, apiKeyFile: key${identity} }`;
  writeFileSync(file, `${rest}accounts:\n  - name: main\n    identity: ${login}\n    ${account}\n`);
}

async function examined(env: Record<string, string> = {}, isServed = false): Promise<Finding[]> {
  const loaded = loadConfig(file, env);
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const tree = writtenTree(file, env)!;
  return examine(
    { config: loaded.config, tree, source: tree, file, env, isServed: async () => isServed },
    () => {},
  );
}

const amiss = (findings: readonly Finding[]) => findings.filter(({ level }) => level !== 'ok').map(lineOf);

describe('the doctor', () => {
  it('finds nothing amiss where nothing is, and spends one question of each region', async () => {
    const upstream = await open();
    write(upstream.identityUrl);
    const findings = await examined();
    expect(amiss(findings)).toEqual([]);
    expect(new Set(findings.map(({ check }) => check))).toEqual(
      new Set(['files', 'ports', 'dns', 'tcp', 'clock', 'login', 'catalog', 'limits', 'handles', 'redis']),
    );
    expect(upstream.region('DFW').count('GET /limits')).toBe(1);
  });

  it('says that the key is wrong, and shows neither the right nor the wrong one', async () => {
    const upstream = await open();
    write(upstream.identityUrl);
    writeFileSync(join(folder, 'key'), 'a-wrong-key-that-nobody-may-read');
    const findings = await examined();
    expect(amiss(findings)).toEqual([
      expect.stringMatching(/^fault +login +main: .*refuses the credentials.*; correct user/),
    ]);
    expect(JSON.stringify(findings)).not.toMatch(/a-wrong-key/);
  });

  it('lists the regions there are for one that is not', async () => {
    const upstream = await open();
    write(upstream.identityUrl, {
      account: 'regions: [DFW, SYD]',
      rest: 'listen: { port: 0, regions: { ORD: 0 } }\nadmin: { port: 0 }\n',
    });
    expect(amiss(await examined())).toEqual([
      'fault   catalog   accounts.0.regions: SYD: the catalog does not have it; regions there are: DFW, ORD',
      'fault   catalog   listen.regions: no catalog has a region ORD; regions there are: DFW',
    ]);
  });

  it('tells a name that is none, a port where nobody listens and a host that is no identity service', async () => {
    write('http://no-such-name.invalid/v2.0');
    expect(amiss(await examined())[0]).toMatch(/^fault +dns +no-such-name\.invalid: /);
    const free = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => free.once('listening', resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    write(`http://127.0.0.1:${port}/v2.0`);
    expect(amiss(await examined())).toEqual([
      `fault   tcp       127.0.0.1:${port}: nothing listens there (ECONNREFUSED; identity of main); correct the port, or start what should listen there`,
      'fault   login     main: not tried; see the lines of dns, tcp and tls above',
    ]);
    const upstream = await open();
    write(upstream.identityUrl.replace('/v2.0', '/nowhere/v2.0'));
    expect(amiss(await examined())).toEqual([expect.stringMatching(/^fault +login .*correct identity\.url/)]);
  });

  it('looks at the certificates of identity service and regions', async () => {
    const authority = makeCertificate({ name: 'authority', validToMs: Date.now() + 400 * 86_400_000 });
    const short = makeCertificate({
      name: 'short',
      names: ['IP:127.0.0.1'],
      issuer: authority,
      validToMs: Date.now() + 5 * 86_400_000,
    });
    const expired = makeCertificate({
      name: 'old',
      names: ['IP:127.0.0.1'],
      issuer: authority,
      validFromMs: Date.now() - 9e8,
      validToMs: Date.now() - 8e8,
    });
    writeFileSync(join(folder, 'ca.pem'), authority.cert);
    const upstream = await open({ tls: { identity: short, regions: expired } });
    write(upstream.identityUrl, { identity: ', caFile: ca.pem' });
    const found = amiss(await examined());
    expect(found).toContainEqual(expect.stringMatching(/^warning tls .*short ends in [45] days/));
    expect(found).toContainEqual(expect.stringMatching(/^fault +tls .*has expired \(CERT_HAS_EXPIRED\)/));
    write(upstream.identityUrl);
    expect(amiss(await examined())).toContainEqual(
      expect.stringMatching(/^fault +tls .*no authority that this gateway trusts.*caFile/),
    );
  });

  it('tells a port of a Sluice that runs from one of a stranger', async () => {
    const upstream = await open();
    const stranger = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => stranger.once('listening', resolve));
    const { port } = stranger.address() as AddressInfo;
    try {
      write(upstream.identityUrl, { rest: `listen: { port: ${port} }\nadmin: { port: 0 }\n` });
      expect(amiss(await examined())).toEqual([
        expect.stringMatching(/^fault +ports +listen\.port: port \d+ .*another process/),
      ]);
      expect(amiss(await examined({}, true))).toEqual([]);
    } finally {
      stranger.close();
    }
  });

  it('says which files others may read, and which cannot be written', async () => {
    const upstream = await open();
    writeFileSync(join(folder, 'key2'), apiKey, { mode: 0o644 });
    writeFileSync(
      file,
      `${PORTS}audit: { file: no/such/folder/audit.log }\naccounts:\n  - name: main\n    identity: { url: "${upstream.identityUrl}", username: ${username}, apiKeyFile: key2 }\n`,
    );
    expect(amiss(await examined())).toEqual([
      expect.stringMatching(/^warning files +accounts\.0\.identity\.apiKeyFile: .*mode 0644.*chmod 600/),
      expect.stringMatching(/^fault +files +audit\.file: .*cannot be written .*ENOENT/),
    ]);
  });
});

describe.skipIf(!redisAvailable())('the doctor at a Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  const withRedis = (url: string, more = '') => `${PORTS}redis: { url: "${url}" }\n${more}`;

  it('runs the script, and names an instance with other settings', async () => {
    const upstream = await open();
    const gateway = await startGateway({
      identityUrl: upstream.identityUrl,
      settings: { redis: { url: redis.url }, limits: { maxWaitMs: 1234 } },
    });
    try {
      write(upstream.identityUrl, { rest: withRedis(redis.url, 'cache: { maxBytes: 100000 }\n') });
      const lines = () => examined().then((all) => all.map(lineOf));
      await expect
        .poll(lines, { timeout: 60_000, interval: 500 })
        .toContainEqual(
          expect.stringMatching(/^warning instances .*: has other settings: limits\.maxWaitMs; give all/),
        );
      const now = await lines();
      expect(now).toContainEqual(expect.stringMatching(/^ok +redis +script:/));
      expect(now).toContainEqual(expect.stringMatching(/^ok +redis +version: \d/));
      write(upstream.identityUrl, { rest: withRedis(redis.url, 'limits: { maxWaitMs: 1234 }\n') });
      expect(await lines()).toContainEqual(expect.stringMatching(/^ok +instances .*same limits and cache/));
    } finally {
      await gateway.close();
    }
    expect((await examined()).map(lineOf)).toContainEqual(
      expect.stringMatching(/^ok +instances redis: none runs/),
    );
  });

  it('says that Redis is away', async () => {
    const upstream = await open();
    const gone = await startRedis();
    await gone.stop();
    write(upstream.identityUrl, { rest: withRedis(gone.url) });
    expect(amiss(await examined())).toEqual([
      expect.stringMatching(/^fault +redis +connection: Redis does not answer; see redis\.url/),
    ]);
  });

  it('instances with other settings or keys warn of each other, once', async () => {
    const upstream = await open();
    const settings = (over: object) => ({
      redis: { url: redis.url, signingKeys: ['k'.repeat(32)] },
      ...over,
    });
    const start = (over: object) =>
      startGateway({ identityUrl: upstream.identityUrl, settings: settings(over) });
    const one = await start({ cache: { images: { ttl: 5 } } });
    const two = await start({});
    const three = await start({ redis: { url: redis.url, signingKeys: ['other key '.repeat(4)] } });
    const warnings = (gateway: typeof one) =>
      gateway.logged().filter(({ msg }) => /at the same Redis/.test(String(msg)));
    try {
      await expect
        .poll(() => warnings(two), { timeout: 60_000 })
        .toMatchObject([{ settings: ['cache.images'] }]);
      await expect.poll(() => warnings(three), { timeout: 60_000 }).toMatchObject([{ instances: 2 }]);
      // Put right by a reload, nothing more is said.
      await two.reload({ cache: { images: { ttl: 5 } } });
      await two.reload({});
      expect(warnings(two).filter(({ settings }) => settings !== undefined)).toHaveLength(1);
    } finally {
      for (const gateway of [one, two, three]) await gateway.close();
    }
  });
});

describe('sluice doctor', () => {
  it('ends with 0, 1 or 2, and says it all as JSON', async () => {
    const upstream = await open();
    write(upstream.identityUrl);
    const good = startCli(['doctor', '-c', file]);
    expect(await good.ended).toBe(0);
    expect(good.stdout()).toMatch(/^ok +config .*\n[\s\S]*\n0 faults, (?:1 warning|\d+ warnings), \d+ ok\n$/);
    write(upstream.identityUrl, { account: 'regions: [SYD]' });
    const json = startCli(['doctor', '--json', '-c', file]);
    expect(await json.ended).toBe(1);
    const { findings } = JSON.parse(json.stdout()) as { findings: Finding[] };
    expect(findings.filter(({ level }) => level === 'fault').map(({ check }) => check)).toEqual([
      'catalog',
      'catalog',
    ]);
    writeFileSync(file, 'listen: { prot: 1 }\n');
    const wrong = startCli(['doctor', '--json', '-c', file]);
    expect(await wrong.ended).toBe(2);
    expect(JSON.parse(wrong.stdout())).toMatchObject({
      findings: [
        { check: 'config', subject: 'listen.prot', level: 'fault' },
        { check: 'config', subject: 'accounts' },
      ],
    });
  }, 300_000);
});
