import { createHash } from 'node:crypto';
import type { RedisConnection } from './connection.ts';
import { troubleOf } from './trouble.ts';

/** A Lua script, atomic in Redis, and how to run it. */
export interface Script {
  /**
   * Runs the script by its hash, and with its text when Redis does not know it (after a restart or a failover).
   *
   * @param keys all in one hash slot, or a cluster refuses them
   * @returns what the script returned, texts as Buffers
   * @throws ioredis's error when Redis refuses or does not answer in time
   */
  run(redis: RedisConnection, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown>;
}

/** The script with this text; its hash is computed once. */
export function createScript(lua: string): Script {
  const sha = createHash('sha1').update(lua).digest('hex');
  return {
    async run(redis, keys, args) {
      try {
        return await redis.callBuffer('evalsha', sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (troubleOf(error) !== 'noscript') throw error;
        return redis.callBuffer('eval', lua, keys.length, ...keys, ...args);
      }
    },
  };
}
