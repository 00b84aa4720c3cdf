/**
 * One exchange of an instance with the shared budget, atomic in Redis.
 *
 * The invariant: what all instances may hold (`held`, the larger of what they say they hold and what they were last granted),
 * plus what they were promised for an outage (`promised`), plus what the dead may still have in the region's window, plus what
 * strangers have used, plus one for every instance that has not told of the limit yet (its question to the region, which it
 * asks before it knows, is charged), is never more than the limit. Since each instance keeps a strict sliding window within
 * its grant, so do all.
 *
 * Grants follow demand, and are cut to a fair part (with the remainder going round, slowly enough for one instance to have
 * what it needs of several limits at the same time) where demands exceed the limit. An
 * instance that has not reported for a lease is dead: what it may have used by then stays taken for a window. On an empty
 * state (Redis lost it) nobody's grant grows until all instances that were known before have reported, or their slots are
 * out of every window; what the dead have used the living tell it.
 *
 * KEYS[1] state. ARGV: instance, now (ms; empty: Redis' own clock), lease ms, transit ms, longest silence ms, report as JSON.
 *
 * The state, as JSON:
 * - `form`: what this script reads; a state of another form is as good as none.
 * - `born`: when it was begun, ms. `known`, `met`: how many instances there were before it was lost, and who has reported since.
 * - `live[instance]`: `seen` (ms) and `limits[key]`: `held`, `promised`, `used` (slots), `short` (slots wanted beyond its
 *   grant), `demand` (slots it would take), `holdMs`, `history` (when taken slots come free) and `limit`, the limit itself.
 * - `dead[instance][key][ms]`: how many slots of an instance that is gone come free then.
 * - `strangers[key]`: how many slots (`count`) the region counted that no instance has used, and until when (`untilMs`).
 */
