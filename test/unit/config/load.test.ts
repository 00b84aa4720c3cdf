import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateClientKey } from '../../../src/access/client-key.ts';
import { hashClientKey } from '../../../src/access/key-hash.ts';
import { identitiesOf } from '../../../src/config/identities.ts';
import { type Loaded, loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A reference to the environment as a file writes it. */
const ref = (name: string) => `\${${name}}`;
const withKey = (apiKey: string) => ACCOUNT.replace('k-1', () => JSON.stringify(apiKey));

const ACCOUNT = `
accounts:
  - name: main
    identity: { url: us, username: someone, apiKey: k-1 }
`;

function load(yaml: string, env: Record<string, string> = {}): Loaded {
  const file = join(folder, 'sluice.yaml');
  writeFileSync(file, yaml);
  return loadConfig(file, env);
}

function good(yaml: string, env: Record<string, string> = {}): Config {
  const loaded = load(yaml, env);
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

function problems(yaml: string, env: Record<string, string> = {}): string[] {
  const loaded = load(yaml, env);
  return 'problems' in loaded ? loaded.problems.map((line) => line.replace(`${folder}/`, '')) : [];
}

/** How the first account logs in. */
const first = (config: Config) => identitiesOf(config.accounts[0]!)[0]!;

describe('defaults', () => {
  it('fills every key that a file leaves out', () => {
    const config = good(ACCOUNT);
    expect(config.listen).toMatchObject({ host: '127.0.0.1', port: 8080, regions: {} });
    expect(Object.values(config.listen)).not.toContain(undefined);
    expect(config.admin.port).toBe(8081);
    expect(config.redis).toEqual({ url: null, sentinels: null, cluster: null, signingKeys: [] });
    expect(config.accounts[0]).toMatchObject({
      service: 'cloudServersOpenStack',
      interface: 'public',
      regions: null,
      defaultRegion: null,
    });
    expect(config.cache.images.ttl).toBe(300);
    expect(config.limits.maxWaitMs).toBe(30_000);
    expect(config.upstream.retries).toBe(2);
    expect(config.simulator.enabled).toBe(false);
  });

  it('fills keys below a part that may be null', () => {
    const sentinels = 'redis: { sentinels: { name: m, nodes: [{ host: a, port: 26379 }] } }';
    expect(good(`${ACCOUNT}${sentinels}`).redis.sentinels).toMatchObject({
      password: null,
      sentinelPassword: null,
    });
  });

  it('gives the same to every load, and nobody can change it', () => {
    const config = good(ACCOUNT);
    expect(() => Object.assign(config.listen, { port: 1 })).toThrow(TypeError);
    expect(() => config.simulator.users.push(config.simulator.users[0]!)).toThrow(TypeError);
    expect(good(ACCOUNT)).toEqual(config);
  });
});

describe('YAML', () => {
  it('names line and column of a mistake, and does not quote the text around it', () => {
    const [line, ...others] = problems('accounts:\n  - name: main\n    password: *hunter2\n');
    expect(line).toBe('sluice.yaml:3:15: is no YAML, a value that begins with * must be in quotes');
    expect(others).toEqual([]);
  });

  it.each([
    [
      'a key that is there twice',
      'log: {}\nlog: {}\n',
      'sluice.yaml:2:1: is no YAML, the key is there twice',
    ],
    ['a bracket that stays open', 'listen: { port: 1\n', 'is no YAML'],
    ['a tag nobody knows', 'publicUrl: !secret x\n', 'a value that begins with ! must be in quotes'],
    ['a list', '- 1\n', 'sluice.yaml: is no mapping of settings'],
  ])('refuses %s', (_, yaml, expected) => {
    expect(problems(yaml).join('\n')).toContain(expected);
  });

  it.each([
    ['absent.yaml', 'there is no such file (ENOENT)'],
    ['', 'it is a directory (EISDIR)'],
    ['a-file/sluice.yaml', 'there is no such folder (ENOTDIR)'],
  ])('says why "%s" cannot be read', (name, why) => {
    writeFileSync(join(folder, 'a-file'), '');
    const file = join(folder, name);
    const line = `${file}: cannot be read, ${why}, accepted: a YAML file`;
    expect(loadConfig(file, {})).toEqual({ problems: [line] });
  });

  it('takes an empty file for one that sets nothing', () => {
    expect(problems('')).toEqual(['accounts: names no account, accepted: at least one']);
  });
});

describe('kinds and bounds', () => {
  it.each([
    ['listen: { port: 65536 }', 'listen.port: is out of bounds, accepted: an integer from 0 to 65535'],
    ['listen: { port: "x" }', 'listen.port: is text, accepted: an integer from 0 to 65535'],
    ['listen: 8080', 'listen: is a number, accepted: a mapping'],
    [
      'log: { level: wrn }',
      'log.level: is other text, accepted: one of fatal, error, warn, info, debug, trace, silent (did you mean warn?)',
    ],
    ['listen: { prot: 1 }', 'listen.prot: is no setting (did you mean port?), accepted here: host, port, '],
    [
      'listen: { regions: { "a b": 1 } }',
      'listen.regions.a b: is no setting, accepted here: names that match',
    ],
    ['publicUrl: 7', 'publicUrl: is a number, accepted: text or null (put it in quotes)'],
    [
      'redis: { url: "http://x" }',
      'redis.url: is other text, accepted: a URL such as redis://redis:6379 or null',
    ],
    [
      'redis: { sentinels: { nodes: [{ host: a, port: 1 }] } }',
      'redis.sentinels.name: is missing, accepted: text',
    ],
    ['limits: { overLimitStatus: 500 }', 'limits.overLimitStatus: is a number, accepted: one of 413, 429'],
    [
      'access: { clients: [{ name: a, share: 0 }] }',
      'access.clients.0.share: is out of bounds, accepted: a number above 0',
    ],
    ['access: { mode: key }', 'access.mode: is other text, accepted: one of open, keys (did you mean keys?)'],
  ])('%s', (yaml, expected) => {
    expect(problems(`${ACCOUNT}${yaml}\n`)).toEqual([expect.stringContaining(expected)]);
  });

  it('lists every problem at once, the rules across keys included', () => {
    const lines = problems(`
listen: { host: 0.0.0.0, prot: 1 }
upstream: { retries: -1 }
accounts:
  - name: main
    identity: { url: us, username: 1234, apiKey: k }
  - name: Main
    identity: { url: "ftp://x/v2.0", username: u, apiKey: k, password: p }
    regions: [DFW]
    defaultRegion: ORD
`);
    expect(lines.map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      'listen.prot',
      'accounts.0.identity.username',
      'upstream.retries',
      'access.mode',
      'publicUrl',
      'accounts.1.name',
      'accounts.1.identity.url',
      'accounts.1.identity',
      'accounts.1.defaultRegion',
    ]);
  });
});

describe('the environment', () => {
  it('replaces references in any string, and turns them into the kind the setting has', () => {
    const config = good(
      `listen: { port: "\${PORT}" }\nredis: { url: "\${CACHE:-}" }\nlimits: { enabled: "\${LIMITED}" }\n${withKey(`a-${ref('KEY')}-b`)}`,
      { PORT: '9000', KEY: '$&', LIMITED: 'false' },
    );
    expect(config.listen.port).toBe(9000);
    expect(config.redis.url).toBeNull();
    expect(config.limits.enabled).toBe(false);
    expect(first(config).apiKey).toBe('a-$&-b');
  });

  it('takes the default for a variable that is missing or empty', () => {
    const yaml = `${ACCOUNT}log: { level: "\${LEVEL:-debug}" }\n`;
    expect(good(yaml).log.level).toBe('debug');
    expect(good(yaml, { LEVEL: '' }).log.level).toBe('debug');
    expect(good(yaml, { LEVEL: 'error' }).log.level).toBe('error');
  });

  it('keeps a text of digits where text is wanted', () => {
    expect(first(good(withKey(ref('KEY')), { KEY: '0123' })).apiKey).toBe('0123');
  });

  it('writes $${ for a plain ${', () => {
    expect(first(good(withKey(`$${ref('KEY')}`))).apiKey).toBe(ref('KEY'));
  });

  it('names the key whose variable is missing, and that alone', () => {
    expect(problems(withKey(ref('RAX_KEY')))).toEqual([
      `accounts.0.identity.apiKey: the environment has no variable RAX_KEY, accepted: set it, or write ${ref('RAX_KEY:-default')}`,
    ]);
  });

  it('refuses what only looks like a reference', () => {
    expect(problems(withKey(ref('1')))).toEqual([
      expect.stringContaining('accounts.0.identity.apiKey: holds a ${ that opens no reference'),
    ]);
  });
});

describe('SLUICE_ variables', () => {
  it('override scalars, list members, lists and free keys, and are not interpolated', () => {
    const config = good(ACCOUNT, {
      SLUICE_LISTEN_PORT: '0',
      SLUICE_LISTEN_REGIONS_DFW: '8082',
      SLUICE_PUBLICURL: 'https://sluice.internal',
      SLUICE_ACCOUNTS_0_IDENTITY_APIKEY: ref('not-a-reference'),
      SLUICE_ACCOUNTS_0_REGIONS: 'DFW, ORD',
      SLUICE_REDIS_URL: 'redis://cache:6379',
      SLUICE_CACHE_FLAVORS_TTL: '1.5',
    });
    expect(config.listen).toMatchObject({ port: 0, regions: { DFW: 8082 } });
    expect(config.publicUrl).toBe('https://sluice.internal');
    expect(config.accounts[0]).toMatchObject({
      identity: { apiKey: ref('not-a-reference') },
      regions: ['DFW', 'ORD'],
    });
    expect(config.redis.url).toBe('redis://cache:6379');
    expect(config.cache.flavors.ttl).toBe(1.5);
  });

  it('are enough without a file', () => {
    const loaded = loadConfig(undefined, {
      SLUICE_ACCOUNTS_0_NAME: 'main',
      SLUICE_ACCOUNTS_0_IDENTITY_URL: 'uk',
      SLUICE_ACCOUNTS_0_IDENTITY_USERNAME: 'someone',
      SLUICE_ACCOUNTS_0_IDENTITY_PASSWORD: 'p',
    });
    expect('config' in loaded && first(loaded.config).url).toBe('uk');
  });

  it('win over a reference whose variable is missing', () => {
    const config = good(withKey(ref('RAX_KEY')), { SLUICE_ACCOUNTS_0_IDENTITY_APIKEY: 'k-2' });
    expect(first(config).apiKey).toBe('k-2');
  });

  it('are checked like the file', () => {
    expect(problems(ACCOUNT, { SLUICE_LISTEN_PORT: 'http' })).toEqual([
      'listen.port: is text, accepted: an integer from 0 to 65535',
    ]);
  });

  it.each([
    ['SLUICE_LISTN_PORT', 'did you mean SLUICE_LISTEN_PORT?'],
    ['SLUICE_UPSTREAM_RETRYS', 'did you mean SLUICE_UPSTREAM_RETRIES?'],
    ['SLUICE_ACCOUNTS_5_NAME', 'is ignored'],
    ['SLUICE_LISTEN', 'is ignored'],
  ])('warn when they are no setting: %s', (name, expected) => {
    const loaded = load(ACCOUNT, { [name]: '1' });
    expect('warnings' in loaded && loaded.warnings).toEqual([expect.stringContaining(`${name}: `)]);
    expect('warnings' in loaded && loaded.warnings[0]).toContain(expected);
  });

  it('that Kubernetes makes for a Service called sluice or sluice-admin change nothing', () => {
    const plain = load(ACCOUNT);
    const links = {
      SLUICE_SERVICE_HOST: '10.0.0.1',
      SLUICE_SERVICE_PORT: '80',
      SLUICE_SERVICE_PORT_HTTP: '80',
      SLUICE_PORT: 'tcp://10.0.0.1:80',
      SLUICE_PORT_80_TCP_ADDR: '10.0.0.1',
      SLUICE_ADMIN_PORT: 'tcp://10.0.0.2:8081',
    };
    expect(load(ACCOUNT, links)).toEqual(plain);
  });
});

describe('names of regions', () => {
  const yamlWith = (name: string) => `
listen: { regions: { ${JSON.stringify(name)}: 0 } }
accounts:
  - name: main
    identity: { url: us, username: someone, apiKey: k-1 }
    regions: [${JSON.stringify(name)}]
    defaultRegion: ${JSON.stringify(name)}
`;

  it.each(['DFW', 'RegionOne', 'eu.west', 'eu-west-1.a', 'zone_2', 'sto:1', 'São-Paulo.1', '1'])(
    'may be %s, as a catalog spells it',
    (name) => {
      const config = good(yamlWith(name));
      expect(Object.keys(config.listen.regions)).toEqual([name]);
      expect(config.accounts[0]).toMatchObject({ regions: [name], defaultRegion: name });
    },
  );

  it.each(['', 'DFW,ORD', 'DFW ORD', 'dfw/v2', '.', '..', '__proto__', ' DFW'])(
    'are none of "%s": a line for each place',
    (name) => {
      expect(problems(yamlWith(name))).toEqual([
        expect.stringContaining('listen.regions.'),
        expect.stringContaining('accounts.0.regions.0: is other text, accepted: text such as DFW'),
        expect.stringContaining('accounts.0.defaultRegion: is other text, accepted: text such as DFW'),
      ]);
    },
  );
});

describe('rules across keys', () => {
  it('open needs a loopback address, or that it is allowed', () => {
    const remote = `${ACCOUNT}listen: { host: 0.0.0.0 }\n`;
    const based = `${remote}publicUrl: https://sluice.example\n`;
    expect(problems(based)).toEqual([expect.stringContaining('access.mode: open lets every machine')]);
    expect(good(`${based}access: { allowRemoteOpen: true }\n`).listen.host).toBe('0.0.0.0');
    expect(problems(`${remote}access: { allowRemoteOpen: true }\n`)).toEqual([
      expect.stringContaining('publicUrl: is missing'),
    ]);
    for (const host of ['localhost', '127.8.8.8', '"::1"']) good(`${ACCOUNT}listen: { host: ${host} }\n`);
  });

  it('two listeners on one address need two ports', () => {
    expect(problems(`${ACCOUNT}admin: { port: 8080 }\n`)).toEqual([
      'admin.port: is the port of listen.port, accepted: one that is free',
    ]);
    expect(problems(`${ACCOUNT}listen: { regions: { DFW: 8081, dfw: 0 } }\n`)).toEqual([
      'listen.regions.DFW: is the port of admin.port, accepted: one that is free',
      'listen.regions.dfw: is used twice, accepted: a name of its own',
    ]);
  });

  it('a port of a region whose name has a dot is told apart as any other', () => {
    const listen = 'listen: { regions: { eu.west: 9000, eu.east: 9000, eu.north: 70000, eu.south: 70000 } }';
    expect(problems(`${ACCOUNT}${listen}\n`)).toEqual([
      'listen.regions.eu.north: is out of bounds, accepted: an integer from 0 to 65535',
      'listen.regions.eu.south: is out of bounds, accepted: an integer from 0 to 65535',
      'listen.regions.eu.east: is the port of listen.regions.eu.west, accepted: one that is free',
    ]);
  });

  it.each(['ftp://x', 'sluice.internal', 'https://x/?a=1', 'https://u:p@x'])(
    'publicUrl cannot be %s',
    (url) => {
      expect(problems(`${ACCOUNT}publicUrl: "${url}"\n`)).toEqual([
        'publicUrl: is no base URL, accepted: http(s)://host[:port][/path] without query, or null',
      ]);
    },
  );

  it.each([
    'de',
    'https://identity.example/v4',
    'https://identity.example/v3/auth/tokens',
    'https://identity.example/v3?x=1',
    'https://a:b@identity.example/v2.0',
  ])('an identity service cannot be %s', (url) => {
    const [line, ...others] = problems(ACCOUNT.replace('us', `"${url}"`));
    expect(line).toContain('accounts.0.identity.url: is no identity service, accepted: us, uk');
    expect(others).toEqual([]);
  });

  it('the simulator is an identity service only where it runs', () => {
    const yaml = ACCOUNT.replace('url: us', 'url: simulator');
    expect(problems(yaml)).toEqual([expect.stringContaining('accepted: simulator.enabled: true')]);
    expect(first(good(`${yaml}simulator: { enabled: true }\n`)).url).toBe('simulator');
  });

  it('an account has exactly one secret', () => {
    const accepted = 'accepted: exactly one of apiKey, apiKeyFile, password, passwordFile';
    expect(problems(ACCOUNT.replace(', apiKey: k-1', ''))).toEqual([
      `accounts.0.identity: has no secret, ${accepted}`,
    ]);
    expect(problems(ACCOUNT.replace('k-1', 'k-1, password: p-1'))).toEqual([
      `accounts.0.identity: has apiKey and password, ${accepted}`,
    ]);
  });

  it('redis is one server, sentinels or a cluster', () => {
    const yaml = `${ACCOUNT}redis: { url: "redis://a", cluster: { nodes: [{ host: b, port: 1 }] } }\n`;
    expect(problems(yaml)).toEqual(['redis: has url and cluster, accepted: one of url, sentinels, cluster']);
  });

  it('refuses static limits that could never be about a request', () => {
    const limits = (row: string) =>
      problems(`${ACCOUNT}limits: { static: [{ value: 1, unit: DAY, ${row} }] }\n`);
    expect(limits('verb: get, uri: /servers, regex: "^/servers"')).toEqual([]);
    expect(limits('verb: GTE, uri: /servers')).toEqual([
      'limits.static.0.verb: is no method, accepted: one of ALL, GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
    ]);
    expect(limits('verb: GET, uri: "("')).toEqual([
      'limits.static.0.uri: is no path, accepted: a text that begins with / or *',
    ]);
    expect(limits('verb: GET, uri: /servers, regex: "("')).toEqual([
      'limits.static.0.regex: is no regular expression (unterminated group), accepted: one without lookaround and back references, or none for `uri` alone',
    ]);
  });

  it('keys need clients that have some, wherever they are kept', () => {
    expect(problems(`${ACCOUNT}access: { mode: keys }\n`)).toEqual([
      expect.stringContaining('access.clients: is empty although keys are asked for'),
    ]);
    const key = generateClientKey('ci');
    const clients = 'clients: [{ name: ci }]';
    const variable = `${ACCOUNT}access: { mode: keys, keysVariable: KEYS, ${clients} }\n`;
    const { access } = good(variable, { KEYS: `ci=${key}` });
    expect(access.clients[0]?.keys).toEqual([{ hash: hashClientKey(key), notAfter: null }]);
    expect(problems(variable, { KEYS: 'stranger=x' })).toEqual([
      expect.stringContaining('access.keysVariable: has entry 1 of KEYS, which is called as no client'),
    ]);
    mkdirSync(join(folder, 'keys'), { recursive: true });
    writeFileSync(join(folder, 'keys', 'ci'), `${hashClientKey(key)} spring 2099-01-01\n`);
    const directory = good(`${ACCOUNT}access: { mode: keys, keysDir: keys, ${clients} }\n`).access;
    expect(directory.clients[0]?.keys).toEqual([
      { hash: hashClientKey(key), name: 'spring', notAfter: '2099-01-01' },
    ]);
  });

  it('are told of one client whatever is wrong with another', () => {
    const lines = problems(`${ACCOUNT}access:
  clients:
    - { name: a, keys: 7 }
    - { name: b, keyHash: nonsense, deny: [nothing] }
    - 5
`);
    expect(lines.map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      'access.clients.0.keys',
      'access.clients.2',
      'access.clients.1.keyHash',
      'access.clients.1.deny.0',
    ]);
  });

  it('seek certificates from the folder of the configuration', () => {
    const { listen } = good(`${ACCOUNT}listen: { tls: { certFile: tls.crt, keyFile: /etc/tls.key } }\n`);
    expect(listen.tls).toMatchObject({
      certFile: join(folder, 'tls.crt'),
      keyFile: '/etc/tls.key',
      minVersion: 'TLSv1.2',
      clientCaFile: null,
    });
  });

  it('a client name is used once', () => {
    expect(problems(`${ACCOUNT}access: { clients: [{ name: a }, { name: A }] }\n`)).toEqual([
      'access.clients.1.name: is used twice, accepted: a name of its own',
    ]);
  });

  it('a simulator alone needs neither accounts nor a loopback address', () => {
    const file = join(folder, 'simulator.yaml');
    writeFileSync(file, 'listen: { host: 0.0.0.0 }\nsimulator: { port: 0 }\n');
    expect('config' in loadConfig(file, {}, 'simulator')).toBe(true);
    expect('config' in loadConfig(file, {})).toBe(false);
  });
});

