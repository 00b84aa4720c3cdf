import type { RedisConnection } from '../../redis/connection.ts';
import type { RedisGuard } from '../../redis/guard.ts';
import { SCOPES } from './keys.ts';

/** The scopes that any instance has ever stored something for, so that a purge finds them. */
export interface ScopeRegister {
  /** Adds a scope, once per connection. */
  add(scope: string): Promise<void>;
  /** Empty when Redis does not say. */
  read(): Promise<string[]>;
}

/** See `ScopeRegister`. */
export function createScopeRegister(redis: RedisConnection, guard: RedisGuard): ScopeRegister {
  const added = new Set<string>();
  // A Redis that was away may have come back empty.
  redis.on('close', () => added.clear());
  return {
    async add(scope) {
      if (added.has(scope)) return;
      added.add(scope);
      const reply = await guard.attempt('register', () => addScope(redis, scope));
      if (reply === undefined) added.delete(scope);
    },
    read: async () => (await guard.attempt('scopes', () => readScopes(redis))) ?? [],
  };
}

/** Errors of a Redis that answers: another type under the key, no memory left. They are no outage. */
const isError = (error: unknown, code: 'WRONGTYPE' | 'OOM'): boolean =>
  error instanceof Error && error.message.startsWith(code);

/** Undefined when Redis is full. */
async function addScope(redis: RedisConnection, scope: string): Promise<number | undefined> {
  try {
    return await redis.sadd(SCOPES, scope);
  } catch (error) {
    if (isError(error, 'OOM')) return undefined;
    if (!isError(error, 'WRONGTYPE')) throw error;
    await redis.del(SCOPES);
    return redis.sadd(SCOPES, scope);
  }
}

async function readScopes(redis: RedisConnection): Promise<string[]> {
  try {
    return await redis.smembers(SCOPES);
  } catch (error) {
    if (isError(error, 'WRONGTYPE')) return [];
    throw error;
  }
}
