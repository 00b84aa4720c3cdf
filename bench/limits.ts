import { pathToFileURL } from 'node:url';
import { systemClock } from '../src/clock.ts';
import type { Ask, Permit, Refusal } from '../src/limits/ask.ts';
import type { PublishedLimit } from '../src/limits/published-limit.ts';
import { createShaper, type Shaper } from '../src/limits/shaper.ts';
import { silentObserver } from '../src/limits/shaper-observer.ts';

/** One line of the table. */
export interface LimitsFigure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What it may be at most. */
  readonly mark: number;
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

function askFor(path: string, client = 'bench'): Ask {
  const fullPath = `/v2/7142${path}`;
  return { method: 'GET', path, fullPath, query: '', client, priority: 'interactive', maxWaitMs: 1e12 };
}

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
  globalThis.gc?.();
  const memoryBefore = process.memoryUsage().heapUsed;
  const joinBefore = cpuMicros();
  for (let index = 0; index < count; index++) {
    const asked = askFor(`/servers/${index % 1000}`, `client${index % clients}`);
    outcomes.push((shaper.acquire({ ...asked, maxWaitMs: 1e12 }) as Promise<Permit | Refusal>).then(leave));
  }
  const joinMicros = (cpuMicros() - joinBefore) / count;
  globalThis.gc?.();
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
  const small = await waiting(10_000, 50);
  const large = await waiting(100_000, 50);
  return [
    {
      what: 'admission, no wait, 10 limits match, one path',
      value: admission(500_000, 1),
      unit: 'µs CPU',
      mark: 3,
    },
    {
      what: 'admission, no wait, 10 limits match, 5000 paths',
      value: admission(500_000, 5_000),
      unit: 'µs CPU',
      mark: 3,
    },
    { what: '100,000 waiting requests', value: large.memoryMb, unit: 'MiB', mark: 100 },
    { what: 'joining a queue of 10,000', value: small.joinMicros, unit: 'µs CPU', mark: 50 },
    { what: 'joining a queue of 100,000', value: large.joinMicros, unit: 'µs CPU', mark: 50 },
    { what: 'leaving a queue of 10,000', value: small.serveMicros, unit: 'µs CPU', mark: 50 },
    { what: 'leaving a queue of 100,000', value: large.serveMicros, unit: 'µs CPU', mark: 50 },
  ];
}

/** The figures as a table for the terminal. */
export function printLimits(figures: readonly LimitsFigure[]): void {
  console.log('\nlimits (one process, CPU time by the kernel)');
  for (const { what, value, unit, mark } of figures) {
    const verdict = value <= mark ? 'ok' : 'MISSED';
    console.log(
      `  ${what.padEnd(50)} ${value.toFixed(2).padStart(8)} ${unit.padEnd(7)} (at most ${mark}: ${verdict})`,
    );
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) printLimits(await measureLimits());