describe('secrets', () => {
  it.each([['from-a-file'], ['from-a-file\n'], ['\ufefffrom-a-file\r\n']])(
    'come from a file beside the configuration, without the line end: %j',
    (text) => {
      writeFileSync(join(folder, 'key'), text);
      const config = good(ACCOUNT.replace('apiKey: k-1', 'apiKeyFile: key'));
      expect(first(config).apiKey).toBe('from-a-file');
    },
  );

  it('in a file that is absent or empty are a problem', () => {
    writeFileSync(join(folder, 'empty'), '\n');
    expect(problems(ACCOUNT.replace('apiKey: k-1', 'passwordFile: absent'))).toEqual([
      'accounts.0.identity.passwordFile: cannot be read (ENOENT), accepted: a file that holds the secret',
    ]);
    expect(problems(ACCOUNT.replace('apiKey: k-1', 'apiKeyFile: empty'))).toEqual([
      'accounts.0.identity.apiKeyFile: names an empty file, accepted: a file that holds the secret',
    ]);
  });

  it('never stand in a problem, wherever they were put by mistake', () => {
    const secret = 'hunter2hunter2';
    const text = problems(
      `log: { level: ${secret} }\npublicUrl: ${secret}\nlisten: { port: ${secret}, host: [${secret}] }\naccounts:\n` +
        `  - name: "${secret} "\n    interface: ${secret}\n    identity: { url: ${secret}, username: u, apiKey: "\${NO}", password: [${secret}] }\n`,
      { SLUICE_ADMIN_PORT: secret, SLUICE_NO_SUCH: secret },
    );
    expect(text.length).toBeGreaterThan(7);
    expect(text.join('\n')).not.toContain(secret);
  });
});

