import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STUB_CREDENTIALS } from '../../support/stub-identity.ts';
import { type Attempt, Attempts } from './attempt.ts';
import { ACCOUNTS, type AccountName, CALLERS, exists, NAMES, PLACES, type Place } from './grants.ts';
import { type Asked, COMPUTE, SERVICES } from './operations.ts';
import { LOGIN_FORMS, logIn } from './tokens.ts';
import { createWorld, type ListenerName } from './world.ts';

const world = createWorld();
const attempts = new Attempts(world);
afterAll(() => attempts.close());

/** What everybody may do who is asked for nothing, or whose token says it all: whatever there is. */
const wholly = (place: Place) => (exists(place) ? 200 : 404);

const compute = ({ account, region }: Place) => `/${region.toLowerCase()}/v2/${ACCOUNTS[account].tenant}`;
const own = ({ region }: Place) => `/${region.toLowerCase()}/v2/-`;

function all(
  listener: ListenerName,
  base: string,
  asked: readonly Asked[],
  headers: Record<string, string>,
  want: number,
): Attempt[] {
  return asked.map((one) => ({
    way: `${listener} ${base}`,
    url: world.url(listener),
    path: base + one.path,
    headers,
    asked: one,
    want,
  }));
}

describe.each(CALLERS)('at a listener that asks nobody, beside those that do, $name', ({ client }) => {
  it.each(PLACES.filter(({ account }) => account === 'other'))(
    'may do all there is in account $account, region $region',
    async (place) => {
      const headers: Record<string, string> = client === undefined ? {} : { 'X-Auth-Token': client.key };
      const wrong = [
        ...(await attempts.make(all('open', compute(place), COMPUTE, headers, wholly(place)), true)),
        ...(await attempts.make(all('openPassing', compute(place), COMPUTE, headers, wholly(place)), true)),
      ];
      expect(wrong).toEqual([]);
    },
  );
});

/** Callers with tokens of the accounts' own Identity: each has every right of its own account, and no other. */
const OWNERS = ['main', 'other', 'nobody'] as const;
describe.each(OWNERS)('with an upstream token of %s’s own', (owner) => {
  let token = 'an-upstream-token-of-nobody';
  // Many at once that show what is nobody's are told to wait (429), see access-pass-through-tenants.test.ts.
  const isPipelined = owner !== 'nobody';
  beforeAll(async () => {
    if (owner === 'nobody') return;
    const { username, apiKey } = STUB_CREDENTIALS;
    const passing = { ...LOGIN_FORMS[0]!, body: () => loginBody(username, apiKey) };
    const answer = await logIn(
      world.upstreams[owner].identityUrl.replace('/v2.0', ''),
      passing,
      ['', ''],
      owner,
    );
    token = answer.token!;
    expect(token).toMatch(new RegExp(`^token-of-${owner}-`));
  });

  const wantAt = (listener: ListenerName, place: Place): number => {
    // Where nobody is asked, what is no token of Sluice's is anybody's; where keys are asked for, it is none.
    if (listener === 'open') return wholly(place);
    if (listener === 'keys' || listener === 'node' || owner === 'nobody') return 401;
    return place.account === owner ? wholly(place) : 404;
  };

  describe.each(['passing', 'openPassing', 'keys', 'node', 'open'] as const)(
    'at the listener "%s"',
    (listener) => {
      it.each(PLACES)(
        'a caller may do in account $account, region $region, what the token may',
        async (place) => {
          const headers = { 'X-Auth-Token': token };
          const want = wantAt(listener, place);
          const wrong = await attempts.make(
            all(listener, compute(place), COMPUTE, headers, want),
            isPipelined,
          );
          // On a kept-alive connection what is cached is at hand, too.
          const reads = COMPUTE.filter(({ method }) => method === 'GET');
          wrong.push(...(await attempts.make(all(listener, compute(place), reads, headers, want))));
          expect(wrong).toEqual([]);
          if (want === 200 && listener.toLowerCase().endsWith('passing'))
            expect(upstreamTokens(place)).toEqual([token]);
        },
      );
    },
  );

  it.each(['passing', 'openPassing'] as const)(
    'means its own account, and its services, at the listener "%s"',
    async (listener) => {
      const headers = { 'X-Auth-Token': token };
      for (const region of ['DFW', 'ORD'] as const) {
        const place: Place = { account: owner === 'nobody' ? 'main' : owner, region };
        const want = owner === 'nobody' ? 401 : wholly(place);
        const wrong = await attempts.make(all(listener, own(place), COMPUTE, headers, want), isPipelined);
        for (const { type, asked } of SERVICES)
          wrong.push(
            ...(await attempts.make(
              all(listener, `/${region}/services/${type}`, asked, headers, want),
              isPipelined,
            )),
          );
        expect(wrong).toEqual([]);
      }
    },
  );

  it('is shown its own account in lists of every region, and no other', async () => {
    const lists = COMPUTE.filter(
      ({ name, method }) => /^list(?:Servers|Flavors|Images)/.test(name) && method === 'GET',
    );
    const everywhere = lists.filter(({ path }) => !path.includes('/x'));
    for (const account of NAMES) {
      const want = owner === 'nobody' ? 401 : account === owner ? 200 : 404;
      const base = `/all/v2/${ACCOUNTS[account].tenant}`;
      expect(await attempts.make(all('passing', base, everywhere, { 'X-Auth-Token': token }, want))).toEqual(
        [],
      );
    }
  });

  it('is nobody’s once its identity service and its region refuse it', async () => {
    if (owner === 'nobody') return;
    world.upstreams[owner].identity.revokeAll();
    const place: Place = { account: owner, region: 'DFW' };
    const servers = COMPUTE.filter(({ name }) => name === 'getServer');
    const [first] = await attempts.make(
      all('passing', compute(place), servers, { 'X-Auth-Token': token }, 401),
    );
    // The region was asked, whose word it is; from then on nothing is cached for the token.
    expect(first).toMatch(/is refused, yet somebody upstream was asked$/);
    const reads = COMPUTE.filter(({ method, name }) => method === 'GET' && name !== 'getLimits');
    const wrong = await attempts.make(all('passing', compute(place), reads, { 'X-Auth-Token': token }, 401));
    expect(wrong.filter((line) => !line.endsWith('yet somebody upstream was asked'))).toEqual([]);
  });
});

function loginBody(username: string, apiKey: string): object {
  return { auth: { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey } } };
}

/** What regions were shown by whoever asked for what is not cached. */
function upstreamTokens({ account, region }: Place): unknown[] {
  const asked = world.upstreams[account as AccountName].region(region).requests('* /servers/*/*');
  return [...new Set(asked.map(({ headers }) => headers['x-auth-token']))];
}
