import { describe, expect } from 'vitest';
import { type Answered, ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';

const PATHS = ['/dfw/v2/700100/images', '/dfw/v2/700100/flavors', '/ord/v2/700100/images'];

const { it, gateway } = scenario('test', {
  regions: ['DFW', 'ORD'],
  async begin() {
    for (const path of PATHS) await ask(gateway.url + path);
  },
});

const purge = (filter?: object): Promise<Answered> =>
  ask(`${gateway.adminUrl}/admin/cache/purge`, {
    method: 'POST',
    ...(filter === undefined
      ? {}
      : { body: JSON.stringify(filter), headers: { 'content-type': 'application/json' } }),
  });

async function kept(): Promise<string[]> {
  const held: string[] = [];
  for (const path of PATHS) if ((await ask(gateway.url + path)).headers['x-cache'] === 'HIT') held.push(path);
  return held;
}

describe('POST /admin/cache/purge drops', () => {
  it.each<[string, object | undefined, number, string[]]>([
    ['everything when nothing is named', undefined, 3, []],
    ['everything for an empty filter', {}, 3, []],
    ['one resource', { resource: 'images' }, 2, [PATHS[1]!]],
    ['one region', { region: 'DFW' }, 2, [PATHS[2]!]],
    ['one resource of one region', { region: 'DFW', resource: 'images' }, 1, [PATHS[1]!, PATHS[2]!]],
    ['one account', { account: 'main' }, 3, []],
    ['nothing of an account that is not there', { account: 'other' }, 0, PATHS],
  ])('%s', async (_what, filter, purged, left) => {
    const { status, json } = await purge(filter);
    expect(status).toBe(200);
    expect(json()).toEqual({ purged });
    expect(await gateway.metric('sluice_cache_invalidations_total', { cause: 'purge' })).toBe(purged);
    expect(await gateway.metric('sluice_cache_entries')).toBe(left.length);
    expect(await kept()).toEqual(left);
  });

  it('a region named as callers may write it, in lower case', async () => {
    expect((await purge({ region: 'dfw' })).json()).toEqual({ purged: 2 });
  });

  it('nothing when the filter is not understood, and says so', async () => {
    for (const filter of [{ resource: 'servers' }, { regions: 'DFW' }, { region: 7 }]) {
      const { status } = await purge(filter);
      expect(status, JSON.stringify(filter)).toBe(400);
    }
    expect(await kept()).toEqual(PATHS);
  });
});

it('the purge is not for callers', async () => {
  const { status } = await ask(`${gateway.url}/admin/cache/purge`, { method: 'POST' });
  expect(status).toBe(404);
  expect(await kept()).toEqual(PATHS);
});
