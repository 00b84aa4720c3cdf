import type { RedisConnection } from '../../redis/connection.ts';
import type { RedisGuard } from '../../redis/guard.ts';
import { troubleOf } from '../../redis/trouble.ts';
import { isScope } from '../key.ts';
import { SCOPES } from './keys.ts';

/** Far more than accounts, regions and classes make. */
const MOST_SCOPES = 10_000;

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
    async read() {
      const scopes = (await guard.attempt('scopes', () => readScopes(redis))) ?? [];
      return scopes.filter(isScope);
    },
  };
}

/** A set that is none is put right; what else is wrong is the guard's to tell. */
async function addScope(redis: RedisConnection, scope: string): Promise<number> {
  try {
    return await redis.sadd(SCOPES, scope);
  } catch (error) {
    if (troubleOf(error) !== 'wrongtype') throw error;
    await redis.del(SCOPES);
    return redis.sadd(SCOPES, scope);
  }
}

async function readScopes(redis: RedisConnection): Promise<string[]> {
  try {
    // A set that instances have not filled is not even read.
    return (await redis.scard(SCOPES)) > MOST_SCOPES ? [] : await redis.smembers(SCOPES);
  } catch (error) {
    if (troubleOf(error) === 'wrongtype') return [];
    throw error;
  }
}
