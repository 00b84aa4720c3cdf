/**
 * How well a limit that nobody publishes is found out, on a fake clock: `npx tsx bench/hidden-limit.ts`. 50 callers who go on as
 * soon as they are answered, 10 minutes, then the limit is halved, and doubled.
 */

import { LIMITER_KINDS } from '../test/support/reference-upstreams.ts';
import { HiddenWorld, type Tally } from '../test/unit/limits/learned/hidden-world.ts';

const MINUTE = 60_000;
const LIMIT = 20;

/** What was let through of what the limit allows, and how much of what was sent was refused. */
function figure({ accepted, rejected, sent }: Tally, minutes: number, value: number): string {
  const used = (100 * accepted) / (minutes * 60 * value);
  return `${used.toFixed(1)}% / ${((100 * rejected) / sent).toFixed(2)}%`;
}

console.log(
  '| algorithm | way there or back | minutes 2 to 10 | halved, 2nd minute | doubled again, 2nd minute |',
);
console.log('| --- | --- | ---: | ---: | ---: |');
for (const kind of LIMITER_KINDS)
  for (const slowestMs of [5, 30, 80]) {
    const world = new HiddenWorld({ kind, hidden: [{ value: LIMIT, unit: 'SECOND' }], slowestMs });
    world.start(50);
    await world.run(MINUTE);
    const rest = figure(await world.run(9 * MINUTE), 9, LIMIT);
    world.change(LIMIT / 2);
    await world.run(MINUTE);
    const halved = figure(await world.run(MINUTE), 1, LIMIT / 2);
    world.change(LIMIT);
    await world.run(MINUTE);
    const doubled = figure(await world.run(MINUTE), 1, LIMIT);
    console.log(`| ${kind} | up to ${slowestMs} ms | ${rest} | ${halved} | ${doubled} |`);
  }
