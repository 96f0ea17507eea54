/**
 * What a contract wants, and whether this server and these streams give it. Streams are let keep messages for as long as
 * it wants, where that may be changed.
 */
import { PermissionViolationError } from "@nats-io/transport-node";
import type { ChannelNeeds, EngineGrant, EngineNeeds, Unmet } from "../index.js";
import { durableChannels, patternsOf, refuseUnmet, unmetSizes } from "../index.js";
import { keyMarginMs } from "./append-keys.js";
import { callMarginMs } from "./calls.js";
import { ApiError, type NatsLink } from "./link.js";
import { duplicateWindowMs, type Streams } from "./streams.js";
import { type StreamKind, streamKinds } from "./subjects.js";

/** What of a stream's configuration is its administrator's affair, and yet decides what can be promised. */
interface StreamConfig {
  readonly name: string;
  readonly storage: string;
  readonly retention: string;
  readonly discard: string;
  /** -1 or 0: without a bound, as for the next two. */
  readonly max_msgs: number;
  readonly max_bytes: number;
  readonly max_msg_size?: number;
  /** Nanoseconds; 0: for ever. */
  readonly max_age: number;
  /** Nanoseconds. */
  readonly duplicate_window?: number;
  readonly no_ack?: boolean;
  readonly sealed?: boolean;
}

/** A stream that is used, and for what. */
interface Used {
  readonly kind: StreamKind;
  /** The patterns, or what else stands in the contract. */
  readonly of: string;
  readonly config: StreamConfig;
}

const nanosecondsPerMs = 1_000_000;
// Headers, who published a message, its key and what is retained, around its value.
const headBytes = 2560;
const defaultMaxPayload = 1_048_576;
// Nodes speak to each other, and tell who is there.
const minMessageBytes = 16_384;

/** @throws EngineError "not-guaranteed", "unavailable", "closed"; ApiError */
export async function checkNeeds(link: NatsLink, streams: Streams, needs: EngineNeeds): Promise<EngineGrant> {
  const used = await usedStreams(link, streams, needs);
  const room = roomOf(link, used, needs);
  refuseUnmet("NATS", [
    ...used.flatMap((stream) => unmetOfStream(stream, needs)),
    ...unmetDurability(used, needs),
    ...unmetLogs(used, needs),
    ...unmetSizes(needs, room),
    ...unmetLeast(room),
    ...(await unmetAges(streams, used, needs)),
  ]);
  return { maxMessageBytes: room.isNeeded ? room.maxBytes : Number.MAX_SAFE_INTEGER };
}

function ofKind(needs: EngineNeeds, kind: ChannelNeeds["kind"]): readonly ChannelNeeds[] {
  return needs.channels.filter((channel) => channel.kind === kind);
}

/** What wants each stream; absent where nothing does. */
function wantedBy(needs: EngineNeeds): Readonly<Partial<Record<StreamKind, string>>> {
  const logs = ofKind(needs, "log");
  const states = ofKind(needs, "state");
  return {
    ...(logs.length > 0 && { log: patternsOf(logs), key: `publishing to ${patternsOf(logs)} with a key` }),
    ...(states.length > 0 && { state: patternsOf(states) }),
    ...(needs.callWindowMs !== undefined && { call: "calls with a key" }),
    presence: "presence",
  };
}

async function usedStreams(link: NatsLink, streams: Streams, needs: EngineNeeds): Promise<readonly Used[]> {
  const wanted = wantedBy(needs);
  const used = streamKinds.map(async (kind): Promise<Used[]> => {
    const of = wanted[kind];
    if (of === undefined) return [];
    const { config } = await link.api<{ readonly config: StreamConfig }>(`STREAM.INFO.${streams.name(kind)}`);
    return [{ kind, of, config }];
  });
  return (await Promise.all(used)).flat();
}

/** What no use of a stream goes with, and what its kind does not. */
function unmetOfStream({ kind, of, config }: Used, { publishWindowMs }: EngineNeeds): Unmet[] {
  const { name } = config;
  const unmet: Unmet[] = [];
  const add = (wants: string, has: string, change: string): void =>
    void unmet.push({ of, wants, gives: `the stream "${name}" has ${has}`, change });
  if (config.retention !== "limits") {
    add("what is acknowledged kept", `retention ${config.retention}`, "make it anew with limits");
  }
  if (config.sealed === true) add("what is published kept", "been sealed", "make it anew");
  if (config.no_ack === true) add("what is published acknowledged", "no_ack", "set it to false");
  if (kind === "log") {
    const windowMs = Math.min(duplicateWindowMs, publishWindowMs);
    if ((config.duplicate_window ?? 0) < windowMs * nanosecondsPerMs) {
      const wants = `a message of one key kept once for ${windowMs} ms`;
      add(wants, "a shorter duplicate_window", `let it be ${duplicateWindowMs} ms, and forgetAfterMs as long at least`);
    }
    return unmet;
  }
  // Each of these is a table, whose rows must not go by themselves.
  if (config.discard === "old" && (config.max_msgs > 0 || config.max_bytes > 0)) {
    const has = `room for ${config.max_msgs > 0 ? `${config.max_msgs} messages` : `${config.max_bytes} octets`}`;
    add("everything kept", `${has} and drops the oldest`, "take the limit away, or let discard be new");
  }
  if ((kind === "state" || kind === "presence") && config.max_age > 0) {
    add("what is set kept until it is changed", "a max_age", "set it to 0");
  }
  return unmet;
}

