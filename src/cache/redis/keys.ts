import { createHash } from 'node:crypto';

/** Where the instances tell each other of changes. */
export const CHANNEL = 'sluice:1:cache:changes';

/** A set of all scopes anything was ever stored for, so that a purge finds them. */
export const SCOPES = 'sluice:1:cache:scopes';

/** The names of keys in Redis; everything of one scope shares a hash tag and so, in a cluster, a slot. */
export interface RedisKeys {
  entry(scope: string, key: string): string;
  generation(scope: string): string;
  lock(scope: string, key: string): string;
  /** The keys of entries that callers can invent any number of, the one that came first at the front. */
  unbounded(scope: string): string;
}

/** Longer keys are hashed: a query may be as long as a request line. */
const LONGEST_PLAIN_KEY = 200;

const tagOf = (scope: string): string => `{${scope.split('\n').map(encodeURIComponent).join(':')}}`;

const nameOf = (key: string): string =>
  key.length <= LONGEST_PLAIN_KEY
    ? key.replaceAll('\n', ' ')
    : `sha256 ${createHash('sha256').update(key).digest('base64url')}`;

export const redisKeys: RedisKeys = {
  entry: (scope, key) => `sluice:1:cache:${tagOf(scope)}:entry:${nameOf(key)}`,
  generation: (scope) => `sluice:1:cache:${tagOf(scope)}:generation`,
  lock: (scope, key) => `sluice:1:cache:${tagOf(scope)}:lock:${nameOf(key)}`,
  unbounded: (scope) => `sluice:1:cache:${tagOf(scope)}:unbounded`,
};
