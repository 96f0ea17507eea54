/**
 * What stands in the frames of servers, and in their answers: what a client checks.
 */
import {
  anything,
  type Check,
  finite,
  flag,
  list,
  name,
  nullable,
  object,
  octets,
  oneOf,
  optional,
  place,
  text,
  tuple,
  whole,
} from "./checks.js";
import { channelNumber, element, errorBody, type FrameTable, last, sharedFrames } from "./frame-table.js";
import type {
  Expiry,
  Gap,
  Goaway,
  HistoryEntry,
  HistoryReply,
  MessageMeta,
  PresenceEntry,
  PubReply,
  RevisionReply,
  ServerFrame,
  StateEntry,
  SubReply,
  Welcome,
  Who,
} from "./frames.js";

const count = whole(0);

const meta: Check<MessageMeta> = object<MessageMeta>({
  user: optional(text()),
  timeMs: optional(finite),
  key: optional(name),
});

const stateEntries: Check<readonly StateEntry[]> = list(tuple<[string, unknown, string]>(name, anything, place));

const users: Check<readonly PresenceEntry[]> = list(tuple<[string, unknown, number]>(text(), anything, count));

/** See the head of this file. */
export const serverFrames: FrameTable<ServerFrame> = {
  ...sharedFrames,
  welcome: [
    element(
      "session",
      object<Welcome>({
        session: text(),
        user: nullable(text()),
        timeMs: finite,
        pingMs: whole(1),
        maxMessageBytes: whole(1),
      }),
    ),
  ],
  expiring: [element("expiry", object<Expiry>({ inMs: count }))],
  goaway: [element("leave", object<Goaway>({ afterMs: count, code: optional(count) }))],
  closed: [channelNumber, element("error", errorBody)],
  m: [
    channelNumber,
    element("position", place),
    element("previous", place),
    element("value", anything),
    last("meta", meta),
  ],
  page: [channelNumber, element("position", place), element("isLast", flag)],
  gap: [
    channelNumber,
    element(
      "gap",
      object<Gap>({ reason: oneOf("retention", "epoch", "unknown-position"), epoch: place, position: place }),
    ),
  ],
  snap: [channelNumber, element("position", place), element("entries", stateEntries), element("isLast", flag)],
  d: [
    channelNumber,
    element("position", place),
    element("previous", place),
    element("entries", stateEntries),
    last("deleted", list(name)),
  ],
  s: [channelNumber, element("value", anything), last("user", text())],
  lost: [channelNumber, element("count", count)],
  g: [
    channelNumber,
    element("group", whole(1)),
    element("index", count),
    element("data", octets),
    last("timeMs", finite),
  ],
  who: [channelNumber, element("presence", object<Who>({ count, isSample: flag, users }))],
  came: [channelNumber, element("users", users), element("count", count)],
  left: [channelNumber, element("users", list(text())), element("count", count)],
};

/** What `ok` carries for `sub`. */
export const subReply: Check<SubReply> = object<SubReply>({
  n: count,
  kind: oneOf("log", "state", "signal", "media"),
  epoch: optional(place),
  position: optional(place),
  recovered: optional(flag),
});

/** What `ok` carries for `hist`. */
export const historyReply: Check<HistoryReply> = object<HistoryReply>({
  epoch: place,
  messages: list<HistoryEntry>(
    tuple<[string, string, unknown, MessageMeta | undefined]>(place, place, anything, (value) =>
      value === null ? undefined : optional(meta)(value),
    ),
  ),
  isEnd: flag,
});

/** What `ok` carries for `pub`. */
export const pubReply: Check<PubReply> = object<PubReply>({ position: place, isDuplicate: optional(flag) });

/** What `ok` carries for `set` and `del`. */
export const revisionReply: Check<RevisionReply> = object<RevisionReply>({ revision: place });

/** What `ok` carries for `ping`. */
export const pingReply: Check<number> = finite;
