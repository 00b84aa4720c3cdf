import { beforeAll, describe, expect, it } from 'vitest';
import { connectRaw, type RawAnswer } from '../../support/raw-connection.ts';
import { ACCOUNTS, accountsOf, CALLERS, type Caller, exists, NAMES, type Place, REGIONS } from './grants.ts';
import { SERVICES } from './operations.ts';
import { LOGIN_FORMS, logIn, RENEWALS, Tokens } from './tokens.ts';
import { createWorld } from './world.ts';

const world = createWorld();
const tokens = new Tokens();
beforeAll(() => tokens.logIn(world.url('keys')));

const LISTENERS = ['keys', 'tls', 'second', 'passing'] as const;
/** By type in the catalog, what a grant calls it. */
const TYPES: ReadonlyMap<string, string> = new Map(
  [...SERVICES, { type: 'compute', service: 'compute' }].map(({ type, service }) => [type, service]),
);

/** What the catalog may show of an account: services and regions as the grant names them. */
function shownTo({ grant }: Caller, account: Place['account']): string[] {
  const seen = REGIONS.filter((region) => exists({ account, region })).filter(
    (region) => grant!.regions?.some((one) => one.toUpperCase() === region) ?? true,
  );
  const services = [...TYPES].filter(
    ([, service]) => grant!.services?.some((one) => one === service) ?? true,
  );
  return services.flatMap(([type]) => seen.map((region) => `${type} ${region}`)).sort();
}

interface Catalog {
  type: string;
  endpoints: { region: string; publicURL?: string; url?: string; interface?: string }[];
}

/** The same of a document of either version. Other services that a catalog lists are not asked about here. */
function shownIn(body: string): string[] {
  const { access, token, catalog } = JSON.parse(body) as {
    access?: { serviceCatalog: Catalog[] };
    token?: { catalog: Catalog[] };
    catalog?: Catalog[];
  };
  const services = access?.serviceCatalog ?? token?.catalog ?? catalog ?? [];
  const shown = services
    .filter(({ type }) => TYPES.has(type))
    .flatMap(({ type, endpoints }) => endpoints.map(({ region }) => `${type} ${region}`));
  return [...new Set(shown)].sort();
}

async function get(url: string, path: string, headers: Record<string, string>): Promise<RawAnswer> {
  const connection = await connectRaw(url);
  const answer = await connection.ask(path, headers);
  connection.close();
  return answer;
}

const isOwn = (caller: Caller, account: Place['account']) => accountsOf(caller).includes(account);

describe.each(CALLERS)('$name', (caller) => {
  const name = caller.client?.name ?? 'everything';
  const secret = caller.client?.key ?? 'none';

  it.each(NAMES)(
    'logs in to account %s in every form if it has it, and hears of what is granted there alone',
    async (account) => {
      for (const form of LOGIN_FORMS)
        for (const listener of LISTENERS) {
          const { answer, token } = await logIn(world.url(listener), form, [name, secret], account);
          const what = `${form.name} at ${listener}: ${answer.status}`;
          expect([what, token !== undefined]).toEqual([what, isOwn(caller, account)]);
          if (token === undefined) expect([what, answer.status]).toEqual([what, 401]);
          else expect([what, shownIn(answer.body)]).toEqual([what, shownTo(caller, account)]);
        }
    },
  );

  it.each(NAMES)('exchanges its token for one of account %s only if that is its own', async (account) => {
    const [own] = accountsOf(caller);
    const held = own === undefined ? 'sluice_token_of-nobody' : tokens.of(caller, 'v2.0 token', own)!;
    for (const form of RENEWALS) {
      const { answer, token } = await logIn(world.url('second'), form, ['', held], account);
      const what = `${form.name}: ${answer.status}`;
      expect([what, token !== undefined]).toEqual([what, isOwn(caller, account)]);
      if (token !== undefined) expect([what, shownIn(answer.body)]).toEqual([what, shownTo(caller, account)]);
    }
  });

  it.each(NAMES)('may look at its tokens of account %s, and at no made-up one', async (account) => {
    const headers = tokens.show(caller, 'key', account);
    for (const [shown, path] of [
      ['v2.0 token', '/v2.0/tokens/'],
      ['v3 token', '/v3/auth/tokens'],
    ] as const) {
      const token = tokens.of(caller, shown, account) ?? 'sluice_token_of-nobody';
      const isV3 = shown === 'v3 token';
      const subject = isV3 ? { 'X-Subject-Token': token } : {};
      const { status, body } = await get(world.url('keys'), isV3 ? path : path + token, {
        ...headers,
        ...subject,
      });
      // What is shown has to be good; who shows nothing may ask about what it has.
      const isNobodys = caller.grant === undefined && Object.keys(headers).length > 0;
      const refused = isNobodys ? 401 : 404;
      expect([shown, status]).toEqual([shown, isOwn(caller, account) ? 200 : refused]);
      if (status === 200) expect(shownIn(body)).toEqual(shownTo(caller, account));
    }
  });

  it('hears of its own tenants and projects alone', async () => {
    const own = accountsOf(caller).map((account) => ACCOUNTS[account].tenant);
    for (const listener of LISTENERS)
      for (const shown of ['key', 'bearer', 'v2.0 token'] as const) {
        const headers = tokens.show(caller, shown, accountsOf(caller)[0] ?? 'main');
        for (const path of ['/v2.0/tenants', '/v3/projects', '/v3/auth/projects']) {
          const { status, body } = await get(world.url(listener), path, headers);
          const what = `${path} by ${shown} at ${listener}`;
          expect([what, status]).toEqual([what, caller.grant === undefined ? 401 : 200]);
          if (status !== 200) continue;
          const { tenants, projects } = JSON.parse(body) as Record<string, { id: string }[]>;
          expect([what, (tenants ?? projects ?? []).map(({ id }) => id)]).toEqual([what, own]);
        }
      }
    for (const account of NAMES) {
      const path = `/v3/projects/${ACCOUNTS[account].tenant}`;
      const { status } = await get(world.url('keys'), path, tokens.show(caller, 'key', account));
      const want = caller.grant === undefined ? 401 : isOwn(caller, account) ? 200 : 404;
      expect([path, status]).toEqual([path, want]);
    }
  });

  it('is shown what is granted in the catalog of its token’s account', async () => {
    for (const account of NAMES) {
      const { status, body } = await get(
        world.url('tls'),
        '/v3/auth/catalog',
        tokens.show(caller, 'v3 token', account),
      );
      expect([account, status]).toEqual([account, isOwn(caller, account) ? 200 : 401]);
      if (status === 200) expect(shownIn(body)).toEqual(shownTo(caller, account));
    }
  });
});
