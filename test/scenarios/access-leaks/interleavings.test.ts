import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask } from '../../support/ask.ts';
import { testClient } from '../../support/clients.ts';
import { connectRaw, type RawConnection } from '../../support/raw-connection.ts';
import { ACCOUNTS, type AccountName, NAMES } from '../../support/secret-accounts.ts';
import { json } from '../../support/stub-answers.ts';
import {
  bytesOf,
  CLIENTS,
  type ClientName,
  clients,
  GRANTS,
  keysOf,
  leaksIn,
  login,
  NOBODYS,
  openStage,
  requestsTo,
  type Stage,
} from './stage.ts';

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

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({ listen: { regions: { DFW: 0 } }, ...keysOf(CLIENTS) });
  stage.clouds.service.on('GET /v2/notes', json({ notes: 'of a service that both have' }));
});

afterAll(() => stage.close());

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

const requestsUpstream = () => requestsTo(stage.clouds);

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
      return check(world, one, stage.connections[one.connection]!, true);
    case 'together': {
      const own = await Promise.all(one.reads.map(() => connectRaw(stage.gateway.url)));
      await Promise.all(one.reads.map((each, index) => check(world, each, own[index]!, false)));
      for (const connection of own) connection.close();
      return;
    }
    case 'purge':
      await ask(`${stage.gateway.adminUrl}/admin/cache/purge`, { method: 'POST' });
      return;
    case 'write': {
      const want = expected(world, { ...one, shown: 'key' });
      const before = requestsUpstream();
      const { status } = await stage.connections[0]!.ask(
        `/dfw/v2/${one.tenant}/images/i1`,
        { 'X-Auth-Token': clients[one.client].key },
        'DELETE',
      );
      expect([one, status]).toEqual([one, want === 200 ? 204 : want]);
      if (want !== 200) expect(requestsUpstream()).toBe(before);
      return;
    }
    case 'reload':
      await stage.gateway.reload(keysOf(one.clients));
      world.present = new Set(one.clients);
      return;
    case 'returnToken': {
      const wasGood = world.present.has(one.client) && !world.returned.has(one.client);
      const { status } = await ask(`${stage.gateway.url}/v2.0/tokens/${world.tokens.get(one.client)}`, {
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
  await stage.gateway.reload(keysOf(CLIENTS));
  for (const name of CLIENTS) world.tokens.set(name, (await login(stage, name)).token!);
  for (const name of NAMES) {
    stage.clouds.upstreams[name].region('DFW').forget();
    stage.clouds.upstreams[name].identity.forget();
  }
  return world;
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
