import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Tree } from '../../src/settings/tree.ts';
import { ask } from '../support/ask.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { connectRaw, type RawAnswer, type RawConnection } from '../support/raw-connection.ts';
import {
  ACCOUNTS,
  type AccountName,
  NAMES,
  type SecretAccounts,
  startSecretAccounts,
} from '../support/secret-accounts.ts';
import { json } from '../support/stub-answers.ts';

/** As long as the others, so that answers have the same length. */
const NOBODYS = '700999';

const GRANTS = {
  plum: ['main'],
  pear: ['other'],
  both: ['main', 'other'],
} as const satisfies Record<string, readonly AccountName[]>;
type ClientName = keyof typeof GRANTS;
const CLIENTS = Object.keys(GRANTS) as ClientName[];
const clients = {
  plum: testClient('plum', { accounts: ['main'] }),
  pear: testClient('pear', { accounts: ['other'] }),
  both: testClient('both'),
};

/** What is asked for below a tenant: cached, derived from what is cached, not cached, streamed, versions. */
const PATHS = [
  '/flavors/detail',
  '/flavors',
  '/flavors/2',
  '/images/detail',
  '/images/i1',
  '/servers',
  '/servers/s1',
  '/os-keypairs',
  '',
] as const;
type Path = (typeof PATHS)[number];

let clouds: SecretAccounts;
let gateway: TestGateway;
/** Few, so that everybody comes by every connection. */
let connections: RawConnection[];

const keysOf = (names: readonly ClientName[]): Tree => keysMode(names.map((name) => clients[name]));

beforeAll(async () => {
  clouds = await startSecretAccounts();
  clouds.service.on('GET /v2/notes', json({ notes: 'of a service that both have' }));
  gateway = await startGateway({
    identityUrl: '',
    settings: {
      accounts: clouds.settings,
      limits: { enabled: false },
      listen: { regions: { DFW: 0 } },
      ...keysOf(CLIENTS),
    },
  });
  connections = await Promise.all([1, 2, 3].map(() => connectRaw(gateway.url)));
});

afterAll(async () => {
  for (const connection of connections) connection.close();
  await gateway.close();
  await clouds.close();
});

interface Read {
  kind: 'read';
  client: ClientName | 'nobody';
  tenant: string;
  path: Path;
  /** How it is asked for, and in which form. */
  form: 'json' | 'xml' | 'suffix';
  base: '/dfw/v2/' | '/v2/' | '/all/v2/' | '/dfw/';
  shown: 'key' | 'bearer' | 'token';
  connection: number;
  /** With the tag of whoever read that path last. */
  isConditional: boolean;
  /** Without this one the request is too odd for the fast path. */
  isPlain: boolean;
}
type Step =
  | Read
  /** Several at once, on connections of their own: they share fetches. */
  | { kind: 'together'; reads: Read[] }
  | { kind: 'purge' }
  | { kind: 'write'; client: ClientName; tenant: string }
  | { kind: 'reload'; clients: ClientName[] }
  | { kind: 'returnToken'; client: ClientName };

