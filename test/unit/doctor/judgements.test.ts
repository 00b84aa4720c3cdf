import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { judgeClock } from '../../../src/doctor/clock.ts';
import { judgeName } from '../../../src/doctor/dns.ts';
import { judgeFile, namedFiles } from '../../../src/doctor/files.ts';
import { about, lineOf } from '../../../src/doctor/finding.ts';
import { judgeHandles } from '../../../src/doctor/handles.ts';
import { judgeInstances } from '../../../src/doctor/instances.ts';
import { judgeLimits } from '../../../src/doctor/limits.ts';
import { judgeLogin } from '../../../src/doctor/login.ts';
import { judgePort } from '../../../src/doctor/ports.ts';
import { judgeRedis, type RedisState } from '../../../src/doctor/redis.ts';
import { merged } from '../../../src/doctor/target.ts';
import { judgeConnection } from '../../../src/doctor/tcp.ts';
import { judgeHandshake } from '../../../src/doctor/tls.ts';
import { LOGIN_RESULTS, LoginError, type LoginFailure } from '../../../src/identity/login-error.ts';
import { ExchangeError, type UpstreamAnswer } from '../../../src/upstream/exchange.ts';

const NOW = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

it('a finding is a line: level, check, subject, what it means, what to do', () => {
  const at = about('dns', 'a.example');
  expect(lineOf(at.ok('fine'))).toBe('ok      dns       a.example: fine');
  expect(lineOf(at.fault('no such name', 'correct it'))).toBe(
    'fault   dns       a.example: no such name; correct it',
  );
});

