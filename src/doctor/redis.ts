/** What Redis is, and whether it serves what Sluice needs of it. */
import { randomUUID } from 'node:crypto';
import { NO_FINDINGS } from '../limits/learned/findings.ts';
import { createRedisBudgetStore } from '../limits/shared/redis-store.ts';
import { createRedis, type RedisConnection } from '../redis/connection.ts';
import { type Instances, readInstances } from '../redis/instances.ts';
import { createSeal } from '../redis/seal.ts';
import type { RedisSettings } from '../redis/settings.ts';
import { describeTrouble, troubleOf } from '../redis/trouble.ts';
import { about, type Finding } from './finding.ts';

/** What was seen of Redis. */
export interface RedisState {
  /** Fields of `INFO` by their names. */
  readonly info: Readonly<Record<string, string>>;
  /** Why the script of the budgets does not run; undefined: it runs. */
  readonly scriptProblem: string | undefined;
  /** Round trips, ms, in ascending order. */
  readonly roundTripsMs: readonly number[];
  /** Undefined where the records cannot be read. */
  readonly instances: Instances | undefined;
}

/** How long is waited for a connection, ms, and how often a round trip is measured. */
const PATIENCE_MS = 3_000;
const ROUND_TRIPS = 20;

/** Looks at the Redis of a configuration; a text says why there is no looking at it. */
export async function lookAtRedis(settings: RedisSettings): Promise<RedisState | string> {
  let trouble: unknown;
  const note = (fields: object) => {
    trouble = (fields as { err?: unknown }).err ?? trouble;
  };
  const redis = createRedis(
    settings,
    { warn: note, info: () => {} },
    { purpose: 'doctor', commandTimeoutMs: PATIENCE_MS },
  );
  if (redis === null) return 'no Redis is configured';
  try {
    if (!(await isReady(redis))) return describeTrouble(troubleOf(trouble ?? new Error('Command timed out')));
    return await look(redis, settings);
  } catch (error) {
    return describeTrouble(troubleOf(error));
  } finally {
    redis.disconnect();
  }
}

function isReady(redis: RedisConnection): Promise<boolean> {
  if (redis.status === 'ready') return Promise.resolve(true);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), PATIENCE_MS);
    redis.once('ready', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

async function look(redis: RedisConnection, settings: RedisSettings): Promise<RedisState> {
  const info = fieldsOf(String(await redis.call('info')));
  const roundTripsMs: number[] = [];
  for (let at = 0; at < ROUND_TRIPS; at++) {
    const start = performance.now();
    await redis.call('get', 'sluice:doctor');
    roundTripsMs.push(performance.now() - start);
  }
  return {
    info,
    roundTripsMs: roundTripsMs.sort((one, other) => one - other),
    scriptProblem: await tryScript(redis),
    instances: await readInstances(redis, createSeal(settings.signingKeys)).catch(() => undefined),
  };
}

function fieldsOf(text: string): Record<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':') && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

/** Runs the very script that hands out slots, for a budget of nobody, which leaves by itself within a minute. */
async function tryScript(redis: RedisConnection): Promise<string | undefined> {
  const id = randomUUID();
  try {
    const store = createRedisBudgetStore({ redis, instance: id });
    const nothing = { limits: [], findings: NO_FINDINGS };
    await store.exchange({ budget: `doctor ${id}`, instances: 1, isLeaving: true, ...nothing });
    return undefined;
  } catch (error) {
    return describeTrouble(troubleOf(error));
  }
}

/** The commands wait no longer than this in a request, ms. */
const BUDGET_OF_A_REQUEST_MS = 50;

/** What that means. Pure. */
export function judgeRedis(state: RedisState | string): Finding[] {
  const at = about('redis', 'connection');
  if (typeof state === 'string')
    return [
      at.fault(
        state,
        'see redis.url, sentinels or cluster; until then each instance goes on alone with its part of the limits',
      ),
    ];
  return [
    judgeVersion(state.info),
    judgeMemory(state.info),
    judgePersistence(state.info),
    judgeScript(state.scriptProblem),
    judgeLatency(state.roundTripsMs),
  ];
}

