import { createScript } from '../../redis/script.ts';

/**
 * What must be atomic in Redis. Every key of a script lies in one slot (the scope is the hash tag). Scripts expect
 * anything under their keys (a foreign type, rubbish, nothing) and a Redis that is full and takes no writes.
 */

const SHARED = `
local function read(key)
  local value = redis.pcall('GET', key)
  if type(value) == 'string' then return value end
  return nil
end
local function failed(reply) return type(reply) == 'table' and reply.err ~= nil end
-- Generations come from Redis' own clock, so that one that was lost (evicted, flushed, restarted) never comes again.
local function newGeneration(old)
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
  if old and old >= now then now = old + 1 end
  return string.format('%.0f', now)
end
`;

/**
 * KEYS entry, generation, lock. ARGV now (ms), accept (fresh, stale, none), lock token ('' takes none), lock ms.
 * Answers {found | mine | busy, generation ('' when Redis is full), entry ('' when there is none of this generation)}.
 */
export const BEGIN = createScript(`${SHARED}
local generation = read(KEYS[2])
if not generation or not string.match(generation, '^%d+$') then
  generation = newGeneration(nil)
  if failed(redis.pcall('SET', KEYS[2], generation)) then generation = '' end
end
local entry = read(KEYS[1]) or ''
local written, fresh, stale = string.match(entry, '^1 (%d+) %d+ %d+ (%d+) (%d+) ')
if written ~= generation or generation == '' then entry = '' end
local now = tonumber(ARGV[1])
if entry ~= '' and ARGV[2] ~= 'none' then
  if now < tonumber(fresh) or (ARGV[2] == 'stale' and now < tonumber(stale)) then
    return {'found', generation, entry}
  end
end
if ARGV[3] == '' then return {'busy', generation, entry} end
local lock = redis.pcall('SET', KEYS[3], ARGV[3], 'NX', 'PX', ARGV[4])
if lock and not failed(lock) then return {'mine', generation, entry} end
if failed(lock) then return {'mine', '', entry} end
return {'busy', generation, entry}
`);

/**
 * KEYS entry, generation, lock, unbounded keys. ARGV generation, entry, ttl ms, lock token, most unbounded keys (0: the
 * entry's is bounded). 1 stored, 0 outdated, -1 Redis is full. One more than there may be displaces the one that came
 * first; its key lies in the same slot.
 */
export const COMMIT = createScript(`${SHARED}
local stored = 0
if read(KEYS[2]) == ARGV[1] then
  stored = 1
  if failed(redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])) then stored = -1 end
end
if read(KEYS[3]) == ARGV[4] then redis.pcall('DEL', KEYS[3]) end
local most = tonumber(ARGV[5])
if stored ~= 1 or most == 0 then return stored end
local time = redis.call('TIME')
local function register() return redis.pcall('ZADD', KEYS[4], time[1] * 1000000 + time[2], KEYS[1]) end
if failed(register()) then
  redis.pcall('DEL', KEYS[4])
  register()
end
local count = redis.pcall('ZCARD', KEYS[4])
if type(count) == 'number' and count > most then
  local oldest = redis.pcall('ZPOPMIN', KEYS[4], count - most)
  for at = 1, #oldest, 2 do redis.pcall('DEL', oldest[at]) end
end
local left = redis.pcall('PTTL', KEYS[4])
if type(left) == 'number' and left < tonumber(ARGV[3]) then redis.pcall('PEXPIRE', KEYS[4], ARGV[3]) end
return stored
`);

/** KEYS entry, generation, lock. ARGV generation, lock token, '1' to remove the entry. */
export const ABANDON = createScript(`${SHARED}
if ARGV[3] == '1' and read(KEYS[2]) == ARGV[1] then redis.pcall('DEL', KEYS[1]) end
if read(KEYS[3]) == ARGV[2] then redis.pcall('DEL', KEYS[3]) end
return 1
`);

/**
 * KEYS generation. ARGV channel, message (without its generation). Answers the new and the old generation. A full Redis takes no
 * new generation but lets the old one go, which makes older entries worthless just as well.
 */
export const ANNOUNCE = createScript(`${SHARED}
local old = read(KEYS[1]) or ''
local generation = newGeneration(tonumber(old))
if failed(redis.pcall('SET', KEYS[1], generation)) then redis.pcall('DEL', KEYS[1]) end
redis.call('PUBLISH', ARGV[1], generation .. ' ' .. ARGV[2])
return {generation, old}
`);