describe('files', () => {
  const tree = {
    accounts: [
      { identity: { apiKeyFile: 'key', caFile: '/ca.pem' } },
      { identity: { applicationCredential: { id: 'i', secretFile: 'app' } } },
      {
        identity: [
          { passwordFile: 'word' },
          { keyFile: 'client.key', certFile: 'client.pem' },
          { certFile: 'both.pem' },
        ],
      },
    ],
    listen: { tls: { certFile: 'tls.pem', keyFile: 'tls.key', clientCaFile: null } },
    moreListeners: [{ tls: { certFile: 'b.pem', keyFile: 'b.key' } }],
    access: { keysDir: 'keys', tokenKeys: [{ file: 'token.key' }, 'a key that is written here as it is'] },
    redis: { signingKeys: [{ file: 'sign.key' }] },
    audit: { file: 'audit.log' },
    idempotency: { file: 'keys.log' },
    limits: { ledger: 'ledger' },
  };
  it('are all those that settings name, seen from the folder of the configuration', () => {
    expect(
      namedFiles(tree, tree, '/etc/sluice/sluice.yaml', {}).map(({ setting, file, use }) => [
        setting,
        file,
        use,
      ]),
    ).toEqual([
      ['configuration', '/etc/sluice/sluice.yaml', 'secret'],
      ['accounts.0.identity.apiKeyFile', '/etc/sluice/key', 'secret'],
      ['accounts.0.identity.caFile', '/ca.pem', 'public'],
      ['accounts.1.identity.applicationCredential.secretFile', '/etc/sluice/app', 'secret'],
      ['accounts.2.identity.0.passwordFile', '/etc/sluice/word', 'secret'],
      ['accounts.2.identity.1.keyFile', '/etc/sluice/client.key', 'secret'],
      ['accounts.2.identity.1.certFile', '/etc/sluice/client.pem', 'public'],
      ['accounts.2.identity.2.certFile', '/etc/sluice/both.pem', 'secret'],
      ['listen.0.tls.certFile', '/etc/sluice/tls.pem', 'public'],
      ['listen.0.tls.keyFile', '/etc/sluice/tls.key', 'secret'],
      ['listen.1.tls.certFile', '/etc/sluice/b.pem', 'public'],
      ['listen.1.tls.keyFile', '/etc/sluice/b.key', 'secret'],
      ['access.tokenKeys.0.file', '/etc/sluice/token.key', 'secret'],
      ['redis.signingKeys.0.file', '/etc/sluice/sign.key', 'secret'],
      ['access.keysDir', '/etc/sluice/keys', 'folder of secrets'],
      ['audit.file', '/etc/sluice/audit.log', 'written'],
      ['idempotency.file', '/etc/sluice/keys.log', 'written'],
      ['limits.ledger', '/etc/sluice/ledger', 'written'],
    ]);
  });

  it.each([
    ['an API key', { accounts: [{ identity: { apiKey: 'k' } }] }, 'secret'],
    [
      'an application credential',
      { accounts: [{ identity: { applicationCredential: { id: 'i', secret: 's' } } }] },
      'secret',
    ],
    ['a password in redis.url', { redis: { url: 'redis://:secret@redis:6379' } }, 'secret'],
    ['a token of the operators', { admin: { token: 't' } }, 'secret'],
    ['a default of a secret', { accounts: [{ identity: { password: `\${W:-word}` } }] }, 'secret'],
    ['a part of a secret', { admin: { token: `sesame-\${T}` } }, 'secret'],
    [
      'variables that are secret',
      {
        accounts: [{ identity: { apiKey: `\${RAX_API_KEY}` } }],
        redis: { url: `redis://:\${P}@redis:6379`, signingKeys: [`\${K}`] },
        admin: { token: `\${T:-}` },
      },
      'public',
    ],
    [
      'nothing secret',
      { redis: { url: 'redis://redis:6379' }, accounts: [{ identity: { apiKeyFile: 'k' } }] },
      'public',
    ],
  ] as const)('a configuration that holds %s is %s', (_what, written, use) => {
    expect(namedFiles({}, written, 'a.yaml', {})[0]!.use).toBe(use);
  });

  it('are those of clouds, too: what holds secrets, and the keys and authorities that they name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-clouds-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const auth = { auth_url: 'https://a.example/v3', username: 'u', project_name: 'p' };
    const write = (name: string, clouds: object) => {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), JSON.stringify({ clouds }));
    };
    const named = (name: string) =>
      namedFiles(
        {
          accounts: [
            { cloud: 'a', cloudsFile: name },
            { cloud: 'b', cloudsFile: name },
          ],
        },
        {},
        join(folder, 'sluice.yaml'),
        {
          HOME: folder,
        },
      ).map(({ setting, file, use }) => [setting, file.slice(folder.length + 1), use]);
    const a = { auth, cacert: 'ca.pem', cert: 'c.pem', key: 'c.key' };
    write('split/clouds.yaml', { a, b: { auth } });
    write('split/secure.yaml', { a: { auth: { password: 'p' } }, b: { auth: { password: 'p' } } });
    expect(named('split/clouds.yaml')).toEqual([
      ['configuration', 'sluice.yaml', 'public'],
      ['accounts.1.cloud', 'split/clouds.yaml', 'public'],
      ['accounts.1.cloud', 'split/secure.yaml', 'secret'],
      ['accounts.0.identity.keyFile', 'split/c.key', 'secret'],
      ['accounts.0.identity.caFile', 'split/ca.pem', 'public'],
      ['accounts.0.identity.certFile', 'split/c.pem', 'public'],
    ]);
    write('one/clouds.yaml', { a: { auth: { ...auth, password: 'p' } } });
    expect(named('one/clouds.yaml')).toContainEqual(['accounts.1.cloud', 'one/clouds.yaml', 'secret']);
  });

  const secret = { setting: 'keyFile', file: '/k', use: 'secret' } as const;
  it.each([
    [secret, { problem: undefined, mode: 0o600 }, 'ok'],
    [secret, { problem: undefined, mode: 0o640 }, 'ok'],
    [secret, { problem: undefined, mode: 0o644 }, 'warning'],
    [secret, { problem: 'EACCES', mode: 0o600 }, 'fault'],
    [{ ...secret, use: 'public' }, { problem: undefined, mode: 0o644 }, 'ok'],
    [{ ...secret, use: 'folder of secrets' }, { problem: undefined, mode: 0o755 }, 'warning'],
    [{ ...secret, use: 'written' }, { problem: 'ENOENT', mode: undefined }, 'fault'],
  ] as const)('%o with %o is %s', (file, state, level) => {
    expect(judgeFile(file, state).level).toBe(level);
  });
});

it('one server for several purposes is looked at once, but not with other authorities', () => {
  const target = { role: 'DFW', origin: 'https://a.example', trust: undefined, proxy: undefined };
  const all = merged([target, { ...target, role: 'ORD' }, target, { ...target, trust: { ca: 'x' } }]);
  expect(all.map(({ role }) => role)).toEqual(['DFW, ORD', 'DFW']);
});

describe('names and connections', () => {
  it('tell a name that is none from a resolver that does not answer', () => {
    expect(judgeName('a', 'r', { addresses: ['10.0.0.1'] }).level).toBe('ok');
    const [none, silent] = ['ENOTFOUND', 'EAI_AGAIN'].map((code) => judgeName('a', 'r', { code }));
    expect([none!.level, silent!.level]).toEqual(['fault', 'fault']);
    expect(none!.advice).not.toBe(silent!.advice);
  });

  it('tell who refuses from who is silent', () => {
    expect(judgeConnection('a:1', 'r', { tookMs: 10 }, 100).level).toBe('ok');
    expect(judgeConnection('a:1', 'r', { tookMs: 200 }, 100).level).toBe('warning');
    expect(judgeConnection('a:1', 'r', { code: 'ECONNREFUSED' }, 100)).toMatchObject({
      level: 'fault',
      message: expect.stringContaining('nothing listens'),
    });
    expect(judgeConnection('a:1', 'r', { code: 'ETIMEDOUT' }, 100).advice).toContain('firewall');
    expect(judgeConnection('a:1', 'r', { code: 'EWHATEVER' }, 100).level).toBe('fault');
  });
});

