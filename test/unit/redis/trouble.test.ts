import { describe, expect, it } from 'vitest';
import {
  describeTrouble,
  needsNewConnection,
  REDIS_TROUBLES,
  type RedisTrouble,
  troubleOf,
} from '../../../src/redis/trouble.ts';

const failed = (message: string, fields: object = {}) => Object.assign(new Error(message), fields);

/** What servers from Redis 5 on, Valkey and ioredis say. */
const MESSAGES: [RedisTrouble, Error][] = [
  ['readonly', failed("READONLY You can't write against a read only replica.")],
  [
    'readonly',
    failed("READONLY You can't write against a read only replica. script: 6dcd4c, on @user_script:1."),
  ],
  [
    'readonly',
    failed(
      "ERR Error running script (call to f_6dcd4ce23d88e2ee9568ba546c007c63d9131c1b): @user_script:12: @user_script: 12: -READONLY You can't write against a read only replica.",
    ),
  ],
  ['readonly', failed("@user_script: 12: -READONLY You can't write against a read only slave.")],
  ['masterdown', failed("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.")],
  ['loading', failed('LOADING Redis is loading the dataset in memory')],
  [
    'misconf',
    failed('MISCONF Redis is configured to save RDB snapshots, but it is unable to persist to disk.'),
  ],
  ['misconf', failed('NOREPLICAS Not enough good replicas to write.')],
  ['full', failed("OOM command not allowed when used memory > 'maxmemory'.")],
  ['moved', failed('MOVED 3999 127.0.0.1:6381')],
  ['moved', failed('ASK 3999 127.0.0.1:6381')],
  ['moved', failed('CLUSTERDOWN Hash slot not served')],
  ['moved', failed("CROSSSLOT Keys in request don't hash to the same slot")],
  ['noscript', failed('NOSCRIPT No matching script. Please use EVAL.')],
  ['noscript', failed('NOSCRIPT No matching script.')],
  ['refused', failed('NOAUTH Authentication required.')],
  ['refused', failed('WRONGPASS invalid username-password pair or user is disabled.')],
  ['refused', failed("NOPERM this user has no permissions to run the 'evalsha' command")],
  ['refused', failed('ERR invalid password')],
  ['refused', failed('ERR Client sent AUTH, but no password is set')],
  ['refused', failed('ERR AUTH <password> called without any password configured for the default user.')],
  ['refused', failed('DENIED Redis is running in protected mode')],
  ['wrongtype', failed('WRONGTYPE Operation against a key holding the wrong kind of value')],
  ['busy', failed('BUSY Redis is busy running a script.')],
  ['busy', failed('ERR max number of clients reached')],
  ['timeout', failed('Command timed out')],
  ['away', failed('Connection is closed.')],
  ['away', failed("Stream isn't writeable and enableOfflineQueue options is false")],
  ['away', failed('connect ECONNREFUSED 127.0.0.1:6379', { code: 'ECONNREFUSED' })],
  ['away', failed('getaddrinfo EAI_AGAIN redis', { code: 'EAI_AGAIN' })],
  ['away', failed('Reached the max retries per request limit', { name: 'MaxRetriesPerRequestError' })],
  [
    'refused',
    failed('Failed to refresh slots cache.', {
      name: 'ClusterAllFailedError',
      lastNodeError: failed('WRONGPASS invalid username-password pair'),
    }),
  ],
  ['away', failed('Failed to refresh slots cache.', { name: 'ClusterAllFailedError' })],
  ['other', failed('ERR unknown command `EVALSHA`, with args beginning with: `x`')],
  ['other', failed('constructor of something')],
  ['other', failed('')],
];

describe('what is wrong with Redis', () => {
  it.each(MESSAGES)('is %s: %s', (trouble, error) => {
    expect(troubleOf(error)).toBe(trouble);
    expect(REDIS_TROUBLES).toContain(trouble);
  });

  it('is something else for what is no error', () => {
    for (const thrown of [undefined, null, 'READONLY', { message: 'READONLY x' }])
      expect(troubleOf(thrown)).toBe('other');
  });

  it('is told by the beginning of a message alone, however long it is', () => {
    expect(troubleOf(failed(`ERR ${'-A '.repeat(100_000)}-READONLY x`))).toBe('other');
    expect(troubleOf(failed('A'.repeat(1_000_000)))).toBe('other');
  });

  it('asks for a new connection only where another server is the master', () => {
    expect(REDIS_TROUBLES.filter(needsNewConnection)).toEqual(['readonly', 'masterdown']);
  });

  it('is a sentence of its own where an operator has to do something', () => {
    const own = REDIS_TROUBLES.filter((trouble) => describeTrouble(trouble) !== 'Redis does not answer');
    expect(new Set(own.map(describeTrouble)).size).toBe(own.length);
    expect(own).toEqual(
      expect.arrayContaining(['readonly', 'misconf', 'refused', 'moved', 'full', 'loading']),
    );
  });
});
