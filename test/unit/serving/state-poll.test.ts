import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/json.ts';
import type { Charge } from '../../../src/limits/slot-request.ts';
import { StatePoll, StatePolls, tickMs } from '../../../src/serving/state-poll.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const charge = (value: number, unit: 'SECOND' | 'MINUTE' | 'HOUR', remaining: number): Charge => ({
  limit: { verb: 'GET', uri: '*', regex: '.*', value, unit } as unknown as Charge['limit'],
  remaining,
  resetSeconds: 1,
});

describe('how often a region is asked', () => {
  it.each<[string, Charge[], number]>([
    ['nothing to spend', [], 1000],
    ['a wide limit', [charge(20, 'SECOND', 20)], 1000],
    ['a fifth of a hundred a minute', [charge(100, 'MINUTE', 90)], 3000],
    ['less when less is left', [charge(100, 'MINUTE', 40)], 6000],
    ['little when little is left', [charge(100, 'MINUTE', 5)], 15_000],
    ['the tightest of several', [charge(20, 'SECOND', 20), charge(10, 'MINUTE', 10)], 30_000],
    ['never seldom than once a minute', [charge(10, 'HOUR', 1)], 60_000],
    ['a limit of 0 says nothing', [charge(0, 'MINUTE', 0)], 1000],
  ])('%s', (_what, charges, ms) => expect(tickMs(charges)).toBe(ms));
});

/** A region whose things change when the test says so. */
function region() {
  const clock = new FakeClock();
  const poll = new StatePoll(clock);
  const asked: number[] = [];
  let items: JsonObject[] = [];
  let fails = false;
  return {
    clock,
    poll,
    asked,
    change: (...next: JsonObject[]) => {
      items = next;
    },
    fail: (value: boolean) => {
      fails = value;
    },
    wait: (id: string, state = 'ACTIVE', waitMs = 60_000, { signal } = new AbortController()) =>
      poll.wait(id, ({ status }) => status === state || status === 'ERROR', {
        sinceMs: 1000,
        waitMs,
        signal,
        ask: async (sinceMs) => {
          asked.push(sinceMs);
          if (fails) throw new Error('no answer');
          return { items, regionMs: clock.now(), charges: [] };
        },
      }),
  };
}

describe('all who wait for states in a region', () => {
  it('share one question a tick, and each is told when its own is reached', async () => {
    const { clock, poll, asked, change, wait } = region();
    const waits = Array.from({ length: 200 }, (_, index) => wait(`s${index % 50}`));
    await clock.advance(3000);
    expect(asked).toHaveLength(3);
    change(...Array.from({ length: 50 }, (_, index) => ({ id: `s${index}`, status: 'ACTIVE' })));
    await clock.advance(1000);
    const seen = await Promise.all(waits);
    expect(seen.map((one) => one?.item['id'])).toEqual(waits.map((_, index) => `s${index % 50}`));
    expect(asked).toHaveLength(4);
    expect(poll.isIdle).toBe(true);
    await clock.advance(10_000);
    expect(asked).toHaveLength(4);
    expect(clock.pending).toBe(0);
  });

  it('are told of an end, and of what was last seen when their time is over', async () => {
    const { clock, change, wait } = region();
    const [failed, slow, unseen] = [wait('a'), wait('b', 'ACTIVE', 5000), wait('c', 'ACTIVE', 5000)];
    change({ id: 'a', status: 'ERROR' }, { id: 'b', status: 'BUILD' });
    await clock.advance(5000);
    expect((await failed)?.item).toEqual({ id: 'a', status: 'ERROR' });
    expect((await slow)?.item).toEqual({ id: 'b', status: 'BUILD' });
    expect(await unseen).toBeUndefined();
  });

  it('are never told of something older than the last tick', async () => {
    const { clock, change, wait } = region();
    const waiting = wait('a');
    change({ id: 'a', status: 'BUILD' });
    await clock.advance(4000);
    change({ id: 'a', status: 'ACTIVE' });
    await clock.advance(1000);
    expect(clock.monotonic() - (await waiting)!.askedAt).toBeLessThanOrEqual(1000);
  });

  it('ask from the region’s own time on, with an overlap', async () => {
    const { clock, asked, wait } = region();
    void wait('a');
    await clock.advance(2000);
    expect(asked[0]).toBe(1000);
    expect(asked[1]).toBe(clock.now() - 1000 - 30_000);
  });

  it('ask less and less while the region does not answer', async () => {
    const { clock, asked, fail, change, wait } = region();
    fail(true);
    const waiting = wait('a', 'ACTIVE', 600_000);
    await clock.advance(15_000);
    expect(asked).toHaveLength(4);
    await clock.advance(40_000);
    expect(asked).toHaveLength(8);
    fail(false);
    change({ id: 'a', status: 'ACTIVE' });
    await clock.advance(10_000);
    expect((await waiting)?.item['status']).toBe('ACTIVE');
  });

  it('do not pay for failures that others have met before them', async () => {
    const { clock, asked, fail, wait } = region();
    fail(true);
    const before = wait('a', 'ACTIVE', 30_000);
    await clock.advance(30_000);
    await before;
    asked.length = 0;
    void wait('a');
    await clock.advance(1000);
    expect(asked).toHaveLength(1);
  });

  it('do not wait for a caller that leaves', async () => {
    const { clock, poll, asked, wait } = region();
    const left = new AbortController();
    const waiting = wait('a', 'ACTIVE', 60_000, left);
    left.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    expect(poll.isIdle).toBe(true);
    await clock.advance(5000);
    expect(asked).toHaveLength(0);
    await expect(wait('a', 'ACTIVE', 60_000, left)).rejects.toThrow('left');
  });

  it('are answered at once when the instance stops', async () => {
    const { clock } = region();
    const polls = new StatePolls();
    const poll = polls.of('k', () => new StatePoll(clock));
    expect(polls.of('k', () => new StatePoll(clock))).toBe(poll);
    const waiting = poll.wait('a', () => false, {
      sinceMs: 0,
      waitMs: 60_000,
      signal: new AbortController().signal,
      ask: async () => ({ items: [], regionMs: undefined, charges: [] }),
    });
    polls.end();
    expect(await waiting).toBeUndefined();
    expect(polls.of('k', () => new StatePoll(clock))).toBe(poll);
    polls.of('other', () => new StatePoll(clock));
    expect(polls.of('k', () => new StatePoll(clock))).not.toBe(poll);
  });
});