describe('the services that are served', () => {
  it('are all, none, or those listed, also from the environment', () => {
    expect(good(ACCOUNT).facade.services).toBe('all');
    expect(good(`${ACCOUNT}facade: { services: [image, all] }`).facade.services).toEqual(['image', 'all']);
    const of = (value: string) => good(ACCOUNT, { SLUICE_FACADE_SERVICES: value }).facade.services;
    expect(of('none')).toBe('none');
    expect(of('image, network')).toEqual(['image', 'network']);
    expect(of('image')).toEqual(['image']);
  });

  it('never name the identity service or Compute', () => {
    expect(problems(`${ACCOUNT}facade: { services: [image, Identity_v3, compute_legacy] }`)).toEqual([
      'facade.services.1: names the identity service, which is not reached this way, accepted: types of other services',
      'facade.services.2: names Compute, which is not reached this way, accepted: types of other services',
    ]);
    expect(problems(`${ACCOUNT}facade: { services: some }`)).toEqual([
      'facade.services: is text, accepted: one of all, none or a list of text',
    ]);
  });
});

describe('the keys of what instances leave in Redis', () => {
  const KEY = 'k'.repeat(32);

  it('are texts, files or variables, newest first', () => {
    writeFileSync(join(folder, 'redis.key'), `${'é'.repeat(16)}\n`);
    const yaml = `${ACCOUNT}redis: { signingKeys: [{ file: redis.key }, "${ref('RING')}", ${KEY}] }`;
    expect(good(yaml, { RING: `${KEY}!` }).redis.signingKeys).toEqual(['é'.repeat(16), `${KEY}!`, KEY]);
    expect(good(ACCOUNT, { SLUICE_REDIS_SIGNINGKEYS: KEY }).redis.signingKeys).toEqual([KEY]);
  });

  it('are refused when they are too short or missing, and never quoted', () => {
    const of = (list: string) => problems(`${ACCOUNT}redis: { signingKeys: ${list} }`);
    expect(of(`[${KEY}, tooshort, { file: no.key }]`)).toEqual([
      'redis.signingKeys.1: is too short for a key, accepted: 32 characters or more, such as `openssl rand -hex 32` writes',
      'redis.signingKeys.2.file: cannot be read (ENOENT), accepted: a file that holds the secret',
    ]);
    expect(of(KEY).join()).toMatch(/^redis\.signingKeys: /);
    expect(of(KEY).join()).not.toContain(KEY);
  });
});

