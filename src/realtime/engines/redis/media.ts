/**
 * The media: the newest group of each channel is a list in Redis, and every frame is told.
 */
import type { MediaEngine, MediaFrame, MediaPlace, MediaTail, NewMediaFrame, PublisherGroup } from "../index.js";
import { EngineError } from "../index.js";
import { Feed, type Told, toldOf } from "./feed.js";
import type { Keys } from "./keys.js";
import type { RedisLink } from "./link.js";
import { Script } from "./script.js";
import { numberField, turnLua, writerField } from "./turns.js";

// A position is "group-index"; the first frame of all follows "0-0". Of the hash: `e` epoch, `g` group, `i` frames that it
// has, `z` their octets, `x` whether it is over, and of each who wrote (`w` and who) the number of the last request that was done.
const begin = (fields: string): string => String.raw`
local meta, frames = KEYS[1], KEYS[2]
local m = redis.call('HMGET', meta, 'e', 'g', 'i', 'z', 'x'${fields})
local epoch, group, count, size, isOver = m[1], tonumber(m[2] or '0'), tonumber(m[3] or '0'), tonumber(m[4] or '0'), m[5]
if not epoch then epoch = ARGV[1] end
local function whole(n) return string.format('%.0f', n) end
local function place() return count == 0 and '0-0' or whole(group) .. '-' .. whole(count - 1) end
`;
const prelude = begin("");

/**
 * KEYS: hash, list. ARGV: an epoch in case that a new one begins, whether it is a key frame, the group ("": the newest),
 * octets of the frame, octets of a group at most, the frame with its head, milliseconds that a group is kept. Answers
 * "ok", group and index; or the code of an error and what it is about.
 */
export const mediaAppendScript: Script = new Script(
  String.raw`${begin(`, ${writerField}`)}
local done = m[6]
${turnLua}
if not m[1] then
  redis.call('HSET', meta, 'e', epoch)
  redis.call('PEXPIRE', meta, ARGV[7])
end
local refused = refusal()
if refused then return refused end
local octets, most = tonumber(ARGV[4]), tonumber(ARGV[5])
local previous = place()
if ARGV[2] == '1' then
  if octets > most then
    passed()
    return {'too-large', octets}
  end
  group, count, size = group + 1, 0, 0
  -- First, as everywhere: what needs memory is refused only before anything was written.
  redis.call('HSET', meta, 'e', epoch)
  redis.call('DEL', frames)
  redis.call('HDEL', meta, 'x')
else
  if count == 0 then
    passed()
    return {'no-key-frame', 0}
  end
  if ARGV[3] ~= '' and tonumber(ARGV[3]) ~= group then
    passed()
    return {'conflict', group}
  end
  if isOver or size + octets > most then
    redis.call('HSET', meta, 'x', '1', writer, ${numberField})
    return {'too-large', size + octets}
  end
end
count, size = count + 1, size + octets
redis.call('HSET', meta, 'e', epoch, 'g', whole(group), 'i', whole(count), 'z', whole(size), writer, ${numberField})
redis.call('RPUSH', frames, ARGV[6])
redis.call('PEXPIRE', meta, ARGV[7])
redis.call('PEXPIRE', frames, ARGV[7])
redis.call('SPUBLISH', meta, epoch .. ' ' .. previous .. ' ' .. place() .. '\t' .. ARGV[6])
return {'ok', group, count - 1}
`,
  { isInTurn: true },
);

/** ARGV: nothing, whether frames are wanted. Answers epoch ("": none yet), the newest position, its group, and its frames. */
export const mediaReadScript: Script = new Script(String.raw`${prelude}
local found = ARGV[2] == '1' and redis.call('LRANGE', frames, 0, -1) or {}
-- Without its key frame, a group is worth nothing.
if #found ~= count then found = {} end
return {m[1] or '', place(), group, found}
`);

// Nobody who comes later begins with what is older; a picture that stands still for a day is nowhere.
const keptMs = 86_400_000;

interface ToldFrame extends Told {
  readonly frame: MediaFrame;
}

interface Newest {
  readonly epoch: string;
  readonly position: string;
  readonly frames: readonly MediaFrame[];
}

/** See the head of this file. */
export class RedisMedia implements MediaEngine {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #tails = new Set<() => void>();

