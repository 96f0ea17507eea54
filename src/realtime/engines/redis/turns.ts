/**
 * That requests of one caller are done in the order of their calls, though a server refuses one and does the next, which
 * was on its way by then: it loads what it keeps, waits for a replica, or has another master for some of its slots. Each
 * request says which one it follows, as long as nobody knows whether that is done; a script does none whose predecessor is
 * not, and it is sent again behind it.
 */

/** What a request says of its turn. */
export interface Turn {
  /** Of those of one writer: higher with each call. */
  readonly number: number;
  /** Of the request that has to be done before; 0 where nothing is on its way. */
  readonly after: number;
}

/** What a script answers that is run too early. */
export const outOfTurn = "OUTOFTURN";

/** The field of a hash in which stands what of a writer was done. */
export const writerField = "ARGV[#ARGV - 2]";
/** Where the number of a request stands. */
export const numberField = "ARGV[#ARGV - 1]";

// Processes that write at the same time are fewer; with so many, a hash is still kept in its shorter form.
const maxWriters = 100;

/**
 * Of a script whose last three arguments are its writer's field, its number, and the one that it follows (`Turn`). It has
 * `meta`, a hash that is there, its `epoch`, and `done`, what stands in the writer's field. Beside what else it writes, it
 * sets that to `numberField`; where it writes nothing, it calls `passed`.
 */
export const turnLua: string = String.raw`
local writer, number = ${writerField}, tonumber(${numberField})
done = tonumber(done or '0')
local function passed() if number > done then redis.pcall('HSET', meta, writer, ${numberField}) end end
local function refusal()
  -- It was given up: it lay in a connection that was, and its caller has gone on since.
  if done >= number then return redis.error_reply('LATE: it was given up, and others have been done since') end
  if done < tonumber(ARGV[#ARGV]) then
    -- Whoever is refused for want of memory need not try again: it changes nothing.
    redis.call('HSET', meta, 'e', epoch)
    return redis.error_reply('${outOfTurn} what was asked before has not been done')
  end
  if done == 0 and redis.call('HLEN', meta) > ${maxWriters} then
    -- Of those whose processes have ended, nobody tells. Others are refused once, at most.
    for _, field in ipairs(redis.call('HKEYS', meta)) do
      if string.sub(field, 1, 1) == 'w' then redis.call('HDEL', meta, field) end
    end
  end
end
`;
