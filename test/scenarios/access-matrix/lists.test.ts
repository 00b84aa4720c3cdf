import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRaw } from '../../support/raw-connection.ts';
import { type Attempt, Attempts } from './attempt.ts';
import { ACCOUNTS, accountsOf, CALLERS, expected, NAMES } from './grants.ts';
import { type Asked, LISTS } from './operations.ts';
import { type Shown, Tokens } from './tokens.ts';
import { createWorld, type ListenerName } from './world.ts';

const world = createWorld();
const attempts = new Attempts(world);
const tokens = new Tokens();
beforeAll(() => tokens.logIn(world.url('keys')));
afterAll(() => attempts.close());

/** Every way to a list of every region. */
const WAYS: readonly { name: string; listener: ListenerName; shown: Shown; isOwn: boolean }[] = [
  { name: 'kept-alive', listener: 'keys', shown: 'key', isOwn: false },
  { name: 'Node', listener: 'node', shown: 'bearer', isOwn: false },
  { name: 'TLS', listener: 'tls', shown: 'v3 token', isOwn: false },
  { name: 'second listener', listener: 'second', shown: 'v2.0 token', isOwn: false },
  { name: 'beside pass-through', listener: 'passing', shown: 'key', isOwn: false },
  { name: '- by token', listener: 'keys', shown: 'v2.0 token', isOwn: true },
];

describe.each(CALLERS)('$name', (caller) => {
  it.each(NAMES)(
    'finds the regions of its grant, and no other, in every list of account %s',
    async (account) => {
      const { tenant, regions } = ACCOUNTS[account];
      const wantedOf = (asked: Asked) =>
        regions.map((region) => expected(caller, asked, { account, region }, 'compute'));
      const all = WAYS.flatMap(({ name, listener, shown, isOwn }) =>
        LISTS.map((asked): Attempt => {
          const each = wantedOf(asked);
          const isGiven = accountsOf(caller).includes(account);
          return {
            way: name,
            url: world.url(listener),
            path: `/all/v2/${isOwn ? '-' : tenant}${asked.path}?limit=1000`,
            headers: tokens.show(caller, shown, account),
            asked,
            want: shown.endsWith('token') && !isGiven ? 401 : each.includes(200) ? 200 : each[0]!,
          };
        }),
      );
      const wrong = await attempts.make(all);
      // What each region was asked for is what stands in the list.
      for (const { url, path, headers, asked, want } of all) {
        if (want !== 200 || asked.method === 'HEAD') continue;
        const connection = await connectRaw(url);
        const { body } = await connection.ask(path, headers);
        connection.close();
        for (const [index, wanted] of wantedOf(asked).entries()) {
          const isThere = body.includes(`/${regions[index]!.toLowerCase()}/v2/${tenant}/`);
          if (isThere !== (wanted === 200))
            wrong.push(`${asked.path}: ${regions[index]} is ${isThere ? '' : 'not '}in the list`);
        }
      }
      expect(wrong).toEqual([]);
    },
  );

  it('has those regions asked, and no other', async () => {
    const [servers] = LISTS;
    const headers = tokens.show(caller, 'key', 'main');
    for (const account of NAMES) {
      const { tenant, regions } = ACCOUNTS[account];
      const connection = await connectRaw(world.url('keys'));
      world.forget();
      await connection.ask(`/all/v2/${tenant}/servers`, headers);
      connection.close();
      const reached = regions.filter(
        (region) => world.upstreams[account].region(region).count('GET /servers') > 0,
      );
      expect([account, reached]).toEqual([
        account,
        regions.filter((region) => expected(caller, servers!, { account, region }, 'compute') === 200),
      ]);
    }
  });

  it('may read version documents, whoever it is', async () => {
    const headers = tokens.show(caller, 'key', 'main');
    for (const listener of ['keys', 'node', 'tls', 'second', 'passing'] as const) {
      const connection = await connectRaw(world.url(listener));
      for (const path of ['/', '/v2.0', '/v3', '/dfw', '/dfw/v2', '/dfw/v2/', '/all/v2'])
        expect([listener, path, (await connection.ask(path, headers)).status]).toEqual([listener, path, 200]);
      connection.close();
    }
  });
});
