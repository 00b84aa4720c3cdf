import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createCache, type Fetched, type ResponseCache, type Stored } from '../../../src/cache/cache.ts';
import { silentObserver } from '../../../src/cache/observer.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { SharedDouble } from './shared-double.ts';
import { askFor, cacheSettings } from './support.ts';

/**
 * Random interleavings of reads, slow reads, writes, silent changes, expiries, failures and outages of the second
 * level, over several instances and tenants. The reference model is one version number per tenant with the time at
 * which each version ended; from it follows which versions an answer may show.
 */

const TTL_MS = 10_000;
const STALE_MS = 20_000;
const ERROR_MS = 60_000;
const INSTANCES = 3;
const TENANTS = ['t0', 't1'];

/** The truth: what the upstream would say, and since when older versions are not true any more. */
interface Model {
  versions: Map<string, number>;
  /** `tenant version` -> wall ms at which the version ended. */
  endedAt: Map<string, number>;
  /** `instance tenant` -> the oldest version that instance may show since it knows of a write. */
  floors: Map<string, number>;
  /** Writes that were made while the second level was away: other instances learn of them later. */
  untold: Map<string, number>;
  isAway: boolean;
}

interface SlowFetch {
  instance: number;
  tenant: string;
  floor: number;
  result: Promise<Fetched>;
  end: () => void;
}

class World {
  readonly clock = new FakeClock();
  readonly shared = new SharedDouble(this.clock);
  readonly caches: ResponseCache[];
  readonly fetches: SlowFetch[] = [];
  isUpstreamDown = false;

  constructor() {
    const images = {
      ttl: TTL_MS / 1000,
      staleWhileRevalidate: STALE_MS / 1000,
      staleIfError: ERROR_MS / 1000,
    };
    this.caches = Array.from({ length: INSTANCES }, () =>
      createCache({
        settings: cacheSettings({ images }),
        clock: this.clock,
        observe: silentObserver,
        shared: this.shared.open,
      }),
    );
  }
}

const floorOf = (model: Model, instance: number, tenant: string) =>
  model.floors.get(`${instance} ${tenant}`) ?? 0;
const raise = (model: Model, instance: number, tenant: string, version: number) =>
  model.floors.set(`${instance} ${tenant}`, Math.max(version, floorOf(model, instance, tenant)));

const askOf = (tenant: string, item: boolean) => askFor(item ? '/images/a' : '/images', { tenant });

/** The upstream tells the version that holds when it is asked. */
const answerOf = (model: Model, world: World, tenant: string): Stored =>
  world.isUpstreamDown
    ? { status: 503, body: '{}', headers: {} }
    : { status: 200, body: JSON.stringify({ tenant, version: model.versions.get(tenant) }), headers: {} };

/** How long ago a version may have ended for an answer to show it. */
const ALLOWED_MS: Record<string, number> = {
  'stale-while-revalidate': TTL_MS + STALE_MS,
  'stale-if-error': TTL_MS + ERROR_MS,
};

function check(
  model: Model,
  tenant: string,
  floor: number,
  askedAt: number,
  fetched: Pick<Fetched, 'entry' | 'reason'>,
) {
  if (fetched.entry.status !== 200) return;
  const shown = JSON.parse(fetched.entry.body) as { tenant: string; version: number };
  expect(shown.tenant).toBe(tenant);
  expect(shown.version).toBeGreaterThanOrEqual(floor);
  const ended = model.endedAt.get(`${tenant} ${shown.version}`) ?? Number.POSITIVE_INFINITY;
  expect(askedAt - ended).toBeLessThanOrEqual(ALLOWED_MS[fetched.reason] ?? TTL_MS);
}

async function read(
  model: Model,
  world: World,
  instance: number,
  tenant: string,
  item: boolean,
): Promise<void> {
  const cache = world.caches[instance]!;
  const floor = floorOf(model, instance, tenant);
  const askedAt = world.clock.now();
  const lookup = cache.lookup(askOf(tenant, item));
  const load = async () => answerOf(model, world, tenant);
  if (lookup.verdict === 'hit' || lookup.verdict === 'stale') check(model, tenant, floor, askedAt, lookup);
  if (lookup.verdict === 'stale') cache.revalidate(lookup, load);
  if (lookup.verdict !== 'miss') return;
  // A slow fetch may be under way; then this caller waits for it and is checked when it ends.
  const result = cache.fetch(lookup, load);
  world.fetches.push({ instance, tenant, floor, result, end: () => {} });
  await settle();
}

