/**
 * One exchange of an instance with the shared budget, atomic in Redis.
 *
 * The invariant: what all instances may hold (`o`, the larger of what they say they hold and what they were last granted), plus
 * what they were promised for an outage (`e`), plus what the dead may still have in the region's window, plus what strangers
 * have used, plus one for every instance that has not told of the limit yet (its question to the region, which it asks before
 * it knows, is charged), is never more than the limit. Since each instance keeps a strict sliding window within its grant, so do all.
 *
 * Grants follow demand, and are cut to a fair part (with the remainder going round, slowly enough for one instance to have
 * what it needs of several limits at the same time) where demands exceed the limit. An
 * instance that has not reported for a lease is dead: what it may have used by then stays taken for a window. On an empty
 * state (Redis lost it) nobody's grant grows until all instances that were known before have reported, or their slots are
 * out of every window; what the dead have used the living tell it.
 *
 * KEYS[1] state. ARGV: instance, now (ms; empty: Redis' own clock), lease ms, transit ms, longest silence ms, report as JSON.
 */
export const BUDGET_SCRIPT = `
local me, lease, transit, silence = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local report = cjson.decode(ARGV[6])
local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local raw = redis.pcall('GET', KEYS[1])
local isRead, state = pcall(cjson.decode, raw)
local function isTable(name) return type(state[name]) == 'table' end
if not isRead or type(state) ~= 'table' or not (isTable('live') and isTable('dead') and isTable('strangers')) then
  state = { born = now, live = {}, dead = {}, strangers = {} }
end

local function bury(id, instance, at)
  local graves = state.dead[id] or {}
  for key, part in pairs(instance.limits) do
    local step = math.ceil(part.hold / 96)
    local grave = graves[key] or {}
    local function add(untilMs, count)
      local bucket = string.format('%.0f', math.ceil(untilMs / step) * step)
      grave[bucket] = (grave[bucket] or 0) + count
    end
    local rest = part.o
    for _, entry in ipairs(part.h) do
      add(entry[1], entry[2])
      rest = rest - entry[2]
    end
    if rest > 0 then add(at + part.hold + transit, rest) end
    graves[key] = grave
  end
  state.dead[id] = graves
end

for id, instance in pairs(state.live) do
  if id ~= me and instance.seen + lease <= now then
    bury(id, instance, instance.seen + lease)
    state.live[id] = nil
  end
end
state.dead[me] = nil

local taken = {}
for id, graves in pairs(state.dead) do
  local isEmpty = true
  for key, grave in pairs(graves) do
    for bucket, count in pairs(grave) do
      if tonumber(bucket) <= now then grave[bucket] = nil
      else
        taken[key] = (taken[key] or 0) + count
        isEmpty = false
      end
    end
  end
  if isEmpty then state.dead[id] = nil end
end

local isNewHere = state.live[me] == nil and now < state.born + lease + silence
local before = state.live[me]
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
local n, rank = #ids, 0
for index, id in ipairs(ids) do if id == me then rank = index - 1 end end

local answer = {}
local longest = 0
for _, limit in ipairs(report.limits) do
  local key, hold, value = limit.key, limit.holdMs, limit.value
  longest = math.max(longest, hold)
  local held, promised, used, unheard = 0, 0, 0, 0
  local parts = {}
  for id, instance in pairs(state.live) do
    local part = id ~= me and instance.limits[key]
    if id ~= me and not part then unheard = unheard + 1 end
    if part then
      held = held + part.o
      promised = promised + part.e
      used = used + part.u
      parts[#parts + 1] = part
    end
  end
  local gone = taken[key] or 0
  if limit.seen then
    local count = math.max(0, limit.seen - used - limit.used - gone)
    state.strangers[key] = { count = count, untilMs = now + hold }
  end
  if isNewHere and limit.gone > 0 then
    local known = state.strangers[key]
    if not known or known.count < limit.gone then
      state.strangers[key] = { count = limit.gone, untilMs = now + hold }
    end
  end
  local stranger = state.strangers[key]
  local foreign = stranger and stranger.untilMs > now and stranger.count or 0
  local open = math.max(0, value - gone - foreign - unheard)
  local free = open - held - promised

  local share = math.floor(open / n)
  if (rank + math.floor(now / math.max(hold, 2 * silence))) % n < open % n then share = share + 1 end
  local demanded = 0
  for _, part in ipairs(parts) do demanded = demanded + math.min(part.d, math.ceil(open / n)) end
  local demand = limit.used + limit.wanted + limit.ahead
  local target = math.min(demand, math.max(share, open - demanded))

  if state.known > met and now < state.born + lease + silence + hold + transit then
    local cap = limit.held
    if now >= state.born + lease + silence then cap = math.max(cap, math.floor(value / state.known)) end
    free = math.min(free, cap)
  end
  local granted = math.max(0, math.min(target, free))

  local isShort = limit.used + limit.wanted > granted
  for _, part in ipairs(parts) do if part.w > 0 then isShort = true end end
  local pool = math.max(0, free - granted)
  local promise = 0
  if not isShort then promise = math.min(pool, math.floor((pool + promised) / (2 * n))) end

  mine.limits[key] = {
    o = math.max(limit.held, granted), e = math.max(limit.promised, promise), u = limit.used,
    w = math.max(0, limit.used + limit.wanted - granted), d = demand, hold = hold, h = limit.history,
    p = limit.limit or (before and before.limits[key] and before.limits[key].p),
  }
  answer[#answer + 1] = { key = key, granted = granted, promised = promise, othersUsed = used + gone + foreign, gone = gone + foreign }
end

local known = {}
if not before then
  local told = {}
  for key in pairs(mine.limits) do told[key] = true end
  for id, instance in pairs(state.live) do
    for key, part in pairs(instance.limits) do
      if part.p and not told[key] then
        told[key] = true
        known[#known + 1] = part.p
      end
    end
  end
end

if report.isLeaving then
  for key, part in pairs(mine.limits) do part.o = part.u end
  bury(me, mine, now)
  state.live[me] = nil
end
for key, stranger in pairs(state.strangers) do
  if stranger.untilMs <= now then state.strangers[key] = nil end
end
if now > state.born + lease + silence + longest + transit then state.met, state.known = {}, 0 end
redis.call('SET', KEYS[1], cjson.encode(state), 'PX', math.ceil(math.max(60000, longest * 2)))
return cjson.encode({ now = now, instances = n, rank = rank, limits = answer, known = #known > 0 and known or nil })
`;
