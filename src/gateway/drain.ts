import { isLoopback } from '../access/addresses.ts';
import type { Config } from '../config/schema.ts';
import type { Listener } from './listener.ts';

/** How long a drain takes, ms. */
export interface DrainTimes {
  /** From the moment `/readyz` says that it stops to the closing of the listeners. */
  readonly delayMs: number;
  /** From then on, for what is under way. */
  readonly graceMs: number;
}

/** As long as common load balancers take to see that an instance is not ready any more, ms. */
const DELAY_MS = 5_000;

/** The part of the grace, and the most of it, ms, that is kept for writing refusals and for who gets the last slots. */
const RESERVE_PART = 1 / 4;
const LONGEST_RESERVE_MS = 2_000;

/** What is told at the end of the grace is on its way by then, ms. */
const LAST_WORDS_MS = 500;

/** The times of a configuration: where nobody beyond this machine asks for readiness, nobody has to be waited for. */
export function drainTimes({ shutdown, admin }: Pick<Config, 'shutdown' | 'admin'>): DrainTimes {
  const { delayMs, graceMs } = shutdown;
  return { delayMs: delayMs ?? (isLoopback(admin.host) ? 0 : DELAY_MS), graceMs };
}

/** How long whoever waits for a slot or a login may go on to, ms from the closing of the listeners. */
export function waitersMs(graceMs: number): number {
  return graceMs - Math.min(graceMs * RESERVE_PART, LONGEST_RESERVE_MS);
}

/**
 * Closes listeners: waits for requests under way, at most `graceMs`; then whoever is left is told that no answer will come,
 * and connections are cut.
 *
 * @param turnAway refuses whoever still waits for a turn, a while before that
 */
export async function closeListeners(
  listeners: readonly Listener[],
  graceMs: number,
  turnAway: () => void,
): Promise<void> {
  const closing = Promise.allSettled(listeners.map(({ fastify }) => fastify.close()));
  const idle = setInterval(() => {
    for (const { fastify } of listeners) fastify.server.closeIdleConnections();
  }, 50);
  const tell = () => {
    for (const listener of listeners) listener.cut();
  };
  const cut = () => {
    for (const { fastify } of listeners) fastify.server.closeAllConnections();
  };
  const timers = [
    setTimeout(turnAway, waitersMs(graceMs)),
    // What was answered or refused at the last moment is written first.
    setTimeout(() => setImmediate(() => setImmediate(tell)), graceMs),
    setTimeout(cut, graceMs + LAST_WORDS_MS),
  ];
  await closing;
  clearInterval(idle);
  for (const timer of timers) clearTimeout(timer);
}