const read: fc.Arbitrary<Read> = fc.record({
  kind: fc.constant('read' as const),
  client: fc.constantFrom(...CLIENTS, 'nobody' as const),
  tenant: fc.constantFrom(ACCOUNTS.main.tenant, ACCOUNTS.other.tenant, NOBODYS),
  path: fc.constantFrom(...PATHS),
  form: fc.constantFrom('json' as const, 'xml' as const, 'suffix' as const),
  base: fc.constantFrom('/dfw/v2/' as const, '/v2/' as const, '/all/v2/' as const, '/dfw/' as const),
  shown: fc.constantFrom('key' as const, 'bearer' as const, 'token' as const),
  connection: fc.nat(2),
  isConditional: fc.boolean(),
  isPlain: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: read },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('together' as const),
      reads: fc.tuple(read, fc.array(read, { minLength: 1, maxLength: 5 })).map(([first, others]) =>
        // Of the same thing, mostly: that is what is shared.
        [first, ...others.map((other) => ({ ...other, path: first.path, base: first.base }))],
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'purge' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      client: fc.constantFrom(...CLIENTS),
      tenant: fc.constantFrom(ACCOUNTS.main.tenant, ACCOUNTS.other.tenant, NOBODYS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reload' as const),
      clients: fc.subarray([...CLIENTS], { minLength: 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('returnToken' as const), client: fc.constantFrom(...CLIENTS) }),
  },
);

/** What the test knows of the world. */
class World {
  present = new Set<ClientName>(CLIENTS);
  readonly tokens = new Map<ClientName, string>();
  readonly returned = new Set<ClientName>();
  /** Tags by path, whoever saw them. */
  readonly tags = new Map<string, string>();
}

const accountOf = (tenant: string) => NAMES.find((name) => ACCOUNTS[name].tenant === tenant);

/** 200, or how it is refused. */
function expected(
  world: World,
  { client, tenant, shown }: Pick<Read, 'client' | 'tenant' | 'shown'>,
): number {
  if (client === 'nobody' || !world.present.has(client)) return 401;
  if (shown === 'token' && world.returned.has(client)) return 401;
  const account = accountOf(tenant);
  const grant: readonly AccountName[] = GRANTS[client];
  return account !== undefined && grant.includes(account) ? 200 : 404;
}

function headersOf(world: World, one: Read): Record<string, string> {
  const { client, shown, form, isConditional, isPlain, path } = one;
  const key = client === 'nobody' ? testClient('plum').key : clients[client].key;
  const token = client === 'nobody' ? 'sluice_token_made-up' : world.tokens.get(client)!;
  const tag = world.tags.get(path);
  return {
    ...(shown === 'bearer'
      ? { Authorization: `Bearer ${key}` }
      : { 'X-Auth-Token': shown === 'key' ? key : token }),
    ...(form === 'xml' ? { Accept: 'application/xml' } : {}),
    ...(isConditional && tag !== undefined ? { 'If-None-Match': tag } : {}),
    ...(isPlain ? {} : { Connection: 'keep-alive' }),
  };
}

const urlOf = ({ base, tenant, path, form }: Read): string =>
  `${base}${tenant}${path}${form === 'suffix' && path !== '' ? '.xml' : ''}`;

/** Everything that two answers must have in common, the ids of requests and the date left out. */
function bytesOf({ status, fields, body }: RawAnswer, tenant: string): string {
  const lines = fields
    .filter(([name]) => !/^(?:date|x-(?:compute|openstack)-request-id)$/i.test(name))
    .map(([name, value]) => `${name}: ${value}`);
  return [status, ...lines, '', body].join('\n').replaceAll(tenant, 'TENANT');
}

const requestsUpstream = (): number =>
  NAMES.reduce(
    (sum, name) =>
      sum +
      clouds.upstreams[name].region('DFW').requests().length +
      clouds.upstreams[name].identity.requests().length,
    clouds.service.requests().length,
  );

/** The secrets that stand in an answer and are none of this client's. */
function leaksIn({ fields, body }: RawAnswer, client: ClientName | 'nobody', tenant: string): string[] {
  const text = JSON.stringify(fields) + body;
  const grant: readonly AccountName[] = client === 'nobody' ? [] : GRANTS[client];
  return NAMES.filter((name) => !grant.includes(name)).flatMap((name) => [
    ...(text.includes(ACCOUNTS[name].secret) ? [ACCOUNTS[name].secret] : []),
    // It wrote the tenant itself, and is told so.
    ...(tenant !== ACCOUNTS[name].tenant && text.includes(ACCOUNTS[name].tenant)
      ? [ACCOUNTS[name].tenant]
      : []),
  ]);
}

async function check(world: World, one: Read, connection: RawConnection, isAlone: boolean): Promise<void> {
  const want = expected(world, one);
  const headers = headersOf(world, one);
  const before = requestsUpstream();
  const answer = await connection.ask(urlOf(one), headers);
  const what = `${one.client} (${one.shown}) ${urlOf(one)}`;
  expect([what, leaksIn(answer, one.client, one.tenant)]).toEqual([what, []]);
  // Lists of every region, and bookmarks of what has none, are not there for all of these.
  const isOdd = one.base === '/all/v2/' || one.base === '/dfw/';
  const got = answer.status === 304 ? 200 : answer.status;
  if (!isOdd || want !== 200) expect([what, got]).toEqual([what, want]);
  const tag = answer.field('etag');
  if (tag !== undefined) world.tags.set(one.path, tag);
  if (want === 200 || !isAlone) return;
  expect([what, requestsUpstream()]).toEqual([what, before]);
  if (want !== 404 || one.tenant === NOBODYS) return;
  const twin = { ...one, tenant: NOBODYS };
  const nobodys = await connection.ask(urlOf(twin), headers);
  expect(bytesOf(answer, one.tenant)).toBe(bytesOf(nobodys, NOBODYS));
}

async function take(world: World, one: Step): Promise<void> {
  switch (one.kind) {
    case 'read':
      return check(world, one, connections[one.connection]!, true);
    case 'together': {
      const own = await Promise.all(one.reads.map(() => connectRaw(gateway.url)));
      await Promise.all(one.reads.map((each, index) => check(world, each, own[index]!, false)));
      for (const connection of own) connection.close();
      return;
    }
    case 'purge':
      await ask(`${gateway.adminUrl}/admin/cache/purge`, { method: 'POST' });
      return;
    case 'write': {
      const want = expected(world, { ...one, shown: 'key' });
      const before = requestsUpstream();
      const { status } = await connections[0]!.ask(
        `/dfw/v2/${one.tenant}/images/i1`,
        { 'X-Auth-Token': clients[one.client].key },
        'DELETE',
      );
      expect([one, status]).toEqual([one, want === 200 ? 204 : want]);
      if (want !== 200) expect(requestsUpstream()).toBe(before);
      return;
    }
    case 'reload':
      await gateway.reload(keysOf(one.clients));
      world.present = new Set(one.clients);
      return;
    case 'returnToken': {
      const wasGood = world.present.has(one.client) && !world.returned.has(one.client);
      const { status } = await ask(`${gateway.url}/v2.0/tokens/${world.tokens.get(one.client)}`, {
        method: 'DELETE',
        headers: clients[one.client].headers,
      });
      if (wasGood) expect(status).toBe(204);
      if (wasGood) world.returned.add(one.client);
    }
  }
}

async function newWorld(): Promise<World> {
  const world = new World();
  await gateway.reload(keysOf(CLIENTS));
  for (const name of CLIENTS) world.tokens.set(name, (await login(name)).token!);
  for (const name of NAMES) {
    clouds.upstreams[name].region('DFW').forget();
    clouds.upstreams[name].identity.forget();
  }
  return world;
}

async function login(
  name: ClientName,
  scope: object = {},
): Promise<{ answer: RawAnswer; token: string | undefined }> {
  const auth = { passwordCredentials: { username: name, password: clients[name].key }, ...scope };
  const answer = await connections[0]!.ask(
    '/v2.0/tokens',
    { 'Content-Type': 'application/json' },
    'POST',
    JSON.stringify({ auth }),
  );
  if (answer.status !== 200) return { answer, token: undefined };
  const { access } = JSON.parse(answer.body) as { access: { token: { id: string } } };
  return { answer, token: access.token.id };
}

it('nobody learns anything of another’s account, whoever was here before, whatever is cached or under way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      const world = await newWorld();
      for (const one of steps) await take(world, one);
    }),
    { seed: 12, numRuns: 12, endOnFailure: true },
  );
}, 60_000);

