import { createHash } from 'node:crypto';
import { TRANSIT_MS } from '../windows/under-way.ts';
import { BUDGET_SCRIPT } from './script.ts';
import {
  type BudgetStore,
  type ExchangeAnswer,
  type ExchangeReport,
  LEASE_MS,
  LONGEST_SILENCE_MS,
} from './store.ts';

/** The part of an ioredis connection (or cluster) that is used. */
export interface ScriptRunner {
  evalsha(sha: string, keys: number, ...args: string[]): Promise<unknown>;
  eval(script: string, keys: number, ...args: string[]): Promise<unknown>;
}

const SCRIPT_SHA = createHash('sha1').update(BUDGET_SCRIPT).digest('hex');

export interface RedisBudgetOptions {
  readonly redis: ScriptRunner;
  /** Unique among instances and over restarts. */
  readonly instance: string;
  /** Before every key. */
  readonly prefix?: string;
  /** ms since the epoch; left out, Redis' own clock, which all instances share. */
  readonly now?: () => number;
}

/** Budgets in Redis: one key per user and region, so that a cluster keeps each on one node. */
export function createRedisBudgetStore(options: RedisBudgetOptions): BudgetStore {
  const { redis, instance, prefix = 'sluice:' } = options;
  return {
    async exchange(report) {
      const key = `${prefix}limits:{${report.budget.replace(/[{}\s]/g, '_')}}`;
      const now = options.now ? `${options.now()}` : '';
      const document = JSON.stringify(report satisfies ExchangeReport);
      const args = [key, instance, now, `${LEASE_MS}`, `${TRANSIT_MS}`, `${LONGEST_SILENCE_MS}`, document];
      return readAnswer(await run(redis, args));
    },
  };
}

async function run(redis: ScriptRunner, args: string[]): Promise<unknown> {
  try {
    return await redis.evalsha(SCRIPT_SHA, 1, ...args);
  } catch (error) {
    if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
    return redis.eval(BUDGET_SCRIPT, 1, ...args);
  }
}

/** Lua writes an empty list as an object. */
function readAnswer(reply: unknown): ExchangeAnswer {
  const answer = JSON.parse(String(reply)) as ExchangeAnswer;
  return Array.isArray(answer.limits) ? answer : { ...answer, limits: [] };
}
