import { createScript } from '../../redis/script.ts';

/**
 * What must be atomic in Redis. Every key of a script lies in one slot (the scope is the hash tag). Scripts expect
 * anything under their keys (a foreign type, rubbish, nothing, a value that is too long) and a Redis that is full and takes
 * no writes. Whatever else keeps Redis from writing (it is a replica, its disk fails) they hand on as the error it is: what
 * was not written must not be taken for told, and what others could not write must not be taken for true.
 */

/** A longer value is no entry of ours, and is not even read (bytes). */
export const LONGEST_ENTRY = 1_048_576;

const SHARED = `
local function failed(reply) return type(reply) == 'table' and reply.err ~= nil end
local function isFull(reply) return failed(reply) and string.find(reply.err, 'OOM', 1, true) ~= nil end
local function read(key)
  local length = redis.pcall('STRLEN', key)
  if type(length) ~= 'number' or length > ${LONGEST_ENTRY} then return nil end
  local value = redis.pcall('GET', key)
  if type(value) == 'string' then return value end
  return nil
end
local function microseconds()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
-- A generation is a time; one from beyond tomorrow is rubbish, and adding to it would end where numbers have no next one.
local function readGeneration(key)
  local text = read(key)
  if not text or not string.match(text, '^%d+$') or #text > 16 then return nil end
  if tonumber(text) > microseconds() + 86400000000 then return nil end
  return text
end
-- Generations come from Redis' own clock, so that one that was lost (evicted, flushed, restarted) never comes again.
local function newGeneration(old)
  local now = microseconds()
  if old and tonumber(old) >= now then now = tonumber(old) + 1 end
  return string.format('%.0f', now)
end
`;

/**
 * KEYS entry, generation, lock. ARGV now (ms), accept (fresh, stale, none), lock token ('' takes none), lock ms.
 * Answers {found | mine | busy, generation ('' when Redis is full), entry ('' when there is none of this generation)}.
 *
 * PERSIST changes nothing here, but is a write: a server that takes none must not be read from either, because changes may
 * have been told to another one.
 */
export const BEGIN = createScript(`${SHARED}
local writable = redis.pcall('PERSIST', KEYS[2])
if failed(writable) and not isFull(writable) then return writable end
local generation = readGeneration(KEYS[2])
if not generation then
  generation = newGeneration(nil)
  local set = redis.pcall('SET', KEYS[2], generation)
  if failed(set) and not isFull(set) then return set end
  if failed(set) then generation = '' end
end
local entry = read(KEYS[1]) or ''
local written, fresh, stale = string.match(entry, '^2 (%d+) %d+ %d+ (%d+) (%d+) ')
if written ~= generation or generation == '' then entry = '' end
local now = tonumber(ARGV[1])
if entry ~= '' and ARGV[2] ~= 'none' then
  if now < tonumber(fresh) or (ARGV[2] == 'stale' and now < tonumber(stale)) then
    return {'found', generation, entry}
  end
end
if ARGV[3] == '' then return {'busy', generation, entry} end
local lock = redis.pcall('SET', KEYS[3], ARGV[3], 'NX', 'PX', ARGV[4])
if failed(lock) and not isFull(lock) then return lock end
if failed(lock) then return {'mine', '', entry} end
if lock then return {'mine', generation, entry} end
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
  local set = redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  if failed(set) and not isFull(set) then return set end
  if failed(set) then stored = -1 end
end
if read(KEYS[3]) == ARGV[4] then redis.pcall('DEL', KEYS[3]) end
local most = tonumber(ARGV[5])
if stored ~= 1 or most == 0 then return stored end
local function register() return redis.pcall('ZADD', KEYS[4], microseconds(), KEYS[1]) end
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
if ARGV[3] == '1' and read(KEYS[2]) == ARGV[1] then
  local deleted = redis.pcall('DEL', KEYS[1])
  if failed(deleted) then return deleted end
end
if read(KEYS[3]) == ARGV[2] then redis.pcall('DEL', KEYS[3]) end
return 1
`);

/**
 * KEYS generation. ARGV channel, message (without its generation). Answers the new and the old generation, once one of them
 * was written: a full Redis takes no new generation but lets the old one go, which makes older entries worthless just as
 * well. Where neither is possible, the error is the answer and nobody was told.
 */
export const ANNOUNCE = createScript(`${SHARED}
local old = readGeneration(KEYS[1])
local generation = newGeneration(old)
local set = redis.pcall('SET', KEYS[1], generation)
if failed(set) then
  if not isFull(set) then return set end
  local deleted = redis.pcall('DEL', KEYS[1])
  if failed(deleted) then return deleted end
end
redis.call('PUBLISH', ARGV[1], generation .. ' ' .. ARGV[2])
return {generation, old or ''}
`);

/** KEYS generation. The scope's generation, '' when there is none; an error from a server that takes no writes. */
export const CHECK = createScript(`${SHARED}
local writable = redis.pcall('PERSIST', KEYS[1])
if failed(writable) and not isFull(writable) then return writable end
return readGeneration(KEYS[1]) or ''
`);