type Command = fc.AsyncCommand<Model, World>;
const command = (name: string, run: (model: Model, world: World) => Promise<void> | void): Command => ({
  check: () => true,
  run: async (model, world) => {
    await run(model, world);
  },
  toString: () => name,
});

const instanceArbitrary = fc.nat(INSTANCES - 1);
const tenantArbitrary = fc.constantFrom(...TENANTS);

const commands = [
  fc
    .tuple(instanceArbitrary, tenantArbitrary, fc.boolean())
    .map(([at, tenant, item]) =>
      command(`read ${at} ${tenant} ${item}`, (model, world) => read(model, world, at, tenant, item)),
    ),
  fc.tuple(instanceArbitrary, tenantArbitrary, fc.boolean()).map(([at, tenant, item]) =>
    command(`slow read ${at} ${tenant} ${item}`, async (model, world) => {
      const cache = world.caches[at]!;
      const lookup = cache.lookup(askOf(tenant, item));
      if (lookup.verdict !== 'miss') return;
      let end = () => {};
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      const floor = floorOf(model, at, tenant);
      const result = cache.fetch(lookup, async () => {
        const answer = answerOf(model, world, tenant);
        await ended;
        return answer;
      });
      world.fetches.push({ instance: at, tenant, floor, result, end });
      await settle();
    }),
  ),
  fc.constant(
    command('end', async (model, world) => {
      await endAll(model, world);
    }),
  ),
  fc.tuple(instanceArbitrary, tenantArbitrary).map(([at, tenant]) =>
    command(`write ${at} ${tenant}`, async (model, world) => {
      change(model, world, tenant);
      const version = model.versions.get(tenant)!;
      await world.caches[at]!.invalidate({
        account: 'main',
        region: 'DFW',
        params: { image_id: 'a' },
        invalidates: ['image', 'imageLists'],
      });
      raise(model, at, tenant, version);
      if (model.isAway) model.untold.set(tenant, version);
      else for (let other = 0; other < INSTANCES; other++) raise(model, other, tenant, version);
    }),
  ),
  tenantArbitrary.map((tenant) =>
    command(`silent change ${tenant}`, (model, world) => change(model, world, tenant)),
  ),
  fc.constantFrom(500, 4000, 9999, 10_001, 25_000, 61_000).map((ms) =>
    command(`tick ${ms}`, async (model, world) => {
      // What is in the air ends first: how long an upstream takes is not this model's question.
      await endAll(model, world);
      world.clock.tick(ms);
    }),
  ),
  fc.boolean().map((down) =>
    command(`upstream down ${down}`, (_, world) => {
      world.isUpstreamDown = down;
    }),
  ),
  fc.boolean().map((away) =>
    command(`second level away ${away}`, (model, world) => {
      model.isAway = away;
      world.shared.setAway(away);
      if (away) return;
      for (const [tenant, version] of model.untold)
        for (let other = 0; other < INSTANCES; other++) raise(model, other, tenant, version);
      model.untold.clear();
    }),
  ),
];

function change(model: Model, world: World, tenant: string): void {
  const version = model.versions.get(tenant)!;
  model.endedAt.set(`${tenant} ${version}`, world.clock.now());
  model.versions.set(tenant, version + 1);
}

async function endAll(model: Model, world: World): Promise<void> {
  const fetches = world.fetches.splice(0);
  for (const { end } of fetches) end();
  for (const { tenant, floor, result } of fetches)
    check(model, tenant, floor, world.clock.now(), await result);
  await settle();
}

it('never shows an answer older than allowed, another tenant`s, or one from before an acknowledged write', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 60, size: 'max' }), async (sequence) => {
      const world = new World();
      const model: Model = {
        versions: new Map(TENANTS.map((tenant) => [tenant, 0])),
        endedAt: new Map(),
        floors: new Map(),
        untold: new Map(),
        isAway: false,
      };
      await fc.asyncModelRun(() => ({ model, real: world }), sequence);
      await endAll(model, world);
    }),
    { numRuns: 300 },
  );
});
