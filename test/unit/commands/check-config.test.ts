import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { checkConfig } from '../../../src/commands/check-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-wrong-'));
const file = join(folder, 'sluice.yaml');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `sluice check-config` says of a configuration, and how it ends. */
function said(yaml: string): { code: number; lines: string[] } {
  writeFileSync(file, yaml);
  const lines: string[] = [];
  const error = vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    const code = checkConfig(file, { HOME: folder }, 'gateway');
    return { code, lines: lines.map((line) => line.replaceAll(`${folder}/`, '')) };
  } finally {
    error.mockRestore();
    log.mockRestore();
  }
}

const account = (identity: string, more = '') =>
  `accounts:\n  - name: main\n    identity: { ${identity} }\n${more}`;
const LOGIN = 'url: us, username: u, apiKey: k';
const good = (more: string) => account(LOGIN, more);
const client = (rest: string) => good(`access: { clients: [{ name: a, ${rest} }] }\n`);
const limit = (rest: string) => good(`limits: { source: static, static: [{ ${rest} }] }\n`);

/** A mistake, the configuration that makes it, where it is, and what the line says of it or of its cure. */
type Row = readonly [mistake: string, yaml: string, path: string, says: string];

const ROWS: readonly Row[] = [
  ['an empty file', '', 'accounts', 'at least one'],
  ['a tab', 'accounts:\n\t- name: main\n', 'sluice.yaml:2:1', 'made of spaces'],
  ['a brace left open', 'accounts: [ {name: main\n', 'sluice.yaml:2:1', 'is no YAML'],
  ['a list for the whole', '- a\n- b\n', 'sluice.yaml', 'no mapping of settings'],
  ['a key twice', good('log: { level: info }\nlog: { level: warn }\n'), 'sluice.yaml:5:1', 'there twice'],
  ['a section mistyped', good('limitz: {}\n'), 'limitz', 'did you mean limits?'],
  ['a key mistyped', good('listen: { prot: 80 }\n'), 'listen.prot', 'did you mean port?'],
  [
    'a class that is none',
    good('cache: { flavours: { ttl: 1 } }\n'),
    'cache.flavours',
    'did you mean flavors?',
  ],
  ['a port in words', good('listen: { port: eighty }\n'), 'listen.port', 'from 0 to 65535'],
  ['a port beyond all', good('listen: { port: 80800 }\n'), 'listen.port', 'from 0 to 65535'],
  ['one port twice', good('admin: { port: 8080 }\n'), 'admin.port', 'listen.port'],
  ['a time with a unit', good('cache: { flavors: { ttl: 1h } }\n'), 'cache.flavors.ttl', 'a number'],
  ['an account that is nothing', 'accounts:\n  - \n', 'accounts.0', 'a mapping'],
  ['an account without a name', `accounts:\n  - identity: { ${LOGIN} }\n`, 'accounts.0.name', 'is missing'],
  ['an account without a login', 'accounts:\n  - name: main\n', 'accounts.0.identity', 'is missing'],
  ['a name twice', good(`  - name: main\n    identity: { ${LOGIN} }\n`), 'accounts.1.name', 'used twice'],
  ['no secret', account('url: us, username: u'), 'accounts.0.identity', 'exactly one of apiKey'],
  ['two secrets', account(`${LOGIN}, password: p`), 'accounts.0.identity', 'exactly one of apiKey'],
  ['an empty secret', account('url: us, username: u, apiKey: ""'), 'accounts.0.identity.apiKey', 'is empty'],
  ['a URL that is none', account('url: usa, username: u, apiKey: k'), 'accounts.0.identity.url', 'us, uk'],
  [
    'a variable that is not set',
    account(`url: us, username: u, apiKey: "\${NO_SUCH_VARIABLE}"`),
    'accounts.0.identity.apiKey',
    'NO_SUCH_VARIABLE',
  ],
  [
    'a secret file that is not there',
    account('url: us, username: u, apiKeyFile: nowhere'),
    'accounts.0.identity.apiKeyFile',
    'ENOENT',
  ],
  ['one region for a list', good('    regions: DFW\n'), 'accounts.0.regions', 'a list'],
  ['an interface mistyped', good('    interface: pubic\n'), 'accounts.0.interface', 'did you mean public?'],
  [
    'a default region that is not served',
    good('    regions: [DFW]\n    defaultRegion: ORD\n'),
    'accounts.0.defaultRegion',
    'one of DFW',
  ],
  [
    'a cloud of no file',
    'accounts:\n  - { name: main, cloud: nope, cloudsFile: nowhere.yaml }\n',
    'accounts.0.cloud',
    'no such file',
  ],
  ['a cloud beside a login', good('    cloud: a\n'), 'accounts.0.cloud', 'one of them'],
  ['a mode mistyped', good('access: { mode: key }\n'), 'access.mode', 'did you mean keys?'],
  ['keys and nobody who has one', good('access: { mode: keys }\n'), 'access.clients', 'sluice new-key'],
  [
    'a client without a key',
    good('access: { mode: keys, clients: [{ name: a }] }\n'),
    'access.clients.0',
    'sluice new-key',
  ],
  ['a hash that is none', client('keyHash: abc'), 'access.clients.0.keyHash', 'sha256:'],
  [
    'a client twice',
    good('access: { clients: [{ name: a }, { name: a }] }\n'),
    'access.clients.1.name',
    'used twice',
  ],
  ['an account that is none', client('accounts: [other]'), 'access.clients.0.accounts.0', 'accepted: main'],
  [
    'an operation mistyped',
    client('deny: [deleteSrver]'),
    'access.clients.0.deny.0',
    'did you mean deleteServer?',
  ],
  ['a share of nothing', client('share: 0'), 'access.clients.0.share', 'above 0'],
  [
    'every machine let in',
    good('listen: { host: 0.0.0.0 }\npublicUrl: http://gw.example\n'),
    'access.mode',
    'allowRemoteOpen',
  ],
  ['operators’ listener open to all', good('admin: { host: 0.0.0.0 }\n'), 'admin.token', 'loopback'],
  ['a base URL without a scheme', good('publicUrl: gw.example\n'), 'publicUrl', 'http(s)://'],
  ['a proxy’s network', good('trustProxy: [10.0.0.0/33]\n'), 'trustProxy.0', '0 to 32'],
  ['a unit of limits', limit('verb: GET, uri: "*", value: 1, unit: WEEK'), 'limits.static.0.unit', 'SECOND'],
  [
    'a value below nothing',
    limit('verb: GET, uri: "*", value: -1, unit: DAY'),
    'limits.static.0.value',
    'at least 0',
  ],
  [
    'an expression left open',
    limit('verb: GET, uri: "*", regex: "(", value: 1, unit: DAY'),
    'limits.static.0.regex',
    'unterminated group',
  ],
  ['a preset that is none', good('limits: { preset: rackspce }\n'), 'limits.preset', 'one of ovhcloud'],
  ['a Redis by HTTP', good('redis: { url: "http://redis" }\n'), 'redis.url', 'redis://'],
  [
    'a Redis whose URL is none',
    good('redis: { url: "redis://redis:99999" }\n'),
    'redis.url',
    'percent-encoded',
  ],
  ['a level that is none', good('log: { level: verbose }\n'), 'log.level', 'debug'],
  ['an audit log nowhere', good('audit: { file: nowhere/audit.log }\n'), 'audit.file', 'writable'],
  ['a collector without a scheme', good('tracing: { otlp: "collector:4318" }\n'), 'tracing.otlp', 'http://'],
  ['a part above the whole', good('tracing: { ratio: 2 }\n'), 'tracing.ratio', 'from 0 to 1'],
];

describe('a configuration with one mistake gets one line', () => {
  it('in more than forty ways', () => expect(ROWS.length).toBeGreaterThanOrEqual(45));

  it.each(ROWS)('%s', (_mistake, yaml, path, says) => {
    const { code, lines } = said(yaml);
    expect(lines).toHaveLength(1);
    expect(code).toBe(2);
    const [line] = lines as [string];
    expect(line.startsWith(`${path}: `), line).toBe(true);
    expect(line).toContain(says);
    // It can be read at a glance, and says what would do, but for what is no YAML, where that is said by what is wrong.
    expect(line.length).toBeLessThan(360);
    expect(line).toMatch(/accepted|is no YAML/);
    expect(line).not.toMatch(/\bat \S+:\d+|Error|undefined|\[object/);
  });

  it('and one without any gets none', () => {
    expect(said(good(''))).toEqual({ code: 0, lines: [] });
  });
});
