import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Redis } from 'ioredis';
import { systemClock } from '../src/clock.ts';
import type { PublishedLimit } from '../src/limits/published/limit.ts';
import { createShaper } from '../src/limits/queue/shaper.ts';
import { type Shaper, silentObserver } from '../src/limits/queue/shaper-contract.ts';
import { createRedisBudgetStore } from '../src/limits/shared/redis-store.ts';
import type { BudgetStore } from '../src/limits/shared/store.ts';
import type { Permit, Refusal, SlotRequest } from '../src/limits/slot-request.ts';
import { createLimitedCaller } from '../test/support/limited-caller.ts';
import { redisAvailable, startRedis } from '../test/support/redis-server.ts';
import { startReferenceRegion } from '../test/support/reference-region.ts';
import { LIMITER_KINDS, type LimiterKind } from '../test/support/reference-upstreams.ts';

/** One line of the table. */
export interface LimitsFigure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The mark to reach, one of the two. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

const SETTINGS = { maxWaitMs: 1e12, maxQueue: 1_000_000, maxQueuePerClient: 1_000_000, marginMs: 5 };
const UNITS = ['SECOND', 'MINUTE', 'HOUR', 'DAY'] as const;

/** Ten limits that all match a GET below /servers, wide enough never to be reached. */
const TEN_LIMITS: PublishedLimit[] = Array.from({ length: 10 }, (_, index) => ({
  verb: index % 2 ? 'GET' : 'ALL',
  uri: `/servers${index}`,
  regex: ['.*', '^/servers', '/v[^/]+/(\\d+)/servers/?.*'][index % 3]!,
  value: 1_000_000_000 + index,
  unit: UNITS[index % 4]!,
}));

function shaperWith(limits: PublishedLimit[]): Shaper {
  const shaper = createShaper({
    clock: systemClock,
    settings: SETTINGS,
    shares: () => 1,
    observe: silentObserver,
  });
  shaper.setLimits(limits);
  return shaper;
}