describe('the keys of tokens', () => {
  const KEY = 'k'.repeat(32);

  it('are texts, files or variables, newest first', () => {
    writeFileSync(join(folder, 'ring.key'), `\uFEFF${'é'.repeat(16)}\r\n`);
    const yaml = `${ACCOUNT}access: { tokenKeys: [{ file: ring.key }, "${ref('RING')}", ${KEY}] }`;
    const { tokenKeys } = good(yaml, { RING: `${KEY}!` }).access;
    expect(tokenKeys).toEqual(['é'.repeat(16), `${KEY}!`, KEY]);
    expect(good(ACCOUNT, { SLUICE_ACCESS_TOKENKEYS: `${KEY}, ${KEY}2` }).access.tokenKeys).toEqual([
      KEY,
      `${KEY}2`,
    ]);
    expect(good(ACCOUNT).access.tokenKeys).toEqual([]);
  });

  it('are refused when they are too short, missing or nothing of the kind, and never quoted', () => {
    writeFileSync(join(folder, 'short.key'), 'short\n');
    const of = (list: string) => problems(`${ACCOUNT}access: { tokenKeys: ${list} }`);
    const short =
      ': is too short for a key, accepted: 32 characters or more, such as `openssl rand -hex 32` writes';
    expect(of(`[${KEY}, tooshort, { file: short.key }]`)).toEqual([
      `access.tokenKeys.1${short}`,
      `access.tokenKeys.2${short}`,
    ]);
    expect(of('[{ file: no.key }]')).toEqual([
      'access.tokenKeys.0.file: cannot be read (ENOENT), accepted: a file that holds the secret',
    ]);
    for (const wrong of [`[7]`, `[{ path: x }]`, `[[${KEY}]]`, `${KEY}`, '[null]']) {
      const lines = of(wrong);
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.join()).not.toContain(KEY);
    }
  });
});

it('the byte-order mark that an editor puts before a secret is no part of it', () => {
  writeFileSync(join(folder, 'api.key'), '\uFEFFk-2\n');
  const yaml = 'accounts: [{ name: main, identity: { url: us, username: a, apiKeyFile: api.key } }]';
  expect(first(good(yaml)).apiKey).toBe('k-2');
});

it('the operators’ listener is open to other machines only with a token', () => {
  const text = 'accepted: text of 16 characters or more, or a loopback admin.host';
  const open = `${ACCOUNT}admin: { host: 0.0.0.0 }\n`;
  expect(problems(open)).toEqual([`admin.token: is missing while other machines reach admin.host, ${text}`]);
  expect(good(open, { SLUICE_ADMIN_TOKEN: 't'.repeat(16) }).admin.token).toBe('t'.repeat(16));
  expect(problems(`${ACCOUNT}admin: { token: short }`)).toEqual([
    'admin.token: is empty or too short, accepted: text of 16 characters or more or null',
  ]);
  for (const host of ['127.0.0.1', 'localhost', '"::1"', '127.8.9.1'])
    expect(problems(`${ACCOUNT}admin: { host: ${host} }`)).toEqual([]);
});
