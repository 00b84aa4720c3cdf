/**
 * How well a limit that nobody publishes is found out: `npx tsx bench/hidden-limit.ts`, on a fake clock, and `--sockets` for whole
 * gateways over real sockets (six minutes). 50 callers who go on as soon as they are answered; then the limit is halved, and
 * doubled again. With several instances they are shared out among them.
 */

import { LIMITER_KINDS, type LimiterKind } from '../test/support/reference-upstreams.ts';
import { HiddenWorld, type Tally } from '../test/unit/limits/learned/hidden-world.ts';
import { SocketWorld } from './hidden-sockets.ts';

const MINUTE = 60_000;
const LIMIT = 20;
const CALLERS = 50;
const SEEDS = [1, 2, 3, 4, 5];

/** Where the limit is, on a clock of one kind or the other. */
interface World {
  run(ms: number): Promise<Tally>;
  change(value: number): void;
}

/** What was let through of what the limit allows, how much of what was sent was refused, and what callers saw. */
interface Figure {
  readonly used: number;
  readonly refused: number;
  readonly seen: number;
}

async function figureOf(world: World, minutes: number, value: number): Promise<Figure> {
  const { accepted, rejected, sent, refused } = await world.run(minutes * MINUTE);
  return { used: accepted / (minutes * 60 * value), refused: rejected / sent, seen: refused };
}

/** The second minute after each change; `minutes` as long as nothing changes. */
async function figuresOf(world: World, minutes: number): Promise<Figure[]> {
  await world.run(MINUTE);
  const figures = [await figureOf(world, minutes, LIMIT)];
  for (const value of [LIMIT / 2, LIMIT]) {
    world.change(value);
    await world.run(MINUTE);
    figures.push(await figureOf(world, 1, value));
  }
  return figures;
}

const percent = (value: number, digits: number) => `${(100 * value).toFixed(digits)}%`;

/** Of several seeds the mean use and refusals, and the most refusals of one. */
function cellOf(figures: readonly Figure[]): string {
  const mean = (of: (figure: Figure) => number) =>
    figures.reduce((sum, one) => sum + of(one), 0) / figures.length;
  const most = Math.max(...figures.map(({ refused }) => refused));
  const spread = figures.length > 1 ? ` (${percent(most, 2)})` : '';
  return `${percent(
    mean(({ used }) => used),
    1,
  )} / ${percent(
    mean(({ refused }) => refused),
    2,
  )}${spread}`;
}

function print(name: string, runs: readonly Figure[][]): void {
  const seen = runs.flat().reduce((sum, one) => sum + one.seen, 0);
  const cells = runs[0]!.map((_, column) => cellOf(runs.map((run) => run[column]!)));
  console.log(`| ${name} | ${cells.join(' | ')} | ${seen} |`);
}

function printHead(ways: string, first: string): void {
  console.log(`| ${ways} | ${first} | halved, 2nd minute | doubled again, 2nd minute | seen by callers |`);
  console.log('| --- | ---: | ---: | ---: | ---: |');
}

/** On the fake clock; 0 instances: one that shares nothing. */
async function onFakeClock(kind: LimiterKind, slowestMs: number, instances: number): Promise<void> {
  const runs: Figure[][] = [];
  for (const seed of SEEDS) {
    const hidden = [{ value: LIMIT, unit: 'SECOND' }] as const;
    const world = new HiddenWorld({ kind, hidden, slowestMs, seed, isShared: instances > 1 });
    const shapers = [world.shaper, ...Array.from({ length: instances - 1 }, () => world.join())];
    shapers.forEach((shaper, index) => {
      const callers = Math.floor((CALLERS + index) / instances);
      world.start(callers, 'GET', () => 0, shaper);
    });
    runs.push(await figuresOf(world, 9));
  }
  print(`${kind}, up to ${slowestMs} ms, ${instances}`, runs);
}

async function overSockets(): Promise<void> {
  const cases = [1, 2].flatMap((instances) => LIMITER_KINDS.map((kind) => ({ kind, instances })));
  const found = await Promise.all(
    cases.map(async ({ kind, instances }) => {
      const world = await SocketWorld.open(kind, LIMIT, instances);
      world.start(CALLERS);
      const figures = await figuresOf(world, 1);
      await world.close();
      return { name: `${kind}, ${instances}`, figures };
    }),
  );
  for (const { name, figures } of found) print(name, [figures]);
}

if (process.argv.includes('--sockets')) {
  printHead('algorithm, instances', 'minute 2');
  await overSockets();
} else {
  printHead('algorithm, way there or back, instances', 'minutes 2 to 10');
  for (const instances of [1, 2, 3])
    for (const kind of LIMITER_KINDS) for (const ms of [5, 30, 80]) await onFakeClock(kind, ms, instances);
}
