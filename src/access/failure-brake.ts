/**
 * Slows those down who guess. Three counts, because each alone would let one caller lock out another:
 *
 * - an address with one name: the first failures are free, then each doubles the pause. That is what stops a guesser, and
 *   nobody else has that address and that name.
 * - an address with any names: somebody who tries one word with many names. One name alone, slowed by the first count, can
 *   never fill this one, so that a neighbour behind the same address goes on.
 * - a name from any addresses: somebody who has many addresses. One address alone can never fill it either, and it holds
 *   back only those addresses that have failed themselves: the first login of a new machine does not pay for a flood.
 *
 * An address that was told to come back later, and does not wait for as long, counts as one that has failed meanwhile: a flood
 * that is never verified, since there is no time for it, would pass for so many first logins otherwise.
 *
 * Whoever has logged in from an address before is held back by the first count alone. All is bounded: the counts that
 * were not touched for longest go first. Times are monotonic ms.
 */
import { isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';
import { owned } from '../owned-text.ts';
import { LeakyCounts } from './leaky-counts.ts';

/** Failures of an address with a name that cost nothing: typing errors. */
const FREE_FAILURES = 5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** Without a failure for so long, all is forgotten. */
const FORGET_MS = 15 * 60_000;

/** What an address or a name may fail in a row, and how fast that leaks away: faster than one slowed pair can fail. */
const WIDE_FAILURES = 30;
const WIDE_LEAK_PER_SECOND = 0.5;

const KNOWN_MS = 24 * 3_600_000;
const MOST_COUNTS = 8_192;
/** Addresses that have failed: a flood with more of them than this passes for new ones, and shares their turns. */
const MOST_FAILED = 32_768;

interface PairCount {
  failures: number;
  pauseUntil: number;
  touched: number;
}

/** One attempt that may go on, counted as a failure until it is known to be none. */
export interface Attempt {
  /** Logged in from here before. */
  readonly isKnown: boolean;
  /** Nobody has failed from this address, whatever name was tried, nor was anybody told there to come back later than now. */
  readonly isFresh: boolean;
  /** It was right: its address is known with this name from now on. */
  succeeded(): void;
  /** It was wrong. */
  failed(): void;
  /** It was never tried. */
  withdrawn(): void;
}

/** How long to wait before the next attempt, ms. */
export interface Pause {
  readonly pauseMs: number;
}

/** What is known of an address and a name before an attempt. */
export interface Look extends Pick<Attempt, 'isKnown' | 'isFresh'>, Pause {}

export class FailureBrake {
  readonly #pairs = new LRUCache<string, PairCount>({ max: MOST_COUNTS });
  readonly #addresses = new LeakyCounts(WIDE_FAILURES, WIDE_LEAK_PER_SECOND);
  readonly #names = new LeakyCounts(WIDE_FAILURES, WIDE_LEAK_PER_SECOND);
  readonly #known = new LRUCache<string, number>({ max: MOST_COUNTS });
  /** Until when an address counts as one that has failed. */
  readonly #failed = new LRUCache<string, number>({ max: MOST_FAILED });

  /**
   * What is known of whoever would make an attempt; nothing is counted.
   *
   * @param name what the caller calls itself; nobody need be called so
   */
  look(address: string, name: string, now: number): Look {
    const place = addressGroup(address);
    const pair = `${place} ${name}`;
    const isKnown = (this.#known.get(pair) ?? 0) > now;
    const isFresh = (this.#failed.get(place) ?? 0) <= now;
    const pauseMs = Math.max(
      this.#pairPause(pair, now),
      isKnown ? 0 : this.#addresses.pauseMs(place, now),
      isKnown || isFresh ? 0 : this.#names.pauseMs(name, now),
    );
    return { isKnown, isFresh, pauseMs };
  }

  /** Whether an attempt may be made now; it is counted then. */
  begin(address: string, givenName: string, now: number): Attempt | Pause {
    const { isKnown, isFresh, pauseMs } = this.look(address, givenName, now);
    if (pauseMs > 0) return { pauseMs };
    // Both were cut out of what the caller sent, which would be kept for as long as they are.
    const place = owned(addressGroup(address));
    const name = owned(givenName);
    const pair = owned(`${place} ${name}`);
    this.#count(pair, place, name, now);
    return {
      isKnown,
      isFresh,
      failed: () => void this.#failed.set(place, now + FORGET_MS),
      succeeded: () => {
        this.#uncount(pair, place, name);
        this.#pairs.delete(pair);
        this.#known.set(pair, now + KNOWN_MS);
      },
      withdrawn: () => this.#uncount(pair, place, name),
    };
  }

  /** Somebody is told to come back in so many ms, though nothing is known against the attempt itself. */
  toldToWait(address: string, waitMs: number, now: number): void {
    const place = owned(addressGroup(address));
    this.#failed.set(place, Math.max(this.#failed.get(place) ?? 0, now + waitMs));
  }

  #pairPause(pair: string, now: number): number {
    const count = this.#pairs.get(pair);
    if (count === undefined || now - count.touched > FORGET_MS) return 0;
    return Math.max(0, count.pauseUntil - now);
  }

  #count(pair: string, place: string, name: string, now: number): void {
    const before = this.#pairs.get(pair);
    const failures = before && now - before.touched <= FORGET_MS ? before.failures + 1 : 1;
    const doublings = failures - FREE_FAILURES - 1;
    const pause =
      doublings < 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(doublings, 16));
    this.#pairs.set(pair, { failures, pauseUntil: now + pause, touched: now });
    this.#addresses.add(place, now);
    this.#names.add(name, now);
  }

  #uncount(pair: string, place: string, name: string): void {
    const count = this.#pairs.get(pair);
    if (count !== undefined) {
      count.failures--;
      count.pauseUntil = Number.NEGATIVE_INFINITY;
    }
    this.#addresses.takeBack(place);
    this.#names.takeBack(name);
  }
}

/** What counts as one address: with IPv6 everybody has 2^64 of them. */
export function addressGroup(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  if (tail === undefined) return left.slice(0, 4).map(trimZeros).join(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).map(trimZeros).join(':');
}

const trimZeros = (group: string): string => group.toLowerCase().replace(/^0+(?=.)/, '');