function unmetDurability(used: readonly Used[], needs: EngineNeeds): Unmet[] {
  const durable = durableChannels(needs);
  const kinds: readonly StreamKind[] = [
    ...(durable.some(({ kind }) => kind === "log") ? (["log", "key"] as const) : []),
    ...(durable.some(({ kind }) => kind === "state") ? (["state"] as const) : []),
  ];
  const inMemory = used.filter(({ kind, config }) => kinds.includes(kind) && config.storage !== "file");
  return inMemory.map(({ kind, config: { name } }) => ({
    of: patternsOf(durable.filter((channel) => (channel.kind === "state") === (kind === "state"))),
    wants: "to outlast a restart (durable)",
    gives: `the stream "${name}" is kept in memory`,
    change: `delete it and let storage be "file", or leave out durable`,
  }));
}

function unmetLogs(used: readonly Used[], needs: EngineNeeds): Unmet[] {
  const config = used.find(({ kind }) => kind === "log")?.config;
  if (config === undefined) return [];
  const { name, max_msgs, max_bytes } = config;
  const gives = `the stream "${name}" of all logs has room for`;
  const unmet: Unmet[] = [];
  for (const channel of needs.channels) {
    if (channel.kind !== "log" || channel.count === Number.MAX_SAFE_INTEGER) continue;
    if (max_msgs <= 0 || channel.count <= max_msgs) continue;
    const wants = `${channel.count} messages kept (retain.count)`;
    unmet.push({ of: patternsOf([channel]), wants, gives: `${gives} ${max_msgs} (max_msgs)`, change: "raise it" });
  }
  const { value, isChosen } = needs.maxLogBytes;
  if (isChosen && max_bytes > 0 && value > max_bytes) {
    const wants = `${value} octets for each log`;
    const change = "raise it, or the option maxLogBytes of nats() with which it is made";
    unmet.push({ of: "limits.maxLogBytes", wants, gives: `${gives} ${max_bytes} (max_bytes)`, change });
  }
  return unmet;
}

interface Room {
  readonly maxBytes: number;
  readonly gives: string;
  readonly change: string;
  /** Whether anything but media is carried, which goes in parts. */
  readonly isNeeded: boolean;
}

function roomOf(link: NatsLink, used: readonly Used[], needs: EngineNeeds): Room {
  const maxPayload = link.connection.info?.max_payload ?? defaultMaxPayload;
  let least = { name: "max_payload", whose: "the server", maxBytes: maxPayload };
  for (const { kind, config } of used) {
    const { name, max_msg_size = 0 } = config;
    if (kind === "key" || max_msg_size <= 0 || max_msg_size >= least.maxBytes) continue;
    least = { name: "max_msg_size", whose: `the stream "${name}"`, maxBytes: max_msg_size };
  }
  return {
    maxBytes: Math.max(1, least.maxBytes - headBytes),
    gives: `${least.whose} takes ${least.maxBytes}, with what stands around a value (${least.name})`,
    change: `raise ${least.name}, or ask for less`,
    isNeeded: needs.channels.some(({ kind }) => kind !== "media"),
  };
}

function unmetLeast({ maxBytes, gives, change }: Room): Unmet[] {
  if (maxBytes >= minMessageBytes) return [];
  return [{ of: "whatever is said", wants: `room for ${minMessageBytes} octets`, gives, change }];
}

/** Lets streams keep what they have for as long as it is wanted. */
async function unmetAges(streams: Streams, used: readonly Used[], needs: EngineNeeds): Promise<Unmet[]> {
  const { publishWindowMs, callWindowMs = 0 } = needs;
  const longest = Math.max(0, ...needs.channels.map((channel) => (channel.kind === "log" ? channel.ageMs : 0)));
  const wanted: Partial<Record<StreamKind, number>> = {
    // As logs and keys do when they are used.
    log: 2 * longest,
    key: publishWindowMs + keyMarginMs,
    call: callWindowMs + callMarginMs,
  };
  const unmet: Unmet[] = [];
  for (const { kind, of, config } of used) {
    const ageMs = wanted[kind];
    if (ageMs === undefined) continue;
    try {
      await streams.keepFor(kind, ageMs);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      unmet.push({
        of,
        wants: `messages kept for ${ageMs} ms`,
        gives: `the stream "${config.name}" keeps them for ${config.max_age / nanosecondsPerMs} (max_age), and may not be changed (${error.message})`,
        change: "raise it, or let this user update streams",
      });
    }
  }
  return unmet;
}

function isRefusal(error: unknown): error is Error {
  if (error instanceof ApiError) return true;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof PermissionViolationError) return true;
  }
  return false;
}
