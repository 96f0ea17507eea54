/**
 * The scripts of logs. A log is a stream of Redis, and a hash that says where it begins and ends: `e` the epoch, `s` the
 * position of the newest message, `b` the one before the oldest, `z` the octets of all values, `c`, `a` and `o` what is
 * retained (messages, milliseconds, octets; -1: without a bound), `f` the milliseconds after which it is forgotten, and of
 * each who wrote (`w` and who) the number of the last request that was done.
 *
 * A position is the message's id in the stream, "number-tag": numbers follow one another, and the tag is random, so that
 * a position that a master told and that no replica has is never another message's.
 */
import { Script } from "./script.js";
import { numberField, turnLua, writerField } from "./turns.js";

// KEYS: hash, stream. ARGV: now, an epoch in case that a new one begins, milliseconds that a log without messages is known.
const begin = (fields: string): string => String.raw`
local meta, stream = KEYS[1], KEYS[2]
local now = tonumber(ARGV[1])
local m = redis.call('HMGET', meta, 'e', 's', 'b', 'z', 'c', 'a', 'o', 'f'${fields})
local epoch, last, start, size = m[1], m[2], m[3], tonumber(m[4] or '0')
local keepCount, keepAge, keepBytes = tonumber(m[5] or '-1'), tonumber(m[6] or '-1'), tonumber(m[7] or '-1')
if not epoch then
  epoch, last, start, size = ARGV[2], '0-0', '0-0', 0
  -- First, as everywhere: what needs memory is refused only before anything was written.
  redis.call('HSET', meta, 'e', epoch, 's', last, 'b', start, 'z', '0', 'f', ARGV[3])
  redis.call('DEL', stream)
  redis.call('PEXPIRE', meta, ARGV[3])
end
local function whole(n) return string.format('%.0f', n) end
local function numberOf(id) return tonumber(string.match(id, '^%d+')) end
local function trim()
  local before = start
  local count = redis.call('XLEN', stream)
  while count > 0 do
    local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    local isPast = (keepCount >= 0 and count > keepCount) or (keepBytes >= 0 and size > keepBytes)
      or (keepAge >= 0 and tonumber(oldest[2][2]) + keepAge <= now)
    if not isPast then break end
    redis.call('XDEL', stream, oldest[1])
    start, size, count = oldest[1], size - #oldest[2][4], count - 1
  end
  if count == 0 then start, size = last, 0 end
  if start ~= before then redis.call('HSET', meta, 'b', start, 'z', whole(size)) end
end
`;
const prelude = begin("");

/**
 * KEYS, and where there is one the key's own. ARGV: a tag, the message, what is retained (3), milliseconds after which the
 * log is forgotten, and its messages, and, with a key, until when it holds and its milliseconds.
 * Answers epoch, position, and whether it stood there before.
 */
export const appendScript: Script = new Script(
  String.raw`${begin(`, ${writerField}`)}
local done = m[9]
${turnLua}
if KEYS[3] then
  local known = redis.call('GET', KEYS[3])
  if known then
    local untilMs, itsEpoch, id = string.match(known, '^(%d+) (%S+) (%S+)$')
    if itsEpoch == epoch and tonumber(untilMs) > now then
      passed()
      return {epoch, id, 1}
    end
  end
end
local refused = refusal()
if refused then return refused end
local previous = last
last = whole(numberOf(previous) + 1) .. '-' .. ARGV[4]
keepCount, keepAge, keepBytes = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
redis.call('XADD', stream, last, 't', ARGV[1], 'd', ARGV[5])
size = size + #ARGV[5]
redis.call('HSET', meta, 's', last, 'z', whole(size), 'c', ARGV[6], 'a', ARGV[7], 'o', ARGV[8], 'f', ARGV[9],
  writer, ${numberField})
redis.call('PEXPIRE', meta, ARGV[9])
redis.call('PEXPIRE', stream, ARGV[10])
trim()
if KEYS[3] then redis.call('SET', KEYS[3], ARGV[11] .. ' ' .. epoch .. ' ' .. last, 'PX', ARGV[12]) end
redis.call('SPUBLISH', meta, epoch .. ' ' .. previous .. ' ' .. last .. '\t' .. ARGV[5])
return {epoch, last, 0}
`,
  { isInTurn: true },
);

/** Answers epoch, start and end. */
export const boundsScript: Script = new Script(String.raw`${prelude}
trim()
redis.call('PEXPIRE', meta, m[8] or ARGV[3])
return {epoch, start, last}
`);

/**
 * ARGV: "after" or "before", a position ("": the end), how many, and octets at most (-1: without a bound).
 * Answers epoch, start, end, "ok" or the reason of a hole, whether that is the end, the position before the first, and the
 * messages: position and message of each, the oldest first.
 */
export const readScript: Script = new Script(String.raw`${prelude}
trim()
local isAfter, position, limit, maxBytes = ARGV[4] == 'after', ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local function hole(reason) return {epoch, start, last, reason} end
if isAfter or position ~= '' then
  if not string.match(position, '^%d+%-%d+$') or #position > 40 then return hole('unknown-position') end
  local number = numberOf(position)
  if number > numberOf(last) then return hole('unknown-position') end
  if isAfter then
    if number < numberOf(start) then return hole('retention') end
    local isKnown = position == start or position == last or #redis.call('XRANGE', stream, position, position) > 0
    if not isKnown then return hole('unknown-position') end
  end
end
local found, bytes, isEnd, before = {}, 0, true, nil
local from = isAfter and '(' .. position or position == '' and '+' or '(' .. position
-- In steps, since octets decide: what is found in vain costs as much.
local step = math.min(limit + 1, maxBytes >= 0 and 64 or 10000)
while isEnd do
  local page
  if isAfter then page = redis.call('XRANGE', stream, from, '+', 'COUNT', step)
  else page = redis.call('XREVRANGE', stream, from, '-', 'COUNT', step) end
  for _, entry in ipairs(page) do
    local text = entry[2][4]
    bytes = bytes + #text
    if #found >= 2 * limit or (#found > 0 and maxBytes >= 0 and bytes > maxBytes) then
      isEnd, before = false, entry[1]
      break
    end
    found[#found + 1] = entry[1]
    found[#found + 1] = text
  end
  if #page < step then break end
  from = '(' .. page[#page][1]
end
local answer = {epoch, start, last, 'ok', isEnd and 1 or 0}
if isAfter then
  answer[6] = position
  for _, part in ipairs(found) do answer[#answer + 1] = part end
else
  answer[6] = before or start
  for index = #found - 1, 1, -2 do
    answer[#answer + 1] = found[index]
    answer[#answer + 1] = found[index + 1]
  end
end
return answer
`);