/** Ways to name somebody else's tenant that are not below it; each sends the tenant it is given and nothing else of it. */
const ELSEWHERE: [
  what: string,
  method: string,
  path: (tenant: string) => string,
  body?: (tenant: string) => object,
][] = [
  ['a list of every region', 'GET', (tenant) => `/all/v2/${tenant}/servers`],
  ['an action', 'POST', (tenant) => `/dfw/v2/${tenant}/servers/s1/action`, () => ({ confirmResize: null })],
  ['a method that there is not', 'PATCH', (tenant) => `/dfw/v2/${tenant}/servers/s1`],
  ['an unknown region', 'GET', (tenant) => `/nowhere/v2/${tenant}/servers`],
  ['a project of v3', 'GET', (tenant) => `/v3/projects/${tenant}`],
  [
    'a login of v2.0',
    'POST',
    () => '/v2.0/tokens',
    (tenant) => ({
      auth: { passwordCredentials: { username: 'plum', password: clients.plum.key }, tenantId: tenant },
    }),
  ],
  [
    'a login of v2.0 by the tenant’s name',
    'POST',
    () => '/v2.0/tokens',
    (tenant) => ({
      auth: {
        'RAX-KSKEY:apiKeyCredentials': { username: 'plum', apiKey: clients.plum.key },
        tenantName: tenant,
      },
    }),
  ],
  [
    'a login of v3',
    'POST',
    () => '/v3/auth/tokens',
    (tenant) => ({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'plum', domain: { id: 'default' }, password: clients.plum.key } },
        },
        scope: { project: { id: tenant } },
      },
    }),
  ],
];

