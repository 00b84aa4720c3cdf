import type { Attempt, Exchange, FinalState, Logs, Outcome, Terms } from './log.ts';

/** Logs of a small world in which all is well, for faults to be planted in: times are ms from its start. */

const START_MS = 1_800_000_000_000;
export const at = (ms: number): number => START_MS + ms;

export const ALPHA = '100001';
export const BETA = '200002';
export const SERVERS = `/dfw/v2/${ALPHA}/servers`;

export const TERMS: Terms = {
  markers: { [ALPHA]: 'mark-of-alpha', [BETA]: 'mark-of-beta' },
  callersSecrets: ['a-key-of-alpha'],
  requestsPerSecond: 20,
  instances: 3,
  allowanceMs: 10_000,
  staleMs: { images: 5_000 },
};

export const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Outcome => ({
  kind: 'answer',
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

let calls = 0;

/** An attempt that was sent and answered 200 at once, but for what is said. */
export function attempt(sentMs: number, given: Partial<Attempt> = {}): Attempt {
  calls += 1;
  return {
    ...{ call: calls, tenant: ALPHA, instance: 'a', method: 'GET', path: SERVERS, maxWaitMs: 1_000 },
    ...{ sentMs: at(sentMs), endedMs: at(sentMs + 100), outcome: answer(200, {}) },
    ...given,
  };
}

/** What the region got at that moment and did, but for what is said. */
export function exchange(
  doneMs: number,
  status: number,
  body: unknown,
  given: Partial<Exchange> = {},
): Exchange {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    ...{ region: 'DFW', method: 'GET', path: SERVERS, token: 'a-token-of-the-cloud', body: '' },
    ...{ receivedMs: at(doneMs - 1), departedMs: at(doneMs + 1), fate: 'answered', status },
    done: { status, body: text, atMs: at(doneMs) },
    ...given,
  };
}

/** What the region got and did not do, or did and told nobody of. */
export const failed = (ms: number, given: Partial<Exchange>): Exchange =>
  exchange(ms, 200, {}, { done: undefined, status: undefined, fate: 'reset', ...given });

export const logsOf = (given: Partial<Logs>): Logs => ({
  ...{ terms: TERMS, attempts: [], exchanges: [], disturbances: [], standstills: [], final: [] },
  ...given,
});

/** The tenant alpha in DFW at the end. */
export const inTheEnd = (servers: FinalState['servers']): FinalState[] => [
  { tenant: ALPHA, region: 'DFW', servers },
];
