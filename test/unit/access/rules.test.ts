import { describe, expect, it } from 'vitest';
import { generateClientKey } from '../../../src/access/client-key.ts';
import { hashClientKey } from '../../../src/access/key-hash.ts';
import { type AccessConfig, accessAt, checkAccess, listenersOf } from '../../../src/access/rules.ts';
import type { AccessSettings, ClientSettings, ListenerSettings } from '../../../src/access/settings.ts';
import type { IsSound } from '../../../src/settings/is-sound.ts';
import { formatProblem } from '../../../src/settings/problem.ts';
import { clientSettings } from '../../support/client-settings.ts';

const HASH = hashClientKey(generateClientKey('billing'));
const OTHER_HASH = hashClientKey(generateClientKey('ci'));

const listener = (settings: Partial<ListenerSettings> = {}): ListenerSettings => ({
  host: '127.0.0.1',
  access: null,
  tls: null,
  ...settings,
});
const access = (settings: Partial<AccessSettings> = {}): AccessSettings => ({
  mode: 'keys',
  allowRemoteOpen: false,
  tokenKeys: [],
  passThrough: false,
  keysDir: null,
  keysVariable: null,
  clients: [clientSettings('billing', { keyHash: HASH })],
  ...settings,
});
const TLS = {
  certFile: 'a',
  keyFile: 'b',
  minVersion: 'TLSv1.2',
  clientCaFile: 'ca',
  clientCertificates: 'optional',
} as const;

function problems(config: Partial<AccessConfig>, unsound: readonly string[] = []): string[] {
  const whole: AccessConfig = {
    listen: listener(),
    moreListeners: [],
    publicUrl: null,
    trustProxy: [],
    allowedHosts: null,
    access: access(),
    accounts: [
      { name: 'main', regions: ['DFW', 'ORD'] },
      { name: 'lab', regions: ['LON'] },
    ],
    facade: { services: 'all' },
    ...config,
  };
  const isSound: IsSound = (path) => {
    const text = typeof path === 'string' ? path : path.join('.');
    return !unsound.some((known) => text === known || text.startsWith(`${known}.`));
  };
  const isWhole = (path: string) => isSound(path) && !unsound.some((known) => known.startsWith(`${path}.`));
  return checkAccess(whole, { isSound, isWhole }).map(formatProblem);
}

const withClient = (settings: Partial<ClientSettings>) =>
  problems({ access: access({ clients: [clientSettings('billing', { keyHash: HASH, ...settings })] }) });