function askFor(path: string, client = 'bench'): SlotRequest {
  const fullPath = `/v2/7142${path}`;
  return { method: 'GET', path, fullPath, query: '', client, priority: 'interactive', maxWaitMs: 1e12 };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** CPU time of this process, in microseconds. */
function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** CPU per admission and release with nobody waiting, µs. */
function admission(rounds: number, paths: number): number {
  const shaper = shaperWith(TEN_LIMITS);
  const asks = Array.from({ length: paths }, (_, index) => askFor(`/servers/${index}`));
  const run = (count: number) => {
    for (let index = 0; index < count; index++) {
      const permit = shaper.acquire(asks[index % paths]!) as Permit;
      permit.answered(200);
    }
  };
  run(50_000);
  const before = cpuMicros();
  run(rounds);
  return (cpuMicros() - before) / rounds;
}

interface Waiting {
  readonly memoryMb: number;
  readonly joinMicros: number;
  readonly serveMicros: number;
}

/** What `count` waiting requests of `clients` clients take, in memory and CPU. */
async function waiting(count: number, clients: number): Promise<Waiting> {
  const held: PublishedLimit = { verb: 'ALL', uri: '*', value: 1, unit: 'MINUTE' };
  const shaper = shaperWith([held, ...TEN_LIMITS]);
  const outcomes: Promise<unknown>[] = [];
  let left = 0;
  const leave = (outcome: Permit | Refusal) => {
    if (outcome.refused) return;
    left++;
    outcome.cancel();
  };
  const first = shaper.acquire(askFor('/servers')) as Permit;
  // What the first sight of a path costs is no part of joining: a path of a thousand is seen 10 times, or 100 times.
  for (let index = 0; index < 1000; index++) shaper.acquire({ ...askFor(`/servers/${index}`), maxWaitMs: 0 });
  collectGarbage();
  const memoryBefore = process.memoryUsage().heapUsed;
  const joinBefore = cpuMicros();
  for (let index = 0; index < count; index++) {
    const asked = askFor(`/servers/${index % 1000}`, `client${index % clients}`);
    outcomes.push((shaper.acquire({ ...asked, maxWaitMs: 1e12 }) as Promise<Permit | Refusal>).then(leave));
  }
  const joinMicros = (cpuMicros() - joinBefore) / count;
  collectGarbage();
  const memoryMb = (process.memoryUsage().heapUsed - memoryBefore) / 1_048_576;
  const serveBefore = cpuMicros();
  shaper.setLimits([{ ...held, value: 2 * count }, ...TEN_LIMITS]);
  first.cancel();
  await Promise.all(outcomes);
  if (left !== count) throw new Error(`${left} of ${count} left`);
  const serveMicros = (cpuMicros() - serveBefore) / count;
  await shaper.close();
  return { memoryMb, joinMicros, serveMicros };
}

/** Measures the shaper; bench/run.ts and the command line print the same table. */
export async function measureLimits(): Promise<LimitsFigure[]> {
  // The first rounds pay for the compiler.
  for (let round = 0; round < 3; round++) await waiting(10_000, 50);
  const small = await waiting(10_000, 50);
  const large = await waiting(100_000, 50);
  return [
    {
      what: 'admission, no wait, 10 limits match, one path',
      value: admission(500_000, 1),
      unit: 'µs CPU',
      atMost: 3,
    },
    {
      what: 'admission, no wait, 10 limits match, 5000 paths',
      value: admission(500_000, 5_000),
      unit: 'µs CPU',
      atMost: 3,
    },
    { what: '100,000 waiting requests', value: large.memoryMb, unit: 'MiB', atMost: 100 },
    { what: 'joining a queue of 10,000', value: small.joinMicros, unit: 'µs CPU', atMost: 50 },
    { what: 'joining a queue of 100,000', value: large.joinMicros, unit: 'µs CPU', atMost: 50 },
    { what: 'leaving a queue of 10,000', value: small.serveMicros, unit: 'µs CPU', atMost: 50 },
    { what: 'leaving a queue of 100,000', value: large.serveMicros, unit: 'µs CPU', atMost: 50 },
  ];
}

/**
 * How much of a limit per SECOND is used over real sockets: in percent of `value` per 1000 ms, and of what a strict sliding
 * window allows, which holds a slot from sending until the answer's head (however long this machine takes over it) and a
 * second.
 */
async function useOfRegion(kind: LimiterKind, value: number, count: number): Promise<LimitsFigure[]> {
  const region = await startReferenceRegion(kind, value);
  const caller = createLimitedCaller(region.origin);
  const started = performance.now();
  await caller.send(count, 200);
  const percent = usedPercent(count, value, performance.now() - started);
  const strict = (percent * (1000 + caller.meanLatencyMs)) / 1000;
  await caller.close();
  await region.stop();
  const name = `${value}/SECOND over sockets, ${kind}`;
  return [
    { what: `${name}: of 1000 ms`, value: percent, unit: '%', atLeast: 90 },
    { what: `${name}: of a strict window`, value: strict, unit: '%', atLeast: 95 },
    {
      what: `${name}: 413s`,
      value: region.counts.rejected,
      unit: '',
      atMost: 0,
    },
  ];
}

/**
 * Slots come in waves of `value`, the first of them at once: so many waves less one, in units, of the time it took. GET /limits
 * has a slot of the first wave.
 */
function usedPercent(count: number, value: number, tookMs: number): number {
  return ((Math.ceil((count + 1) / value) - 1) * 100_000) / tookMs;
}

/** Three instances on one Redis, with the load on some of them. */
async function sharedUse(value: number, count: number, busy: number): Promise<LimitsFigure[]> {
  const server = await startRedis();
  const region = await startReferenceRegion('fixed', value);
  let exchanges = 0;
  const instances = ['a', 'b', 'c'].map((instance) => {
    const redis = new Redis(server.url);
    const store = createRedisBudgetStore({ redis, instance });
    const counted: BudgetStore = {
      exchange(report) {
        exchanges++;
        return store.exchange(report);
      },
    };
    return { redis, caller: createLimitedCaller(region.origin, counted) };
  });
  for (const { caller } of instances) await caller.send(1, 1);
  const exchangesBefore = exchanges;
  const started = performance.now();
  await Promise.all(instances.slice(0, busy).map(({ caller }) => caller.send(count / busy, 100)));
  const percent = usedPercent(count, value, performance.now() - started);
  const perRequest = (exchanges - exchangesBefore) / count;
  for (const { caller, redis } of instances) {
    await caller.close();
    redis.disconnect();
  }
  await Promise.all([region.stop(), server.stop()]);
  const name = `${value}/SECOND, Redis, ${busy} of 3 busy`;
  return [
    { what: `${name}: used`, value: percent, unit: '%', atLeast: busy === 3 ? 90 : 85 },
    { what: `${name}: 413s`, value: region.counts.rejected, unit: '', atMost: 0 },
    { what: `${name}: round trips per request`, value: perRequest, unit: '', atMost: 0.2 },
  ];
}

/** Measures how well limits are used over real sockets; takes about a minute. */
export async function measureUse(): Promise<LimitsFigure[]> {
  const kinds = await Promise.all(LIMITER_KINDS.map((kind) => useOfRegion(kind, 40, 599)));
  const shared = redisAvailable() ? [await sharedUse(60, 900, 3), await sharedUse(60, 900, 1)] : [];
  return [...kinds, ...shared].flat();
}

/** The figures as a table for the terminal. */
export function printLimits(title: string, figures: readonly LimitsFigure[]): void {
  console.log(`\n${title}`);
  for (const { what, value, unit, atMost, atLeast } of figures) {
    const isMet = value <= (atMost ?? value) && value >= (atLeast ?? value);
    const mark = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
    const line = `${what.padEnd(58)} ${value.toFixed(2).padStart(8)} ${unit.padEnd(7)}`;
    console.log(`  ${line} (${mark}: ${isMet ? 'ok' : 'MISSED'})`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  printLimits('limits: one process, CPU time by the kernel', await measureLimits());
  printLimits('limits: used over real sockets', await measureUse());
}