describe('a handshake', () => {
  const chain = [
    { name: 'a.example', validToMs: NOW + 60 * DAY_MS },
    { name: 'an authority', validToMs: NOW + 5 * DAY_MS },
  ];
  it('warns of whatever in the chain ends first', () => {
    expect(
      judgeHandshake('a:443', { protocol: 'TLSv1.3', chain: [chain[0]!], problem: undefined }, NOW).level,
    ).toBe('ok');
    expect(judgeHandshake('a:443', { protocol: 'TLSv1.3', chain, problem: undefined }, NOW)).toMatchObject({
      level: 'warning',
      message: expect.stringContaining('an authority ends in 5 days, on 2026-01-06'),
    });
  });

  it('has the problem and what to do apart', () => {
    const problem = 'its certificate has expired (CERT_HAS_EXPIRED); renew it';
    expect(judgeHandshake('a:443', { protocol: null, chain, problem }, NOW)).toMatchObject({
      level: 'fault',
      message: 'its certificate has expired (CERT_HAS_EXPIRED)',
      advice: 'renew it',
    });
    expect(judgeHandshake('a:443', { protocol: null, chain: [], problem: undefined }, NOW).level).toBe(
      'fault',
    );
  });
});

describe('a login', () => {
  it.each(LOGIN_RESULTS.filter((result) => result !== 'ok'))('that ends as %s says what to do', (reason) => {
    const finding = judgeLogin(
      'main',
      { error: new LoginError(reason as LoginFailure, 'It went wrong.') },
      NOW,
    );
    expect(finding).toMatchObject({
      level: 'fault',
      message: 'It went wrong',
      advice: expect.stringMatching(/\w{3}/),
    });
  });

  it('warns of tokens that live for minutes', () => {
    const token = { tenant: { id: '1', name: '1' }, expiresAtMs: NOW + 300_000 };
    expect(judgeLogin('main', { token, tookMs: 1 } as never, NOW).level).toBe('warning');
    expect(
      judgeLogin('main', { token: { ...token, expiresAtMs: NOW + DAY_MS }, tookMs: 1 } as never, NOW).level,
    ).toBe('ok');
  });
});

describe('the limits of a region', () => {
  const answer = (status: number, body: unknown = {}): UpstreamAnswer => {
    return { status, headers: {}, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) };
  };
  const limits = (remaining: number) => ({
    limits: {
      rate: [
        { uri: '/servers', regex: '^/servers', limit: [{ verb: 'POST', value: 50, unit: 'DAY', remaining }] },
      ],
    },
  });
  it.each([
    [answer(200, limits(50)), ['ok']],
    [answer(200, limits(4)), ['ok', 'warning']],
    [answer(200, { limits: { rate: [] } }), ['ok']],
    [answer(200, { limits: { rate: [{ uri: '/a', limit: [{ verb: 'GET' }] }] } }), ['ok', 'warning']],
    [answer(200, '<html>'), ['fault']],
    [answer(200, {}), ['fault']],
    [answer(401), ['fault']],
    [answer(413), ['warning']],
    [answer(404), ['fault']],
    [new ExchangeError('timeout', true, 'no answer in time'), ['fault']],
  ])('%o are %j', (given, levels) => {
    expect(judgeLimits('main DFW', given).map(({ level }) => level)).toEqual(levels);
  });
});

describe('clocks', () => {
  const at = (skewMs: number) => judgeClock('a', new Date(NOW + skewMs).toUTCString(), NOW, NOW + 200);
  it('may be some seconds apart, be warned of, and be too far apart', () => {
    expect([0, 4_000, -4_000].map((skew) => at(skew).level)).toEqual(['ok', 'ok', 'ok']);
    expect(at(60_000)).toMatchObject({ level: 'warning', message: expect.stringContaining('60 s ahead of') });
    expect(at(-3_600_000)).toMatchObject({ level: 'fault', message: expect.stringMatching(/\d s behind/) });
    expect(judgeClock('a', undefined, NOW, NOW).level).toBe('ok');
  });
});