describe('the settings of access', () => {
  it('have nothing against them as they are usually', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ access: access({ mode: 'open', clients: [] }) })).toEqual([]);
    expect(problems({ access: access({ mode: 'open', clients: [clientSettings('named')] }) })).toEqual([]);
  });

  it('let nobody in from elsewhere without a key, unless that is said', () => {
    const listen = listener({ host: '0.0.0.0' });
    const remote = { listen, publicUrl: 'https://sluice.example' };
    expect(problems({ ...remote, access: access({ mode: 'open' }) })).toEqual([
      'access.mode: open lets every machine that reaches listen.host use the accounts, accepted: keys, a loopback listen.host, or access.allowRemoteOpen: true',
    ]);
    expect(problems({ ...remote, access: access({ mode: 'open', allowRemoteOpen: true }) })).toEqual([]);
    expect(problems(remote)).toEqual([]);
  });

  it('are those of each listener where listen is a list', () => {
    const open = { mode: 'open', allowRemoteOpen: false, passThrough: false } as const;
    const [listen, ...moreListeners] = [
      listener({ host: '10.0.0.1' }),
      listener({ host: '10.0.0.1', access: open }),
      listener({ access: open }),
      listener({ host: '::', access: { ...open, allowRemoteOpen: true } }),
    ] as [ListenerSettings, ...ListenerSettings[]];
    expect(problems({ listen, moreListeners, publicUrl: 'https://sluice.example' })).toEqual([
      'listen.1.access.mode: open lets every machine that reaches listen.1.host use the accounts, accepted: keys, a loopback listen.1.host, or listen.1.access.allowRemoteOpen: true',
    ]);
    expect(listenersOf({ listen, moreListeners })).toHaveLength(4);
    expect(accessAt(moreListeners[1]!, access()).mode).toBe('open');
    expect(accessAt(listen, access()).mode).toBe('keys');
  });

  it('need a base for links where other machines could choose one', () => {
    const listen = listener({ host: '0.0.0.0' });
    expect(problems({ listen })).toEqual([
      'publicUrl: is missing: other machines reach listen.host, and links must not be made from whatever Host they send, accepted: the base URL of this gateway, or the names it has in allowedHosts',
    ]);
    expect(problems({ listen, allowedHosts: [] })).toHaveLength(1);
    expect(problems({ listen, allowedHosts: ['sluice.example'] })).toEqual([]);
    expect(problems({ listen, publicUrl: 'https://sluice.example' })).toEqual([]);
  });

  it('name trusted proxies by address', () => {
    expect(problems({ trustProxy: ['10.0.0.0/8', 'proxy.example', '10.0.0.0/99'] })).toEqual([
      'trustProxy.1: is no address or network, accepted: an address or a network such as 10.0.0.0/8',
      'trustProxy.2: has no prefix length from 0 to 32, accepted: an address or a network such as 10.0.0.0/8',
    ]);
  });

  it('have a client where keys are asked for, if nothing else lets anybody in', () => {
    const none = access({ clients: [] });
    expect(problems({ access: none })).toEqual([
      'access.clients: is empty although keys are asked for, accepted: at least one client (`sluice new-key NAME` prints one)',
    ]);
    expect(problems({ access: { ...none, passThrough: true } })).toEqual([]);
    expect(problems({ access: { ...none, passThrough: { proofTtl: 5 } } })).toEqual([]);
  });

  it('say nothing about what the schema has refused already', () => {
    const broken = {
      listen: undefined,
      access: { clients: 'x' },
      trustProxy: 5,
      accounts: 7,
      facade: undefined,
    };
    const paths = ['listen', 'access', 'trustProxy', 'accounts', 'facade'];
    expect(problems(broken as unknown as Partial<AccessConfig>, paths)).toEqual([]);
    const lost = [null, clientSettings('b')] as unknown as ClientSettings[];
    expect(problems({ access: access({ clients: lost }) }, ['access.clients.0'])).toHaveLength(1);
    const clients = [clientSettings('a', { keyHash: 'x' }), clientSettings('b')];
    expect(problems({ access: access({ clients }) }, ['access.clients.0.keyHash'])).toEqual([
      expect.stringContaining('access.clients.1: has no key'),
    ]);
  });
});

