import { describe, expect, it } from 'vitest';
import type { Shaper } from '../../../../src/limits/queue/shaper-contract.ts';
import type { FakeClock } from '../../../support/fake-clock.ts';
import { limit, permitted, refused, requestFor, shaperWith } from '../harness.ts';

const DAY_MS = 86_400_000;
const GETS = limit('GET', '/servers', 30, 'DAY');
const get = requestFor('/servers');

/** GET /limits is asked, something happens, and it is answered 20 ms later. */
function tell(shaper: Shaper, clock: FakeClock, remaining: number, meanwhile = () => {}): void {
  shaper.askBegins();
  const askedAt = clock.monotonic();
  meanwhile();
  clock.tick(20);
  shaper.setLimits([{ ...GETS, remaining }], { askedAt, answeredAt: clock.monotonic() });
}

const remainingOf = (shaper: Shaper) => shaper.snapshot().limits[0]!.remaining;

function use(shaper: Shaper, count: number, status: number | 'none' = 200): void {
  for (let index = 0; index < count; index++)
    permitted(shaper.acquire(get)).answered(status === 'none' ? undefined : status);
}

describe('the word of the region on what is left', () => {
  it('frees what attempts without an answer took, once they are settled', () => {
    const { shaper, clock } = shaperWith([GETS]);
    use(shaper, 30, 'none');
    expect(refused(shaper.acquire(get)).reason).toBe('spent');
    clock.tick(1_500);
    tell(shaper, clock, 30);
    expect(remainingOf(shaper)).toBe(30);
    use(shaper, 30);
    expect(refused(shaper.acquire(get)).reason).toBe('spent');
  });

  it.each([502, 503, 504])('frees what was answered %i in place of the region', (status) => {
    const { shaper, clock } = shaperWith([GETS]);
    use(shaper, 30, status);
    expect(shaper.hasDoubts).toBe(true);
    clock.tick(1_500);
    tell(shaper, clock, 30);
    expect(remainingOf(shaper)).toBe(30);
    expect(shaper.hasDoubts).toBe(false);
  });

  it('keeps those attempts that it did count, and their times', () => {
    const { shaper, clock } = shaperWith([GETS]);
    use(shaper, 5);
    clock.tick(3_600_000);
    use(shaper, 20, 'none');
    clock.tick(1_500);
    // 5 that were answered and 2 of the 20.
    tell(shaper, clock, 23);
    expect(remainingOf(shaper)).toBe(23);
    clock.tick(DAY_MS - 3_600_000 + 100_000);
    expect(remainingOf(shaper)).toBe(28);
    clock.tick(3_600_000);
    expect(remainingOf(shaper)).toBe(30);
  });

  it('is not heeded for an attempt that ended just before it was asked: that may yet arrive', () => {
    const { shaper, clock } = shaperWith([GETS]);
    use(shaper, 10, 'none');
    clock.tick(500);
    tell(shaper, clock, 30);
    expect(remainingOf(shaper)).toBe(20);
    expect(shaper.hasDoubts).toBe(true);
    clock.tick(1_500);
    tell(shaper, clock, 30);
    expect(remainingOf(shaper)).toBe(30);
  });

  it('is not heeded for what is under way when it is asked, nor for what is sent meanwhile', () => {
    const { shaper, clock } = shaperWith([GETS]);
    const slow = permitted(shaper.acquire(get));
    clock.tick(5_000);
    const quick = permitted(shaper.acquire(get));
    tell(shaper, clock, 30, () => use(shaper, 3));
    expect(remainingOf(shaper)).toBe(25);
    quick.answered(200);
    slow.answered(200);
    clock.tick(5_000);
    // All five are settled now.
    tell(shaper, clock, 28);
    expect(remainingOf(shaper)).toBe(28);
  });

  it('is not heeded for an attempt that was overdue when it was asked, whenever it ends', () => {
    const { shaper, clock } = shaperWith([GETS]);
    const slow = permitted(shaper.acquire(get));
    clock.tick(5_000);
    shaper.recheck();
    tell(shaper, clock, 30, () => slow.answered());
    expect(remainingOf(shaper)).toBe(29);
    clock.tick(5_000);
    tell(shaper, clock, 30);
    expect(remainingOf(shaper)).toBe(30);
  });

  it('is heeded for a caller that left before its answer', () => {
    const { shaper, clock } = shaperWith([GETS]);
    for (let index = 0; index < 4; index++) permitted(shaper.acquire(get)).lost();
    clock.tick(5_000);
    shaper.recheck();
    expect(remainingOf(shaper)).toBe(26);
    tell(shaper, clock, 28);
    expect(remainingOf(shaper)).toBe(28);
  });

  it('is followed upwards when its window has begun anew', () => {
    const { shaper, clock } = shaperWith([GETS]);
    use(shaper, 30);
    clock.tick(3_600_000);
    tell(shaper, clock, 30);
    expect(remainingOf(shaper)).toBe(30);
  });

  it('is followed downwards when others use the account, and does not count what is ours twice', () => {
    const { shaper, clock } = shaperWith([GETS]);
    use(shaper, 4);
    // Right after: the slots' ends are rounded up, and still they are ours.
    tell(shaper, clock, 26);
    expect(remainingOf(shaper)).toBe(26);
    tell(shaper, clock, 20);
    expect(remainingOf(shaper)).toBe(20);
  });

  it("does not move the end of others' slots each time it is heard", () => {
    const { shaper, clock } = shaperWith([GETS]);
    tell(shaper, clock, 20);
    for (let hour = 1; hour < 20; hour++) {
      clock.tick(3_600_000);
      tell(shaper, clock, 20);
    }
    use(shaper, 20);
    const { retryAfterSeconds } = refused(shaper.acquire(get));
    expect(retryAfterSeconds).toBeLessThanOrEqual(5 * 3_600 + 100);
    expect(retryAfterSeconds).toBeGreaterThan(4 * 3_600);
    clock.tick(retryAfterSeconds * 1000);
    use(shaper, 10);
  });

  it("adds others' slots as they come, each with its own time", () => {
    const { shaper, clock } = shaperWith([GETS]);
    tell(shaper, clock, 25);
    clock.tick(7_200_000);
    tell(shaper, clock, 20);
    clock.tick(DAY_MS - 7_200_000 + 100_000);
    expect(remainingOf(shaper)).toBe(25);
    clock.tick(7_200_000);
    expect(remainingOf(shaper)).toBe(30);
  });

  it('may be asked although attempts without an answer have spent all there is', () => {
    const { shaper } = shaperWith([limit('ALL', '*', 3, 'DAY')]);
    use(shaper, 3, 'none');
    expect(refused(shaper.acquire(get)).retryAfterSeconds).toBeLessThanOrEqual(10);
    permitted(shaper.acquire(requestFor('/limits', { client: ' limits' })));
  });

  it('may not be asked when answered requests have spent it', () => {
    const { shaper } = shaperWith([limit('ALL', '*', 3, 'DAY')]);
    use(shaper, 3);
    expect(refused(shaper.acquire(get)).retryAfterSeconds).toBeGreaterThan(86_000);
    expect(refused(shaper.acquire(requestFor('/limits', { client: ' limits' }))).reason).toBe('spent');
  });
});
