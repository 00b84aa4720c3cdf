/**
 * Who else uses this Redis, and by which settings: each instance leaves a sealed record of the settings that only work when
 * all have the same ones. A record is dropped when it has not been renewed for `RECORD_LIFE_MS`, by Redis' own clock.
 */
import { createHash } from 'node:crypto';
import type { RedisConnection } from './connection.ts';
import { createScript } from './script.ts';
import type { Seal } from './seal.ts';

/** Digests of settings, by their paths: equal exactly when the settings are. Nothing can be read back from them. */
export type Fingerprint = Readonly<Record<string, string>>;

/** What an instance tells of itself. */
export interface InstanceRecord {
  /** Unique among instances and over restarts. */
  readonly id: string;
  /** Name of its machine, as far as it knows. */
  readonly host: string;
  readonly version: string;
  /** When it started, wall ms by its own clock. */
  readonly startedAt: number;
  readonly settings: Fingerprint;
}

/** What stands in Redis. */
export interface Instances {
  readonly records: readonly InstanceRecord[];
  /** How many records no key of ours has sealed: an instance with other `redis.signingKeys`, or rubbish. */
  readonly foreign: number;
}

/** How often a record is renewed, and how long one counts that is not, ms. */
export const RENEWAL_MS = 20_000;
export const RECORD_LIFE_MS = 90_000;

/** Most records that are read; whoever writes more has something else in mind. */
const MOST_RECORDS = 1_000;
const LONGEST_RECORD = 8_192;
/** What comes later is no date (ECMA-262, section 21.4.1.1), ms. */
const LATEST_MS = 8.64e15;

const KEY = 'sluice:1:instances';
const PURPOSE = 'instance';

/**
 * KEYS[1] hash of records by instance, each `<ms> <record>` with the time it was renewed. ARGV: life ms, most records, and
 * to write one: instance, record ('' takes it away). Answers all records that count.
 */
const EXCHANGE = createScript(`
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local lifeMs, most = tonumber(ARGV[1]), tonumber(ARGV[2])
if redis.call('HLEN', KEYS[1]) > most then redis.call('DEL', KEYS[1]) end
if ARGV[3] then
  if ARGV[4] == '' then redis.call('HDEL', KEYS[1], ARGV[3])
  else redis.call('HSET', KEYS[1], ARGV[3], string.format('%.0f ', now) .. ARGV[4]) end
end
local all = redis.call('HGETALL', KEYS[1])
local live = {}
for i = 1, #all, 2 do
  local seen, record = string.match(all[i + 1], '^(%d+) (.*)$')
  if not seen or tonumber(seen) + lifeMs <= now then
    if ARGV[3] then redis.call('HDEL', KEYS[1], all[i]) end
  else live[#live + 1] = record end
end
if ARGV[3] then redis.call('PEXPIRE', KEYS[1], 2 * lifeMs) end
return live
`);

/**
 * Leaves a record, and reads those of all.
 *
 * @throws ioredis's error when Redis refuses or does not answer in time
 */
export async function exchangeInstances(
  redis: RedisConnection,
  seal: Seal,
  own: InstanceRecord,
): Promise<Instances> {
  return read(await EXCHANGE.run(redis, [KEY], [...BOUNDS, own.id, sealed(own, seal)]), seal);
}

/** Takes the record of an instance away. @throws as above */
export async function leaveInstances(redis: RedisConnection, id: string): Promise<void> {
  await EXCHANGE.run(redis, [KEY], [...BOUNDS, id, '']);
}

/** Reads the records and leaves none. @throws as above */
export async function readInstances(redis: RedisConnection, seal: Seal): Promise<Instances> {
  return read(await EXCHANGE.run(redis, [KEY], BOUNDS), seal);
}

const BOUNDS = [`${RECORD_LIFE_MS}`, `${MOST_RECORDS}`];

/** Digests of settings: each key of the parts, by its path. */
export function fingerprintOf(parts: Readonly<Record<string, object>>): Fingerprint {
  const entries = Object.entries(parts).flatMap(([part, settings]) =>
    Object.entries(settings).map(([key, value]) => [`${part}.${key}`, digest(value)] as const),
  );
  return Object.fromEntries(entries);
}

/** The paths of settings by which two instances differ; a setting that one of them does not know yet is none. */
export function differences(one: Fingerprint, other: Fingerprint): string[] {
  return Object.keys(one).filter((path) => other[path] !== undefined && other[path] !== one[path]);
}

const digest = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('base64url')
    .slice(0, 10);

function sealed(record: InstanceRecord, seal: Seal): string {
  const text = JSON.stringify(record);
  return `${seal.of(PURPOSE, text)} ${text}`;
}

function read(answer: unknown, seal: Seal): Instances {
  const texts = Array.isArray(answer) ? answer.map(String) : [];
  const records = texts.flatMap((text) => unsealed(text, seal) ?? []);
  return { records, foreign: texts.length - records.length };
}

function unsealed(text: string, seal: Seal): InstanceRecord | undefined {
  const cut = text.indexOf(' ');
  if (text.length > LONGEST_RECORD || cut < 0) return undefined;
  const body = text.slice(cut + 1);
  if (!seal.matches(text.slice(0, cut), PURPOSE, body)) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Without a key of their own, seals show no more than that a record is whole: what it holds is looked at all the same. */
function isRecord(value: unknown): value is InstanceRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { id, host, version, startedAt, settings } = value as Partial<InstanceRecord>;
  const areTexts = [id, host, version].every(
    (text) => typeof text === 'string' && /^[\x20-\x7e]{1,255}$/.test(text),
  );
  if (!areTexts || typeof startedAt !== 'number' || !(startedAt >= 0 && startedAt <= LATEST_MS)) return false;
  if (typeof settings !== 'object' || settings === null) return false;
  return Object.entries(settings).every(
    ([path, text]) => /^[A-Za-z.]{1,64}$/.test(path) && typeof text === 'string' && text.length <= 64,
  );
}