describe('file handles', () => {
  it.each([
    [1024, 1, 64, 'warning'],
    [256, 1, 64, 'fault'],
    [65_536, 10, 64, 'ok'],
    [Number.POSITIVE_INFINITY, 10, 64, 'ok'],
    [undefined, 10, 64, 'ok'],
  ] as const)('%s for %i endpoints of %i connections are %s', (limit, endpoints, connections, level) => {
    expect(judgeHandles(limit, endpoints, connections).level).toBe(level);
  });
});

describe('ports', () => {
  const place = { setting: 'listen.port', host: '127.0.0.1', port: 8080 };
  it.each([
    [undefined, false, 'ok'],
    ['EADDRINUSE', true, 'ok'],
    ['EADDRINUSE', false, 'fault'],
    ['EACCES', true, 'fault'],
    ['EADDRNOTAVAIL', false, 'fault'],
    ['EOTHER', false, 'fault'],
  ] as const)('that give %s, a Sluice there: %s, are %s', (problem, isServed, level) => {
    expect(judgePort(place, problem, isServed).level).toBe(level);
  });
});

describe('Redis', () => {
  const good: RedisState = {
    info: {
      redis_version: '7.2.4',
      role: 'master',
      maxmemory: '268435456',
      used_memory: '1048576',
      maxmemory_policy: 'volatile-lru',
      aof_enabled: '1',
      aof_last_write_status: 'ok',
    },
    roundTripsMs: [0.2, 0.3, 0.9],
    scriptProblem: undefined,
    instances: { records: [], foreign: 0 },
  };
  const worst = (over: Partial<RedisState> | RedisState['info']): string[] => {
    const isState = 'roundTripsMs' in over || 'scriptProblem' in over;
    const state = isState
      ? { ...good, ...over }
      : { ...good, info: { ...good.info, ...(over as RedisState['info']) } };
    return judgeRedis(state)
      .filter(({ level }) => level !== 'ok')
      .map(({ subject, level }) => `${subject} ${level}`);
  };
  it('that is as it should be has nothing to warn of', () => {
    expect(worst({})).toEqual([]);
    expect(judgeRedis('Redis refuses the credentials')).toMatchObject([
      { level: 'fault', message: 'Redis refuses the credentials' },
    ]);
  });
  it.each([
    [{ redis_version: '4.0.9' }, ['version fault']],
    [{ redis_version: '5.0.14' }, ['version warning']],
    [{ redis_version: '10.0.0' }, []],
    [{ role: 'slave' }, ['version fault']],
    [{ maxmemory: '0' }, ['memory warning']],
    [{ maxmemory_policy: 'noeviction' }, ['memory warning']],
    [{ maxmemory_policy: 'allkeys-random' }, ['memory warning']],
    [{ maxmemory_policy: 'allkeys-lru' }, []],
    [{ aof_last_write_status: 'err' }, ['persistence fault']],
    [{ aof_enabled: '0', rdb_last_bgsave_status: 'err' }, ['persistence fault']],
    [{ aof_enabled: '0' }, []],
    [{ loading: '1' }, ['persistence warning']],
    [{ scriptProblem: 'Redis refuses the credentials' }, ['script fault']],
    [{ roundTripsMs: [1, 20, 30] }, ['latency warning']],
    [{ roundTripsMs: [60, 70, 80] }, ['latency fault']],
  ] as const)('with %o is warned of as %j', (over, expected) => {
    expect(worst(over as Partial<RedisState>)).toEqual(expected);
  });
});

describe('other instances', () => {
  const record = {
    id: 'abcdefgh-1',
    host: 'one',
    version: '0.2.0',
    startedAt: NOW,
    settings: { 'limits.maxWaitMs': 'a', 'cache.images': 'b' },
  };
  it('are named with the settings by which they differ', () => {
    const own = { ...record.settings, 'limits.maxWaitMs': 'other', 'cache.invented': 'later' };
    expect(judgeInstances(own, { records: [record], foreign: 0 })).toMatchObject([
      {
        level: 'warning',
        subject: expect.stringContaining('one abcdefgh'),
        message: 'has other settings: limits.maxWaitMs',
      },
    ]);
    expect(judgeInstances(record.settings, { records: [record], foreign: 0 })).toMatchObject([
      { level: 'ok' },
    ]);
  });

  it('with other signing keys are counted', () => {
    expect(judgeInstances({}, { records: [], foreign: 2 })).toMatchObject([
      { level: 'warning', message: expect.stringContaining('2 with other') },
    ]);
    expect(judgeInstances({}, undefined)).toMatchObject([{ level: 'warning' }]);
    expect(judgeInstances({}, { records: [], foreign: 0 })).toMatchObject([{ level: 'ok' }]);
  });
});
