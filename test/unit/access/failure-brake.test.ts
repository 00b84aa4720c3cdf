import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressGroup, FailureBrake, type Pause } from '../../../src/access/failure-brake.ts';

const isPaused = (verdict: ReturnType<FailureBrake['begin']>): verdict is Pause => 'pauseMs' in verdict;

/** Attempts that all fail, until one is told to wait; how many were let through. */
function failUntilPaused(brake: FailureBrake, address: string, name: string, now = 0): number {
  for (let tries = 0; tries < 1_000; tries++) if (isPaused(brake.begin(address, name, now))) return tries;
  return Number.POSITIVE_INFINITY;
}

describe('an address that was told to come back later', () => {
  it('counts as one that has failed until then, and no longer', () => {
    const brake = new FailureBrake();
    brake.toldToWait('a', 5_000, 0);
    expect(brake.look('a', 'anna', 4_999)).toEqual({ isKnown: false, isFresh: false, pauseMs: 0 });
    expect(brake.look('a', 'anna', 5_000).isFresh).toBe(true);
    expect(brake.look('b', 'anna', 0).isFresh).toBe(true);
  });

  it('is no better off for it when somebody has failed there', () => {
    const brake = new FailureBrake();
    const attempt = brake.begin('a', 'anna', 0);
    if ('failed' in attempt) attempt.failed();
    brake.toldToWait('a', 1_000, 0);
    expect(brake.look('a', 'bert', 60_000).isFresh).toBe(false);
  });
});

describe('the brake on failures', () => {
  it('lets typing errors go, then doubles the pause with each failure up to a minute', () => {
    const brake = new FailureBrake();
    for (let failure = 0; failure < 5; failure++) expect(isPaused(brake.begin('a', 'anna', 0))).toBe(false);
    let now = 0;
    const pauses: number[] = [];
    while (pauses.length < 10) {
      expect(isPaused(brake.begin('a', 'anna', now))).toBe(false);
      const { pauseMs } = brake.begin('a', 'anna', now) as Pause;
      pauses.push(pauseMs / 1000);
      now += pauseMs;
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
  });

  it('stops counting while it says wait, so that waiting is all it takes', () => {
    const brake = new FailureBrake();
    expect(failUntilPaused(brake, 'a', 'anna')).toBe(6);
    for (let again = 0; again < 100; again++) expect(brake.begin('a', 'anna', 0)).toEqual({ pauseMs: 1_000 });
    expect(isPaused(brake.begin('a', 'anna', 1_000))).toBe(false);
  });

  it('holds back nobody else: another name from there, the same name from elsewhere', () => {
    const brake = new FailureBrake();
    for (let now = 0; now < 600_000; now += 250) brake.begin('a', 'anna', now);
    expect(isPaused(brake.begin('a', 'anna', 600_000))).toBe(true);
    expect(isPaused(brake.begin('a', 'bert', 600_000))).toBe(false);
    expect(isPaused(brake.begin('b', 'anna', 600_000))).toBe(false);
  });

  it('stops an address that tries many names, and leaves the names to others', () => {
    const brake = new FailureBrake();
    const tried = Array.from({ length: 100 }, (_, at) => brake.begin('a', `name-${at}`, 0));
    expect(tried.filter((verdict) => !isPaused(verdict))).toHaveLength(30);
    expect(tried.at(-1)).toEqual({ pauseMs: 2_000 });
    expect(isPaused(brake.begin('b', 'name-1', 0))).toBe(false);
    expect(isPaused(brake.begin('a', 'name-99', 2_000))).toBe(false);
  });

  it('stops many addresses that try one name, and lets in who has been there before', () => {
    const brake = new FailureBrake();
    const home = brake.begin('home', 'anna', 0);
    if (!isPaused(home)) home.succeeded();
    const tryEach = () =>
      Array.from({ length: 100 }, (_, at) => {
        const verdict = brake.begin(`10.0.0.${at}`, 'anna', 0);
        if (!isPaused(verdict)) verdict.failed();
        return isPaused(verdict);
      });
    expect(new Set(tryEach())).toEqual(new Set([false]));
    expect(new Set(tryEach())).toEqual(new Set([true]));
    expect(brake.begin('home', 'anna', 0)).toMatchObject({ isKnown: true });
    expect(isPaused(brake.begin('10.0.0.200', 'bert', 0))).toBe(false);
    // Nor does a machine that was never here pay for them, until it fails itself.
    const first = brake.begin('new', 'anna', 0);
    expect(first).toMatchObject({ isKnown: false, isFresh: true });
    if (!isPaused(first)) first.failed();
    expect(isPaused(brake.begin('new', 'anna', 0))).toBe(true);
    expect(brake.begin('new', 'carl', 0)).toMatchObject({ isFresh: false });
    expect(brake.begin('new', 'carl', 16 * 60_000)).toMatchObject({ isFresh: true });
  });

  it('takes an IPv6 network of one house for one address', () => {
    const brake = new FailureBrake();
    const tried = Array.from({ length: 100 }, (_, at) => brake.begin(`2001:db8::${at}`, 'anna', 0));
    expect(tried.filter((verdict) => !isPaused(verdict))).toHaveLength(6);
  });

  it('forgets failures once one was right, and what was never tried', () => {
    const brake = new FailureBrake();
    for (let failure = 0; failure < 4; failure++) brake.begin('a', 'anna', 0);
    const right = brake.begin('a', 'anna', 0);
    if (!isPaused(right)) right.succeeded();
    expect(failUntilPaused(brake, 'a', 'anna')).toBe(6);

    for (let withdrawn = 0; withdrawn < 100; withdrawn++) {
      const attempt = brake.begin('b', 'bert', 0);
      expect(isPaused(attempt)).toBe(false);
      if (!isPaused(attempt)) attempt.withdrawn();
    }
    expect(failUntilPaused(brake, 'b', 'bert')).toBe(6);
  });

  it('forgets all after a quarter of an hour', () => {
    const brake = new FailureBrake();
    for (let now = 0; now < 300_000; now += 1_000) brake.begin('a', 'anna', now);
    expect(failUntilPaused(brake, 'a', 'anna', 300_000 + 16 * 60_000)).toBe(6);
  });

  it('lets a slowed guesser have a few attempts an hour, whatever it tries', () => {
    const brake = new FailureBrake();
    let through = 0;
    for (let now = 0; now < 3_600_000; now += 50) if (!isPaused(brake.begin('a', 'anna', now))) through++;
    expect(through).toBeLessThan(75);
  });
});

describe('the group of an address', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8::1', '2001:db8:0:0'],
    ['2001:0db8:0000:0001::', '2001:db8:0:1'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['unknown', 'unknown'],
  ])('of %s is %s', (address, group) => {
    expect(addressGroup(address)).toBe(group);
  });

  it('is the same for every spelling and every host of a network', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const full = groups.map((part) => part.toString(16).padStart(4, '0')).join(':');
        const network = groups.slice(0, 4).map((part) => part.toString(16));
        expect(addressGroup(full)).toBe(network.join(':'));
        expect(addressGroup(`${network.join(':')}::`)).toBe(network.join(':'));
      }),
    );
  });
});
