import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAST_PATH } from '../../support/gateway.ts';
import { Attempts } from './attempt.ts';
import { CALLERS, CLIENTS, PLACES } from './grants.ts';
import { COMPUTE, SERVICES } from './operations.ts';
import { Tokens } from './tokens.ts';
import { attemptsBy, COMPUTE_WAYS, SERVICE_WAYS, type Way } from './ways.ts';
import { createWorld } from './world.ts';

const world = createWorld();
const attempts = new Attempts(world);
const tokens = new Tokens();
const parts = { world, tokens };

beforeAll(async () => {
  await tokens.logIn(world.url('keys'));
  // What can be in memory is there, for whoever is refused to be refused all the same.
  const [everything] = CLIENTS;
  for (const place of PLACES) {
    const all = attemptsBy(
      COMPUTE_WAYS[0]!,
      { caller: everything!, place, service: 'compute' },
      COMPUTE,
      parts,
    );
    await attempts.make(all.filter(({ asked }) => asked.method === 'GET'));
  }
});
afterAll(() => attempts.close());

const split = (ways: readonly Way[]) => [
  { isPipelined: false, ways: ways.filter(({ isInTurn }) => isInTurn) },
  { isPipelined: true, ways: ways.filter(({ isInTurn }) => !isInTurn) },
];

describe.each(CALLERS)('$name', (caller) => {
  it.each(PLACES)(
    'may do what it was granted in account $account, region $region, by every way in',
    async (place) => {
      const wrong: string[] = [];
      for (const { isPipelined, ways } of split(COMPUTE_WAYS)) {
        const cells = ways.flatMap((way) =>
          attemptsBy(way, { caller, place, service: 'compute' }, COMPUTE, parts),
        );
        wrong.push(...(await attempts.make(cells, isPipelined)));
      }
      expect(wrong).toEqual([]);
    },
  );

  it.each(PLACES)(
    'may do what it was granted of the other services there, in account $account, region $region',
    async (place) => {
      const wrong: string[] = [];
      for (const { isPipelined, ways } of split(SERVICE_WAYS)) {
        const cells = ways.flatMap((way) =>
          SERVICES.flatMap(({ service, type, asked }) =>
            attemptsBy(way, { caller, place, service, type }, asked, parts),
          ),
        );
        wrong.push(...(await attempts.make(cells, isPipelined)));
      }
      expect(wrong).toEqual([]);
    },
  );
});

it('tries the fast path as well', () => {
  if (FAST_PATH) expect(attempts.fast).toBeGreaterThan(500);
  else expect(attempts.fast).toBe(0);
});
