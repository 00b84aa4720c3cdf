/**
 * What to do about a region that answers 401 for the current token. A fresh one is tried again after a moment,
 * since identity services replicate. An older one is replaced, but replacements keep a growing distance: a
 * region that refuses everything must not turn every request into a login. Once a request that was refused has been
 * answered with the new token, that was no such region, and the distance is forgotten.
 */
import { type Clock, sleep } from '../clock.ts';
import type { Token } from './token.ts';

/** A token younger than this may just not have arrived everywhere. */
const FRESH_MS = 5_000;
/** How long a fresh token is given to arrive. */
const MOMENT_MS = 1_000;
/** Distance between logins because of refusals: none before the first, then doubling from the one to the other. */
const DISTANCE_BASE_MS = 5_000;
const DISTANCE_LIMIT_MS = 300_000;

export type RefusalVerdict =
  /** Wait for `moment`, shared by all, and try with the same token. */
  | { kind: 'again'; moment: Promise<void> }
  /** Log in. */
  | { kind: 'login' }
  /** Too soon after the last login of this kind. */
  | { kind: 'pause'; remainingMs: number };

export interface Refusals {
  /** The verdict for a refusal of the current token. A `login` verdict counts as a login. */
  decide(token: Token): RefusalVerdict;
  /** A request that was refused has been answered with the token that replaced the refused one. */
  healed(): void;
  /** Lets go of whoever waits for a moment. */
  close(): void;
}

export function createRefusals(clock: Clock): Refusals {
  const controller = new AbortController();
  let chance: { tokenId: string; moment: Promise<void>; over: boolean } | undefined;
  let distanceMs = 0;
  let lastLoginAt = Number.NEGATIVE_INFINITY;

  function secondChance(token: Token): Promise<void> | undefined {
    if (chance?.tokenId === token.id) return chance.over ? undefined : chance.moment;
    if (clock.now() - token.issuedAtMs >= FRESH_MS) return undefined;
    const given = { tokenId: token.id, moment: Promise.resolve(), over: false };
    const end = () => {
      given.over = true;
    };
    given.moment = sleep(clock, MOMENT_MS, controller.signal).then(end, end);
    chance = given;
    return given.moment;
  }

  return {
    decide(token) {
      const moment = secondChance(token);
      if (moment) return { kind: 'again', moment };
      const now = clock.monotonic();
      const quietMs = now - lastLoginAt;
      if (quietMs < distanceMs) return { kind: 'pause', remainingMs: distanceMs - quietMs };
      const forgotten = quietMs >= 2 * DISTANCE_LIMIT_MS;
      distanceMs = forgotten ? DISTANCE_BASE_MS : Math.min(DISTANCE_LIMIT_MS, distanceMs * 2);
      lastLoginAt = now;
      return { kind: 'login' };
    },
    healed() {
      distanceMs = 0;
      lastLoginAt = Number.NEGATIVE_INFINITY;
    },
    close: () => controller.abort(),
  };
}
