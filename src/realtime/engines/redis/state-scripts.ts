/**
 * The scripts of states. A state is a hash that says where it stands (`e` the epoch, `s` the position, `n` how many keys
 * it has, and of each who wrote, `w` and who, the number of the last request that was done), a hash of its values ("position", a tab, the value), its keys in the order of their last changes, and a
 * stream that names the keys of the last changes. Positions are as those of logs.
 */
import { Script } from "./script.js";
import { numberField, turnLua, writerField } from "./turns.js";

// KEYS: all of it. ARGV: an epoch in case that a new one begins, milliseconds that a state without keys is known.
const begin = (fields: string): string => String.raw`
local meta, values, order, changes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local m = redis.call('HMGET', meta, 'e', 's', 'n'${fields})
local epoch, last, count = m[1], m[2], tonumber(m[3] or '0')
-- What is there in part was evicted in part.
if not epoch or redis.call('HLEN', values) ~= count or redis.call('ZCARD', order) ~= count then
  epoch, last, count = ARGV[1], '0-0', 0
  redis.call('HSET', meta, 'e', epoch, 's', last, 'n', '0')
  redis.call('DEL', values, order, changes)
  redis.call('PEXPIRE', meta, ARGV[2])
end
local function whole(n) return string.format('%.0f', n) end
local function numberOf(id) return tonumber(string.match(id, '^%d+')) end
local function valuesOf(keys)
  local found = {}
  for from = 1, #keys, 1000 do
    local some = redis.call('HMGET', values, unpack(keys, from, math.min(from + 999, #keys)))
    for index = 1, math.min(1000, #keys - from + 1) do found[from + index - 1] = some[index] end
  end
  return found
end
`;
const prelude = begin("");

// ARGV: the key, what its revision should be ("*": whatever; "": it should have none), a tag, the message to tell, how many
// changes are known, the value (absent: it is deleted), milliseconds that a state is known which has no keys any more.
const change = String.raw`${begin(`, ${writerField}`)}
local done = m[4]
${turnLua}
local refused = refusal()
if refused then return refused end
local key, expected = ARGV[3], ARGV[4]
local current = redis.call('HGET', values, key)
if expected ~= '*' and expected ~= (current and string.match(current, '^[^\t]+') or '') then
  passed()
  return {0, current}
end
local previous = last
local function changed()
  last = whole(numberOf(previous) + 1) .. '-' .. ARGV[5]
  redis.call('XADD', changes, 'MAXLEN', '~', ARGV[7], last, 'k', key)
  redis.call('HSET', meta, 's', last, 'n', whole(count), writer, ${numberField})
end
local function tell() redis.call('SPUBLISH', meta, epoch .. ' ' .. previous .. ' ' .. last .. '\t' .. ARGV[6]) end
`;

/** Answers 1 and the position, or 0 and what is there. */
export const setScript: Script = new Script(
  String.raw`${change}
if not current then count = count + 1 end
changed()
redis.call('HSET', values, key, last .. '\t' .. ARGV[8])
redis.call('ZADD', order, numberOf(last), key)
redis.call('PERSIST', meta)
redis.call('PERSIST', changes)
tell()
return {1, last}
`,
  { isInTurn: true },
);

/** As above. */
export const deleteScript: Script = new Script(
  String.raw`${change}
if not current then
  passed()
  return {1, last}
end
count = count - 1
redis.call('HDEL', values, key)
redis.call('ZREM', order, key)
changed()
if count == 0 then
  redis.call('PEXPIRE', meta, ARGV[8])
  redis.call('PEXPIRE', changes, ARGV[8])
end
tell()
return {1, last}
`,
  { isInTurn: true },
);

/**
 * ARGV: the position of the first page ("": this is it), the number of the last change that was read, and how many.
 * Answers epoch, that position, the number to go on from (-1: none), and keys and values.
 */
export const snapshotScript: Script = new Script(String.raw`${prelude}
local position = ARGV[3] ~= '' and ARGV[3] or last
local limit = tonumber(ARGV[5])
local keys = redis.call('ZRANGE', order, '(' .. ARGV[4], whole(numberOf(position)), 'BYSCORE', 'LIMIT', 0, limit + 1)
local isMore = #keys > limit
if isMore then keys[#keys] = nil end
local found = valuesOf(keys)
local answer = {epoch, position, -1}
for index, key in ipairs(keys) do
  answer[#answer + 1] = key
  answer[#answer + 1] = found[index]
end
if isMore then answer[3] = numberOf(found[#keys]) end
return answer
`);

/** Answers epoch and position. */
export const placeScript: Script = new Script(String.raw`${prelude}
if count == 0 and last == '0-0' then redis.call('PEXPIRE', meta, ARGV[2]) end
return {epoch, last}
`);

/**
 * ARGV: epoch and position of who asks, changes at most. Answers epoch and position, 1 when the changes are known, and keys
 * and values of what has changed, in the order of the changes; without a value, a key was deleted, and what stands in its
 * place is a position alone.
 */
export const sinceScript: Script = new Script(String.raw`${prelude}
local position = ARGV[4]
if epoch ~= ARGV[3] or not string.match(position, '^%d+%-%d+$') or #position > 40 then return {epoch, last, 0} end
if position == last then return {epoch, last, 1} end
if numberOf(position) >= numberOf(last) then return {epoch, last, 0} end
local since
if position == '0-0' then
  since = redis.call('XRANGE', changes, '-', '+', 'COUNT', tonumber(ARGV[5]) + 1)
  if #since == 0 or numberOf(since[1][1]) ~= 1 then return {epoch, last, 0} end
else
  since = redis.call('XRANGE', changes, position, '+', 'COUNT', tonumber(ARGV[5]) + 2)
  if #since == 0 or since[1][1] ~= position then return {epoch, last, 0} end
  table.remove(since, 1)
end
if #since > tonumber(ARGV[5]) then return {epoch, last, 0} end
local newest = {}
for _, entry in ipairs(since) do newest[entry[2][2]] = entry[1] end
local keys, ids = {}, {}
for _, entry in ipairs(since) do
  local key = entry[2][2]
  if newest[key] == entry[1] then
    keys[#keys + 1] = key
    ids[#ids + 1] = entry[1]
  end
end
local found = valuesOf(keys)
local answer = {epoch, last, 1}
for index, key in ipairs(keys) do
  answer[#answer + 1] = key
  answer[#answer + 1] = found[index] or ids[index]
end
return answer
`);
