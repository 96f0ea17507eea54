/**
 * The scripts of presence. All of it is in one slot, so that a node is forgotten as a whole: a hash of nodes ("until when
 * they live", "for how long a beat holds", "whether they have told"), of each channel a hash of users with what each node
 * told of them, of each node a set of where it told something, of each channel the number of its last change, and of what was told within a
 * minute its number.
 */
import { Script } from "./script.js";

// KEYS: the nodes. ARGV: now, what all keys begin with, an epoch in case that a channel begins a new one.
const prelude = String.raw`
local nodes, now, prefix = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local function whole(n) return string.format('%.0f', n) end
local function merged(packed)
  local connections, order, state = 0, -1, ''
  for _, told in pairs(cmsgpack.unpack(packed)) do
    connections = connections + told[1]
    if told[2] > order then order, state = told[2], told[3] end
  end
  return connections, state
end
local function place(channel)
  local at = redis.call('HMGET', prefix .. 'v:' .. channel, 'e', 'n')
  if at[1] then return at[1], at[2] end
  redis.call('HSET', prefix .. 'v:' .. channel, 'e', ARGV[3], 'n', '0')
  return ARGV[3], '0'
end
local function put(node, channel, user, connections, state)
  local users, member = prefix .. 'u:' .. channel, cmsgpack.pack({channel, user})
  local packed = redis.call('HGET', users, user)
  local told = packed and cmsgpack.unpack(packed) or {}
  if connections == 0 then
    if not told[node] then return end
    told[node] = nil
    redis.call('SREM', prefix .. 'm:' .. node, member)
  else
    told[node] = {connections, redis.call('INCR', prefix .. 'o'), state}
    redis.call('SADD', prefix .. 'm:' .. node, member)
  end
  local all, shown = 0, ''
  if next(told) then
    packed = cmsgpack.pack(told)
    redis.call('HSET', users, user, packed)
    all, shown = merged(packed)
  else
    redis.call('HDEL', users, user)
  end
  local epoch, before = place(channel)
  local number = redis.call('HINCRBY', prefix .. 'v:' .. channel, 'n', 1)
  -- Longer than anybody follows who has not heard of it.
  redis.call('PEXPIRE', prefix .. 'v:' .. channel, redis.call('HLEN', users) > 0 and 2592000000 or 86400000)
  local head = cjson.encode({u = user, c = all})
  redis.call('SPUBLISH', prefix .. 'w:' .. channel, epoch .. ' ' .. before .. ' ' .. whole(number) .. '\t' .. head .. '\t' .. shown)
  return {epoch, whole(number)}
end
-- Forgets so many users at most, and the node when they were all. Answers whether they were.
local function drop(node)
  redis.call('HSET', nodes, node, '0 0 0')
  local members = prefix .. 'm:' .. node
  for _, packed in ipairs(redis.call('SRANDMEMBER', members, 5000)) do
    local member = cmsgpack.unpack(packed)
    put(node, member[1], member[2], 0)
    redis.call('SREM', members, packed)
  end
  if redis.call('EXISTS', members) == 1 then return 0 end
  redis.call('HDEL', nodes, node)
  return 1
end
`;

/** ARGV: a node, for how long its beat holds. Answers whether it was known; -1 where it has to be forgotten first. */
export const beatScript: Script = new Script(String.raw`${prelude}
local known = redis.call('HGET', nodes, ARGV[4]) or ''
if known == '0 0 0' then return -1 end
local isKnown = string.match(known, '1$')
redis.call('HSET', nodes, ARGV[4], whole(now + tonumber(ARGV[5])) .. ' ' .. ARGV[5] .. ' 1')
return isKnown and 1 or 0
`);

/**
 * ARGV: a node, a channel, a user, connections, a state, for how long a node lives that has not beaten yet, and a number, higher
 * with each time. What is run later than a newer one of the same user does nothing: of requests on one connection a server that is
 * loading what it keeps refuses the first ones and does the others, and what lies in a connection that was given up may come late.
 * Answers epoch and number of the change, where it was one.
 */
export const putScript: Script = new Script(String.raw`${prelude}
local newest = prefix .. 'f:' .. cmsgpack.pack({ARGV[4], ARGV[5], ARGV[6]})
if tonumber(redis.call('GET', newest) or '0') >= tonumber(ARGV[10]) then return 1 end
redis.call('SET', newest, ARGV[10], 'PX', 60000)
if redis.call('HEXISTS', nodes, ARGV[4]) == 0 then
  redis.call('HSET', nodes, ARGV[4], whole(now + tonumber(ARGV[9])) .. ' ' .. ARGV[9] .. ' 0')
end
return put(ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8])
`);

/** ARGV: a node. Answers whether it is forgotten as a whole. */
export const dropScript: Script = new Script(String.raw`${prelude}
return drop(ARGV[4])
`);

/**
 * ARGV: for how long whoever asks has been able to. Answers whether there is nothing more to forget. Who lives has been heard of
 * three times in three fifths of what a beat holds for.
 */
export const sweepScript: Script = new Script(String.raw`${prelude}
local all = redis.call('HGETALL', nodes)
for index = 1, #all, 2 do
  local untilMs, ttlMs = string.match(all[index + 1], '^(%d+) (%d+)')
  if tonumber(untilMs) <= now and 0.6 * tonumber(ttlMs) <= tonumber(ARGV[4]) then
    if drop(all[index]) == 0 then return 0 end
  end
end
return 1
`);

/** ARGV: a channel, users at most (-1: all). Answers epoch, number, count, and user, connections and state of each. */
export const listScript: Script = new Script(String.raw`${prelude}
local users, limit = prefix .. 'u:' .. ARGV[4], tonumber(ARGV[5])
local epoch, number = place(ARGV[4])
redis.call('PEXPIRE', prefix .. 'v:' .. ARGV[4], 2592000000)
local answer = {epoch, number, redis.call('HLEN', users)}
if limit == 0 then return answer end
local seen, cursor, count = {}, '0', 0
repeat
  local page = redis.call('HSCAN', users, cursor, 'COUNT', limit < 0 and 10000 or limit)
  cursor = page[1]
  for index = 1, #page[2], 2 do
    local user = page[2][index]
    if not seen[user] and (limit < 0 or count < limit) then
      seen[user], count = true, count + 1
      local connections, state = merged(page[2][index + 1])
      answer[#answer + 1] = user
      answer[#answer + 1] = connections
      answer[#answer + 1] = state
    end
  end
until cursor == '0' or (limit >= 0 and count >= limit)
return answer
`);
