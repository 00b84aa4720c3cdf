import { Pool } from 'undici';
import { systemClock } from '../../src/clock.ts';
import type { JsonValue } from '../../src/json.ts';
import { createLimits, type LimitPlace } from '../../src/limits/limits.ts';
import { silentObserver } from '../../src/limits/queue/shaper-contract.ts';
import type { BudgetStore } from '../../src/limits/shared/store.ts';
import type { Permit } from '../../src/limits/slot-request.ts';

/** An instance of Sluice as far as limits go: what it sends waits for its turn. */
export interface LimitedCaller {
  /** Sends so many requests with so many callers; answers the statuses, `refused` for Sluice's own refusals. */
  send(count: number, callers: number): Promise<(number | 'refused')[]>;
  /** How long its answers have taken so far, from permit to head, on average, ms. */
  readonly meanLatencyMs: number;
  close(): Promise<void>;
}

const SETTINGS = {
  enabled: true,
  source: 'published',
  static: [],
  preset: null,
  presetLimits: [],
  maxWaitMs: 60_000,
  maxQueue: 10_000,
  maxQueuePerClient: 10_000,
  overLimitStatus: 413,
  marginMs: 5,
  instances: 1,
  ledger: null,
} as const;

/** @param store where several callers share the budget */
export function createLimitedCaller(origin: string, store?: BudgetStore): LimitedCaller {
  const pool = new Pool(origin, { connections: 64 });
  const place: LimitPlace = { account: { name: 'main' }, endpoint: { region: 'DFW', basePath: '/v2/7142' } };
  let answers = 0;
  let latencyMs = 0;
  const get = async (path: string, permit: Permit) => {
    const sentAt = performance.now();
    const answer = await pool.request({ method: 'GET', path: `/v2/7142${path}` });
    permit.answered(answer.statusCode, answer.headers);
    answers++;
    latencyMs += performance.now() - sentAt;
    return { status: answer.statusCode, body: await answer.body.text() };
  };
  const limits = createLimits({
    settings: { ...SETTINGS, static: [], presetLimits: [] },
    clock: systemClock,
    userOf: () => 'someone',
    fetchLimits: async (_, permit) => JSON.parse((await get('/limits', permit)).body) as JsonValue,
    shares: () => 1,
    observe: () => silentObserver,
    warn: () => undefined,
    store,
  });
  const request = async () => {
    const permit = await limits.acquire(place, {
      method: 'GET',
      path: '/servers',
      fullPath: '/v2/7142/servers',
      query: '',
      client: 'anybody',
      priority: 'interactive',
      maxWaitMs: 60_000,
    });
    return permit.refused ? ('refused' as const) : (await get('/servers', permit)).status;
  };
  return {
    async send(count, callers) {
      const statuses: (number | 'refused')[] = [];
      let left = count;
      const caller = async () => {
        while (left-- > 0) statuses.push(await request());
      };
      await Promise.all(Array.from({ length: callers }, caller));
      return statuses;
    },
    get meanLatencyMs() {
      return answers === 0 ? 0 : latencyMs / answers;
    },
    async close() {
      await limits.close();
      await pool.close();
    },
  };
}