export const BUDGET_SCRIPT = `
local FORM = 2
local me, leaseMs, transitMs, silenceMs = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local report = cjson.decode(ARGV[6])
local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local raw = redis.pcall('GET', KEYS[1])
local isRead, state = pcall(cjson.decode, raw)
local function isTable(name) return type(state[name]) == 'table' end
if not isRead or type(state) ~= 'table' or state.form ~= FORM
  or not (isTable('live') and isTable('dead') and isTable('strangers')) then
  state = { form = FORM, born = now, live = {}, dead = {}, strangers = {} }
end

-- What an instance that is gone may have used stays taken: by its history, and beyond that for a window from when it went.
local function bury(id, instance, goneAt)
  local slotsOf = state.dead[id] or {}
  for key, part in pairs(instance.limits) do
    local slots = slotsOf[key] or {}
    local function add(untilMs, count)
      local at = string.format('%.0f', math.ceil(untilMs))
      slots[at] = (slots[at] or 0) + count
    end
    local unaccounted = part.held
    for _, entry in ipairs(part.history) do
      local untilMs, count = entry[1], entry[2]
      add(untilMs, count)
      unaccounted = unaccounted - count
    end
    if unaccounted > 0 then add(goneAt + part.holdMs + transitMs, unaccounted) end
    slotsOf[key] = slots
  end
  state.dead[id] = slotsOf
end

for id, instance in pairs(state.live) do
  if id ~= me and instance.seen + leaseMs <= now then
    bury(id, instance, instance.seen + leaseMs)
    state.live[id] = nil
  end
end
state.dead[me] = nil

local takenByDead, deadFreeAt = {}, {}
for id, slotsOf in pairs(state.dead) do
  local isEmpty = true
  for key, slots in pairs(slotsOf) do
    for at, count in pairs(slots) do
      local untilMs = tonumber(at)
      if untilMs <= now then slots[at] = nil
      else
        takenByDead[key] = (takenByDead[key] or 0) + count
        deadFreeAt[key] = math.min(deadFreeAt[key] or untilMs, untilMs)
        isEmpty = false
      end
    end
  end
  if isEmpty then state.dead[id] = nil end
end

local before = state.live[me]
local isNewHere = before == nil and now < state.born + leaseMs + silenceMs
local mine = { seen = now, limits = {} }
state.live[me] = mine
local ids = {}
for id in pairs(state.live) do ids[#ids + 1] = id end
state.known = math.max(state.known or 0, report.instances)
state.met = state.met or {}
state.met[me] = true
local met = 0
for _ in pairs(state.met) do met = met + 1 end
table.sort(ids)
local instances, rank = #ids, 0
for index, id in ipairs(ids) do if id == me then rank = index - 1 end end

local answer = {}
local longestMs = 0
for _, limit in ipairs(report.limits) do
  local key, holdMs, value = limit.key, limit.holdMs, limit.value
  longestMs = math.max(longestMs, holdMs)

  -- What the others have, and when the first slot of theirs comes free.
  local held, promised, used, untold = 0, 0, 0, 0
  local others = {}
  local freeAt = deadFreeAt[key] or math.huge
  for id, instance in pairs(state.live) do
    local part = id ~= me and instance.limits[key]
    if id ~= me and not part then untold = untold + 1 end
    if part then
      held = held + part.held
      promised = promised + part.promised
      used = used + part.used
      others[#others + 1] = part
      for _, entry in ipairs(part.history) do
        if entry[1] > now then freeAt = math.min(freeAt, entry[1]) end
      end
    end
  end

  -- What nobody alive has used: the dead, and strangers by the region's word.
  local dead = takenByDead[key] or 0
  if limit.seen then
    local count = math.max(0, limit.seen - used - limit.used - dead)
    local known = state.strangers[key]
    -- Those that are known are not held for longer because they are seen again.
    local isKnown = known and known.untilMs > now and count <= known.count
    state.strangers[key] = { count = count, untilMs = isKnown and known.untilMs or now + holdMs }
  end
  if isNewHere and limit.gone > 0 then
    local known = state.strangers[key]
    if not known or known.count < limit.gone then
      state.strangers[key] = { count = limit.gone, untilMs = now + holdMs }
    end
  end
  local stranger = state.strangers[key]
  local foreign = stranger and stranger.untilMs > now and stranger.count or 0
  if foreign > 0 then freeAt = math.min(freeAt, stranger.untilMs) end
  local open = math.max(0, value - dead - foreign - untold)
  local free = open - held - promised

  -- What this instance should have: its demand, cut to a fair part or to what the others leave of the limit.
  local fair = math.floor(open / instances)
  local turn = math.floor(now / math.max(holdMs, 2 * silenceMs))
  if (rank + turn) % instances < open % instances then fair = fair + 1 end
  local demanded = 0
  for _, part in ipairs(others) do demanded = demanded + math.min(part.demand, math.ceil(open / instances)) end
  local demand = limit.used + limit.wanted + limit.ahead
  local target = math.min(demand, math.max(fair, open - demanded))

  -- After a loss nobody's grant grows until everybody who was known has reported, or can hold nothing any more.
  if state.known > met and now < state.born + leaseMs + silenceMs + holdMs + transitMs then
    local cap = limit.held
    if now >= state.born + leaseMs + silenceMs then cap = math.max(cap, math.floor(value / state.known)) end
    free = math.min(free, cap)
  end
  local granted = math.max(0, math.min(target, free))

  -- What is left is promised for an outage, unless somebody is short of it now.
  local isShort = limit.used + limit.wanted > granted
  for _, part in ipairs(others) do if part.short > 0 then isShort = true end end
  local left = math.max(0, free - granted)
  local promise = 0
  if not isShort then promise = math.min(left, math.floor((left + promised) / (2 * instances))) end

  mine.limits[key] = {
    held = math.max(limit.held, granted),
    promised = math.max(limit.promised, promise),
    used = limit.used,
    short = math.max(0, limit.used + limit.wanted - granted),
    demand = demand,
    holdMs = holdMs,
    history = limit.history,
    limit = limit.limit or (before and before.limits[key] and before.limits[key].limit),
  }
  answer[#answer + 1] = {
    key = key, granted = granted, promised = promise, othersUsed = used + dead + foreign, gone = dead + foreign,
    othersFreeAt = freeAt < math.huge and freeAt or nil,
  }
end

-- Who is new is told of the limits that the others keep.
local known = {}
if not before then
  local isTold = {}
  for key in pairs(mine.limits) do isTold[key] = true end
  for id, instance in pairs(state.live) do
    for key, part in pairs(instance.limits) do
      if part.limit and not isTold[key] then
        isTold[key] = true
        known[#known + 1] = part.limit
      end
    end
  end
end

if report.isLeaving then
  for key, part in pairs(mine.limits) do part.held = part.used end
  bury(me, mine, now)
  state.live[me] = nil
end
for key, stranger in pairs(state.strangers) do
  if stranger.untilMs <= now then state.strangers[key] = nil end
end
if now > state.born + leaseMs + silenceMs + longestMs + transitMs then state.met, state.known = {}, 0 end
redis.call('SET', KEYS[1], cjson.encode(state), 'PX', math.ceil(math.max(60000, longestMs * 2)))
return cjson.encode({ now = now, instances = instances, rank = rank, limits = answer, known = #known > 0 and known or nil })
`;
