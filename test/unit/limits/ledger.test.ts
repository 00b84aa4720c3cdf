import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLedger } from '../../../src/limits/ledger.ts';
import { createShaper } from '../../../src/limits/queue/shaper.ts';
import { type Shaper, silentObserver } from '../../../src/limits/queue/shaper-contract.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { limit, permitted, refused, requestFor, TEST_SETTINGS } from './harness.ts';

const POSTS = limit('POST', '/servers', 10, 'DAY');
const post = requestFor('/servers', { method: 'POST' });

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-ledger-'));
  path = join(directory, 'deep', 'ledger.json');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A process's life with a ledger. */
function boot(clock: FakeClock) {
  const warnings: string[] = [];
  const ledger = openLedger({ path, clock, warn: (line) => void warnings.push(line) });
  const shaper: Shaper = createShaper({
    clock,
    settings: TEST_SETTINGS,
    shares: () => 1,
    observe: silentObserver,
    restore: (window) => ledger.restore('someone|DFW', window),
  });
  ledger.track('someone|DFW', () => shaper.windows);
  shaper.setLimits([POSTS, limit('POST', '*', 100, 'MINUTE')]);
  return { ledger, shaper, warnings };
}

describe('the ledger', () => {
  it('carries what is used of a DAY limit over a restart, and lets it go when its day is over', async () => {
    const before = new FakeClock();
    const first = boot(before);
    for (let index = 0; index < 7; index++) permitted(first.shaper.acquire(post)).answered(200);
    await first.ledger.close();

    const clock = new FakeClock(before.now() + 3_600_000);
    const second = boot(clock);
    for (let index = 0; index < 3; index++) permitted(second.shaper.acquire(post)).answered(200);
    expect(refused(second.shaper.acquire(post)).reason).toBe('spent');
    clock.tick(23 * 3_600_000 + 600_000);
    for (let index = 0; index < 7; index++) permitted(second.shaper.acquire(post)).answered(200);
    expect(refused(second.shaper.acquire(post)).reason).toBe('spent');
    await second.ledger.close();
  });

  it('carries what was found out over a restart, and believes nothing else', async () => {
    const clock = new FakeClock();
    const { ledger } = boot(clock);
    const found = [{ verb: 'ALL', unit: 'SECOND', value: 20 }] as const;
    ledger.trackLearned('someone|DFW', () => found);
    await ledger.close();
    const again = boot(clock).ledger;
    expect(again.learnedOf('someone|DFW')).toEqual(found);
    expect(again.learnedOf('somebody else|DFW')).toEqual([]);
    await again.close();
    const rubbish = [
      { ...found[0], value: -1 },
      { ...found[0], unit: 'DAY' },
      { ...found[0], verb: 'a b' },
      null,
      7,
    ];
    await writeFile(path, JSON.stringify({ learned: { 'someone|DFW': rubbish, other: 7 } }));
    const last = boot(clock).ledger;
    expect(last.learnedOf('someone|DFW')).toEqual([]);
    await last.close();
  });

  it('is written every few seconds, so that a crash loses little', async () => {
    const clock = new FakeClock();
    const { ledger, shaper } = boot(clock);
    permitted(shaper.acquire(post)).answered(200);
    clock.tick(5_000);
    await ledger.close();
    const kept = JSON.parse(await readFile(path, 'utf8'));
    expect(kept).toEqual({ 'someone|DFW': { 'POST /servers DAY ': [[expect.any(Number), 1]] } });
  });

  it('does not count what GET /limits tells of the same use again', async () => {
    const first = boot(new FakeClock());
    for (let index = 0; index < 4; index++) permitted(first.shaper.acquire(post)).answered(200);
    await first.ledger.close();
    const { shaper, ledger } = boot(new FakeClock(Date.parse('2026-01-01T01:00:00Z')));
    shaper.setLimits([{ ...POSTS, remaining: 6 }], { askedAt: 0, answeredAt: 0 });
    for (let index = 0; index < 6; index++) permitted(shaper.acquire(post));
    expect(refused(shaper.acquire(post)).reason).toBe('spent');
    await ledger.close();
  });

  it('counts what it remembers and what the region reports as the same slots, with their own times', async () => {
    const first = boot(new FakeClock());
    const start = Date.parse('2026-01-01T00:00:00Z');
    for (let index = 0; index < 4; index++) permitted(first.shaper.acquire(post)).answered(200);
    await first.ledger.close();
    // A restart each hour, and one right after another.
    for (const hours of [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20]) {
      const clock = new FakeClock(start + hours * 3_600_000);
      clock.tick(2_000);
      const { shaper, ledger } = boot(clock);
      const askedAt = clock.monotonic();
      shaper.askBegins();
      clock.tick(40);
      // Two of a stranger's beside ours.
      shaper.setLimits([{ ...POSTS, remaining: 4 }], { askedAt, answeredAt: clock.monotonic() });
      expect(shaper.snapshot().limits[0]!.remaining).toBe(4);
      clock.tick(5_000);
      await ledger.close();
    }
    const clock = new FakeClock(start + 20 * 3_600_000 + 10_000);
    const { shaper, ledger } = boot(clock);
    expect(shaper.snapshot().limits[0]!.remaining).toBe(4);
    for (let index = 0; index < 4; index++) permitted(shaper.acquire(post)).answered(200);
    // A day after the first use, not after the last restart.
    const { retryAfterSeconds } = refused(shaper.acquire(post));
    expect(retryAfterSeconds).toBeLessThan(4 * 3_600 + 200);
    clock.tick(retryAfterSeconds * 1000);
    permitted(shaper.acquire(post)).answered(200);
    // The others are kept in steps of five minutes.
    clock.tick(300_000);
    for (let index = 0; index < 3; index++) permitted(shaper.acquire(post)).answered(200);
    await ledger.close();
  });

  it('remembers how many instances share a budget, for a start without Redis', async () => {
    const first = boot(new FakeClock());
    first.ledger.sawInstances('someone|DFW', 2);
    first.ledger.sawInstances('someone|DFW', 3);
    permitted(first.shaper.acquire(post)).answered(200);
    await first.ledger.close();
    const { ledger, shaper, warnings } = boot(new FakeClock());
    expect(ledger.instancesOf('someone|DFW')).toBe(3);
    expect(ledger.instancesOf('someone|ORD')).toBeUndefined();
    for (let index = 0; index < 9; index++) permitted(shaper.acquire(post));
    expect(refused(shaper.acquire(post)).reason).toBe('spent');
    expect(warnings).toEqual([]);
    await ledger.close();
  });

  it('begins anew when its file is broken, and says so', async () => {
    path = join(directory, 'ledger.json');
    await writeFile(path, '{"someone|DFW":');
    const { warnings, shaper, ledger } = boot(new FakeClock());
    expect(warnings).toEqual([expect.stringContaining('is begun anew')]);
    permitted(shaper.acquire(post));
    await ledger.close();
  });
});