  constructor(link: RedisLink, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  async append(channel: string, frame: NewMediaFrame, groupBytesMax: number): Promise<MediaPlace> {
    this.#link.check();
    const { data, isKey, timeMs, group, from } = frame;
    const head = Buffer.from(headOf(timeMs, isKey ? from : undefined));
    const args = [
      ...[this.#link.newEpoch(), isKey ? 1 : 0, group ?? ""],
      ...[data.byteLength, Number.isFinite(groupBytesMax) ? groupBytesMax : Number.MAX_SAFE_INTEGER],
      ...[Buffer.concat([head, data]), keptMs],
    ];
    const keys = [this.#keys.media(channel), this.#keys.mediaFrames(channel)];
    const reply = await this.#link.run(mediaAppendScript, { keys, args, isIdempotent: false, lane: keys[0] });
    const [status, number, index = 0] = reply as [Buffer, number, number?];
    switch (String(status)) {
      case "ok":
        return { group: number, index };
      case "no-key-frame":
        throw new EngineError("no-key-frame", "the first frame of all must be a key frame");
      case "conflict":
        throw new EngineError("conflict", `group ${String(group)} is over: ${number} has begun`);
      default:
        throw new EngineError(
          "too-large",
          `a group of ${number} octets is longer than groupBytesMax (${groupBytesMax}), or was before`,
        );
    }
  }

  async #newest(channel: string, hasFrames: boolean = true): Promise<Newest> {
    const keys = [this.#keys.media(channel), this.#keys.mediaFrames(channel)];
    const args = ["", hasFrames ? 1 : 0];
    const answer = await this.#link.run(mediaReadScript, { keys, args, isIdempotent: true });
    const [epoch, position, group, found] = answer as readonly [Buffer, Buffer, number, Buffer[]];
    const frames = found.map((octets, index) => frameOf(group, index, octets));
    return { epoch: String(epoch), position: String(position), frames };
  }

  async tail(channel: string, receive: (frame: MediaFrame) => void): Promise<MediaTail> {
    this.#link.check();
    const told = this.#keys.media(channel);
    const feed = new Feed<ToldFrame>({
      host: this.#link.host,
      read: (epoch, position) => this.#catchUp(channel, epoch, position),
      tell: ({ frame }) => receive(frame),
      leavesOut: true,
      missed: () => this.#link.subscriptions.missed(told),
    });
    const unsubscribe = await this.#link.subscribe(told, (message) => feed.received(toldFrame(message)));
    const unaudit = this.#link.onAudit(async () => {
      await this.#newest(channel, false).then(
        ({ epoch, position }) => feed.standsAt(epoch, position),
        // The next one finds it.
        () => undefined,
      );
    });
    const stop = (): void => {
      feed.stop();
      unaudit();
      unsubscribe();
      this.#tails.delete(stop);
    };
    this.#tails.add(stop);
    try {
      const { epoch, position, frames } = await this.#newest(channel);
      // In a moment, so that nobody is told before they have what came before.
      setImmediate(() => feed.begin(epoch, position));
      return { newest: frames, stop };
    } catch (error) {
      stop();
      throw error;
    }
  }

  /** What follows in the same group; or the newest group from its key frame on. */
  async #catchUp(channel: string, of: string, after: string) {
    const { epoch, position, frames } = await this.#newest(channel);
    const [group = 0, index = 0] = after.split("-").map(Number);
    const isSame = of === epoch && frames[0]?.group === group;
    const rest = isSame ? frames.filter((frame) => frame.index > index) : frames;
    const items = rest.map((frame) => {
      const itsPosition = `${frame.group}-${frame.index}`;
      return { epoch, previous: after, position: itsPosition, frame };
    });
    return { items, epoch, position, isEnd: true };
  }

  stop(): void {
    for (const stop of this.#tails) stop();
  }
}

/** The time, and where it is known a space and who publishes: JSON has no tabs in itself. Nodes from before that wrote the time alone. */
function headOf(timeMs: number | undefined, from: PublisherGroup | undefined): string {
  const told = from === undefined ? "" : ` ${JSON.stringify([from.publisher, from.number])}`;
  return `${timeMs === undefined ? "" : String(timeMs)}${told}\t`;
}

function toldFrame(message: Buffer): ToldFrame {
  const { rest, ...told } = toldOf(message);
  const [group = 0, index = 0] = told.position.split("-").map(Number);
  return { ...told, frame: frameOf(group, index, rest) };
}

function frameOf(group: number, index: number, octets: Buffer): MediaFrame {
  const tab = octets.indexOf("\t");
  const head = octets.toString("utf8", 0, tab);
  const space = head.indexOf(" ");
  const time = space === -1 ? head : head.slice(0, space);
  const told = space === -1 ? "" : head.slice(space + 1);
  const [publisher, number] = told === "" ? ["", 0] : (JSON.parse(told) as [string, number]);
  return {
    group,
    index,
    data: new Uint8Array(octets.subarray(tab + 1)),
    timeMs: time === "" ? undefined : Number(time),
    ...(told !== "" && { from: { publisher, number } }),
  };
}