describe('the settings of a client', () => {
  it('are names of their own', () => {
    const clients = [
      clientSettings('billing', { keyHash: HASH }),
      clientSettings('Billing', { keyHash: OTHER_HASH }),
    ];
    expect(problems({ access: access({ clients }) })).toEqual([
      'access.clients.1.name: is used twice, accepted: a name of its own',
    ]);
  });

  it('have a key, unless keys come from elsewhere', () => {
    const clients = [clientSettings('billing')];
    expect(problems({ access: access({ clients }) })).toEqual([
      'access.clients.0: has no key, accepted: keyHash, keys or certificates (`sluice new-key NAME` prints a key and its hash)',
    ]);
    expect(problems({ access: access({ clients, keysDir: '/run/keys' }) })).toEqual([]);
    expect(problems({ access: access({ clients, keysVariable: 'KEYS' }) })).toEqual([]);
  });

  it('have hashes and ends that can be read, and nothing of them is repeated', () => {
    const keys = [
      { hash: 'hunter2', notAfter: null },
      { hash: OTHER_HASH, notAfter: 'hunter2-day' },
      {
        hash: 'scrypt:1048576:8:1:c2FsdHNhbHRzYWx0c2FsdA:aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g',
        notAfter: null,
      },
    ];
    const found = withClient({ keys });
    expect(found).toEqual([
      expect.stringMatching(/^access\.clients\.0\.keys\.0\.hash: is no hash of a key/),
      expect.stringMatching(/^access\.clients\.0\.keys\.1\.notAfter: is no date/),
      expect.stringMatching(/^access\.clients\.0\.keys\.2\.hash: has scrypt parameters that cost too much/),
    ]);
    expect(found.join()).not.toContain('hunter2');
  });

  it('share no key and no certificate with another', () => {
    const clients = [
      clientSettings('a', { keyHash: HASH, certificates: ['CN=a'] }),
      clientSettings('b', {
        keyHash: OTHER_HASH,
        keys: [
          { hash: HASH.replace(/[a-f]+$/, (end) => end.toUpperCase()), notAfter: null },
          { hash: OTHER_HASH, notAfter: null },
        ],
        certificates: ['CN=a'],
      }),
    ];
    expect(problems({ listen: listener({ tls: TLS }), access: access({ clients }) })).toEqual([
      'access.clients.1.keys.0.hash: is that of access.clients.0 too, accepted: one of its own for each client',
      'access.clients.1.keys.1.hash: is there twice, accepted: each once',
      'access.clients.1.certificates.0: is that of access.clients.0 too, accepted: one of its own for each client',
    ]);
  });

  it('call their keys by names of their own', () => {
    const keys = [
      { hash: OTHER_HASH, name: 'x', notAfter: null },
      { hash: hashClientKey(generateClientKey('c')), name: 'x', notAfter: null },
    ];
    expect(withClient({ keys })).toEqual([
      'access.clients.0.keys.1.name: is used twice, accepted: a name of its own',
    ]);
  });

  it('name accounts and regions there are', () => {
    expect(withClient({ accounts: ['main', 'mian', 'Main'], regions: ['dfw', 'LON', 'IAD'] })).toEqual([
      'access.clients.0.accounts.1: is no account of this configuration (did you mean main?), accepted: main, lab',
      'access.clients.0.accounts.2: is no account of this configuration (did you mean main?), accepted: main, lab',
      'access.clients.0.regions.2: is no region of this configuration, accepted: DFW, ORD, LON',
    ]);
    const accounts = [{ name: 'main', regions: null }];
    const clients = [clientSettings('a', { keyHash: HASH, regions: ['IAD'] })];
    expect(problems({ accounts, access: access({ clients }) })).toEqual([]);
  });

  it('name services that are served', () => {
    expect(withClient({ services: ['compute', 'image', 'volumev3', 'network'] })).toEqual([]);
    expect(withClient({ services: ['compte', 'identity'] })).toEqual([
      'access.clients.0.services.0: is no service that is served here (did you mean compute?), accepted: compute, and the types that facade.services serves',
      'access.clients.0.services.1: is no service that is served here, accepted: compute, and the types that facade.services serves',
    ]);
  });

  it('name operations there are, or globs that mean some', () => {
    expect(
      withClient({ allow: ['*', 'list*', 'other', 'reboot'], deny: ['*Image', 'deleteServer'] }),
    ).toEqual([]);
    const found = withClient({ allow: ['listServer'], deny: ['delete*Flavor', 'os-keypairs'] });
    expect(found).toHaveLength(3);
    expect(found[0]).toMatch(
      /^access\.clients\.0\.allow\.0: is no operation \(did you mean listServers\?\), accepted: the name of one, or a glob such as list\*$/,
    );
    expect(found[1]).toMatch(/^access\.clients\.0\.deny\.0: matches no operation, accepted: /);
    expect(found[2]).toMatch(/^access\.clients\.0\.deny\.1: is no operation, accepted: /);
  });

  it('have limits that could be about something', () => {
    const limits = [
      { verb: 'get', uri: '*', value: 1, unit: 'DAY' },
      { verb: 'FETCH', uri: 'servers', value: 1, unit: 'DAY' },
    ] as const;
    expect(withClient({ limits: [...limits] })).toEqual([
      'access.clients.0.limits.1.verb: is no method, accepted: one of ALL, GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
      'access.clients.0.limits.1.uri: is no path, accepted: a text that begins with / or *',
    ]);
  });

  it('have certificates where a listener asks for some', () => {
    const clients = [clientSettings('a', { certificates: ['CN=a', 'a'] })];
    expect(problems({ access: access({ clients }) })).toEqual([
      'access.clients.0.certificates: is set, but no listener asks for certificates, accepted: a listener with tls.clientCaFile, or none here',
    ]);
    expect(problems({ listen: listener({ tls: TLS }), access: access({ clients }) })).toEqual([
      'access.clients.0.certificates.1: is no name of a certificate, accepted: CN=name, DNS:name, URI:uri, EMAIL:address or IP:address',
    ]);
  });
});