function judgeVersion(info: RedisState['info']): Finding {
  const at = about('redis', 'version');
  const version = info['redis_version'] ?? 'unknown';
  const role = info['role'] ?? 'unknown';
  const [major = 0] = version.split('.').map(Number);
  if (role === 'slave' || role === 'replica')
    return at.fault(
      `${version}, a replica: it takes no writes`,
      'name the master in redis.url, or use redis.sentinels',
    );
  if (major < 5)
    return at.fault(
      `${version}: its scripts cannot ask for the time and then write`,
      'use Redis 6.2 or newer',
    );
  if (version.localeCompare('6.2', 'en', { numeric: true }) < 0)
    return at.warning(`${version} gets no fixes any more`, 'use Redis 6.2 or newer');
  return at.ok(`${version}, ${role}`);
}

/** Everything that Sluice writes has an end, so that the policies for what has one can evict it. */
function judgeMemory(info: RedisState['info']): Finding {
  const at = about('redis', 'memory');
  const policy = info['maxmemory_policy'] ?? 'unknown';
  const most = Number(info['maxmemory'] ?? 0);
  const used = Number(info['used_memory'] ?? 0);
  if (most === 0)
    return at.warning(
      'maxmemory is not set: it grows until the system ends it',
      'set maxmemory 256mb and maxmemory-policy volatile-lru',
    );
  const share = `${(used / 1_048_576).toFixed(1)} of ${(most / 1_048_576).toFixed(0)} MiB, ${policy}`;
  if (policy === 'noeviction')
    return at.warning(
      `${share}: once it is full, nothing is written and instances go on alone`,
      'set maxmemory-policy volatile-lru',
    );
  if (/random|ttl/.test(policy))
    return at.warning(
      `${share}: budgets in use may be evicted before answers that nobody asks for`,
      'set maxmemory-policy volatile-lru',
    );
  return at.ok(share);
}

function judgePersistence(info: RedisState['info']): Finding {
  const at = about('redis', 'persistence');
  const isAof = info['aof_enabled'] === '1';
  if (info['loading'] === '1') return at.warning('it is loading its data', 'wait');
  if (isAof && info['aof_last_write_status'] === 'err')
    return at.fault('it cannot write its append-only file, and takes no writes', 'see its disk and its log');
  if (info['rdb_last_bgsave_status'] === 'err')
    return at.fault(
      'its last snapshot failed: by default it takes no writes then',
      'see its disk and its log, or set stop-writes-on-bgsave-error no',
    );
  return at.ok(
    isAof
      ? 'append-only file: budgets and returned tokens outlast a restart'
      : 'no append-only file: after a restart instances tell it what they know, and are careful for a window of each limit',
  );
}

function judgeScript(problem: string | undefined): Finding {
  const at = about('redis', 'script');
  if (problem === undefined) return at.ok('the script that hands out slots runs');
  return at.fault(
    `the script that hands out slots does not run: ${problem}`,
    'the user of redis.url needs +@all on ~sluice:* and &sluice:*',
  );
}

function judgeLatency(roundTripsMs: readonly number[]): Finding {
  const at = about('redis', 'latency');
  const [median, worst] = [roundTripsMs[Math.floor(roundTripsMs.length / 2)] ?? 0, roundTripsMs.at(-1) ?? 0];
  const text = `${median.toFixed(1)} ms, ${worst.toFixed(1)} ms at worst`;
  const advice =
    'put Redis into the network of the instances; what takes longer than 50 ms is left out of a request';
  if (median > BUDGET_OF_A_REQUEST_MS)
    return at.fault(`${text}: too slow to be asked during a request`, advice);
  if (median > BUDGET_OF_A_REQUEST_MS / 5) return at.warning(text, advice);
  return at.ok(text);
}