it.each(ELSEWHERE)(
  '%s is answered for another’s tenant as for one that is nobody’s',
  async (_what, method, path, body) => {
    await newWorld();
    for (const headers of [{}, { Accept: 'application/xml' }]) {
      const before = requestsUpstream();
      const answers = await Promise.all(
        [ACCOUNTS.other.tenant, NOBODYS].map(async (tenant) => {
          const connection = await connectRaw(gateway.url);
          const answer = await connection.ask(
            path(tenant),
            { 'Content-Type': 'application/json', 'X-Auth-Token': clients.plum.key, ...headers },
            method,
            body === undefined ? '' : JSON.stringify(body(tenant)),
          );
          connection.close();
          expect(leaksIn(answer, 'plum', tenant)).toEqual([]);
          return bytesOf(answer, tenant);
        }),
      );
      expect(answers[0]).toBe(answers[1]);
      expect(answers[0]).toMatch(/^40[1345]/);
      expect(requestsUpstream()).toBe(before);
    }
  },
);

it.each(CLIENTS)('%s is told of its own tenants and services alone', async (name) => {
  await newWorld();
  const token = (await login(name)).token!;
  for (const path of [
    '/v2.0/tenants',
    '/v3/projects',
    '/v3/auth/projects',
    '/v3/auth/catalog',
    `/v2.0/tokens/${token}`,
  ])
    for (const headers of [{}, { Accept: 'application/xml' }]) {
      const answer = await connections[1]!.ask(path, { 'X-Auth-Token': token, ...headers });
      expect([path, answer.status, leaksIn(answer, name, '')]).toEqual([path, 200, []]);
    }
  expect(leaksIn((await login(name)).answer, name, '')).toEqual([]);
});

it('a refusal names tenants and accounts of the caller’s own alone, to whoever shows no key none', async () => {
  await newWorld();
  for (const path of [
    '/dfw/v2/nobody/servers',
    '/nowhere/v2/700999/servers',
    '/all/v2/1/images',
    '/nowhere',
    '/nowhere/v2',
  ])
    for (const client of ['plum', 'pear', 'nobody'] as const) {
      const headers = client === 'nobody' ? {} : { 'X-Auth-Token': clients[client].key };
      const answer = await connections[2]!.ask(path, headers);
      expect([path, client, leaksIn(answer, client, '')]).toEqual([path, client, []]);
    }
});

it('a caller waits for no account but its own, and hears of no other that cannot log in', async () => {
  const gate = clouds.upstreams.other.identity.hold('POST /tokens');
  const accounts = clouds.settings.toReversed();
  const halfReady = await startGateway({
    identityUrl: '',
    untilReady: false,
    settings: { accounts, limits: { enabled: false }, ...keysOf(CLIENTS) },
  });
  try {
    await gate.arrived(1);
    const get = (path: string) => ask(halfReady.url + path, { headers: clients.plum.headers });
    expect((await get(`/dfw/v2/${ACCOUNTS.main.tenant}/servers`)).status).toBe(200);
    expect((await get('/dfw/v2/-/servers')).status).toBe(200);
    const [others, nobodys] = await Promise.all(
      [ACCOUNTS.other.tenant, NOBODYS].map(async (tenant) => {
        const { status, text } = await get(`/dfw/v2/${tenant}/servers`);
        return `${status} ${text.replaceAll(tenant, 'TENANT')}`;
      }),
    );
    expect(others).toBe(nobodys);
    expect(others).toMatch(/^404 /);
    const tenants = await get('/v2.0/tenants');
    expect(tenants.json<{ tenants: unknown[] }>().tenants).toHaveLength(1);
  } finally {
    gate.open();
    await halfReady.close();
  }
});
