import { createRequire } from 'node:module';
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import type { Standpoint } from '../standing.ts';
import type { RedisSettings } from './settings.ts';
import { describeTrouble, needsNewConnection, troubleOf } from './trouble.ts';

/** The library, loaded by the first connection: a start without Redis does not wait for it. */
const library = (): typeof import('ioredis') => createRequire(import.meta.url)('ioredis');

/** One connection or a cluster of them: both speak the same commands. */
export type RedisConnection = Redis | Cluster;

/** Where the state of the connection is spoken of; a pino logger fits. */
export interface RedisLog {
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

/** For a connection of whose outages another one to the same Redis speaks. */
export const SILENT_LOG: RedisLog = { warn: () => {}, info: () => {} };

const CONNECT_TIMEOUT_MS = 1000;
/** Reconnecting is tried often: a Redis that is back should be used again within a second or two. */
const LONGEST_RECONNECT_DELAY_MS = 1000;

const reconnectDelayMs = (attempt: number): number => Math.min(50 * 2 ** attempt, LONGEST_RECONNECT_DELAY_MS);

/** What a caller of `createRedis` may choose. */
export interface RedisUse {
  /** A command without an answer after this long fails (ms); default 50, which is the budget of a request. */
  commandTimeoutMs?: number;
  /** What the connection is for, in the log and in Redis' CLIENT LIST. */
  purpose?: string;
  /** Where it is written down how the connection stands. */
  standing?: Standpoint | undefined;
}

/**
 * Connects in the background and never throws for an unreachable Redis: commands fail at once while it is away
 * (nothing queues up behind an outage), and the connection returns by itself. An outage costs one warning, its
 * end one line.
 *
 * @returns null when the settings name no Redis
 */
export function createRedis(
  settings: RedisSettings,
  log: RedisLog,
  use: RedisUse = {},
): RedisConnection | null {
  return open(settings, log, use, () => {});
}

/** A connection for commands, and one for messages of the same server. */
export interface RedisPair {
  readonly redis: RedisConnection;
  readonly subscriber: RedisConnection;
}

/**
 * Both connections of a part that hears of others' changes. Messages come to a replica as well, until its connections to the
 * master end, and nobody says so: where a command shows that the server is no master (any more), both are made anew.
 *
 * @returns null when the settings name no Redis
 */
export function createRedisPair(
  settings: RedisSettings,
  log: RedisLog,
  use: RedisUse & { readonly purpose: string },
): RedisPair | null {
  const subscriber = createSubscriber(settings, `${use.purpose} news`);
  const redis = open(settings, log, use, () => subscriber?.disconnect(true));
  return redis && subscriber && { redis, subscriber };
}

/** @param onNotMaster a command has shown that the server is none; the connection is being made anew */
function open(
  settings: RedisSettings,
  log: RedisLog,
  use: RedisUse,
  onNotMaster: () => void,
): RedisConnection | null {
  const connection = connect(settings, commonOptions(use, onNotMaster));
  if (connection) logOutages(connection, log, use.purpose ?? 'shared state');
  if (connection && use.standing) follow(connection, use.standing);
  return connection;
}

/**
 * A second connection with the same settings for subscriptions, which block their connection for anything else.
 * Without a command timeout: resubscribing after an outage may take its time. It says nothing of outages, because
 * the first connection does.
 */
function createSubscriber(settings: RedisSettings, purpose: string): RedisConnection | null {
  const { commandTimeout: _, ...options } = commonOptions({ purpose }, () => {});
  // Whoever subscribes does so at each `ready`. ioredis would do it as well, and drop the promise of it: a connection that
  // ends before Redis has answered would then end the process.
  const connection = connect(settings, { ...options, autoResubscribe: false });
  // An 'error' event without a listener would end the process.
  connection?.on('error', () => {});
  return connection;
}

function commonOptions(use: RedisUse, onNotMaster: () => void) {
  return {
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: use.commandTimeoutMs ?? 50,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: reconnectDelayMs,
    // 1: connect anew, so that names and sentinels are asked for the master of today; the command has failed.
    reconnectOnError(error: Error): 1 | false {
      if (!needsNewConnection(troubleOf(error))) return false;
      onNotMaster();
      return 1;
    },
    ...(use.purpose === undefined ? {} : { connectionName: `sluice-${use.purpose.replace(/\s/g, '-')}` }),
  } satisfies RedisOptions;
}

type ConnectionOptions = Omit<ReturnType<typeof commonOptions>, 'commandTimeout'> & {
  commandTimeout?: number;
  autoResubscribe?: boolean;
};

function connect(settings: RedisSettings, options: ConnectionOptions): RedisConnection | null {
  if (settings.url !== null) return new (library().Redis)(settings.url, options);
  if (settings.sentinels !== null) {
    const { name, nodes, password, sentinelPassword } = settings.sentinels;
    return new (library().Redis)({
      ...options,
      name,
      sentinels: nodes,
      sentinelRetryStrategy: reconnectDelayMs,
      ...(password === null ? {} : { password }),
      ...(sentinelPassword === null ? {} : { sentinelPassword }),
    });
  }
  if (settings.cluster === null) return null;
  const { retryStrategy: _, enableOfflineQueue, ...redisOptions } = options;
  const { nodes, password } = settings.cluster;
  return new (library().Cluster)(nodes, {
    enableOfflineQueue,
    clusterRetryStrategy: reconnectDelayMs,
    redisOptions: { ...redisOptions, ...(password === null ? {} : { password }) },
  });
}

/** A connection that is closed on purpose neither errs nor reconnects, so it is no outage. */
function logOutages(connection: RedisConnection, log: RedisLog, purpose: string): void {
  let away = false;
  const outage = (error: unknown) => {
    if (away) return;
    away = true;
    const isError = error instanceof Error;
    const what = isError ? describeTrouble(troubleOf(error)) : 'Redis does not answer';
    log.warn(
      isError ? { err: error, purpose } : { purpose },
      `${what}; this instance goes on alone until it is back`,
    );
  };
  connection.on('error', outage);
  connection.on('reconnecting', outage);
  connection.on('ready', () => {
    if (away) log.info({ purpose }, 'Redis is back');
    away = false;
  });
}

/** Writes down how a connection stands; one that is closed on purpose does not stand at all. */
function follow(connection: RedisConnection, standing: Standpoint): void {
  standing.set(false, 'it has not answered yet');
  connection.on('error', (error: unknown) => {
    // The connection may work all the same: one of a cluster's nodes, one command.
    if (connection.status !== 'ready') standing.set(false, describeTrouble(troubleOf(error)));
  });
  connection.on('close', () => standing.set(false, describeTrouble('away')));
  connection.on('ready', () => standing.set(true));
  connection.on('end', () => standing.close());
}
