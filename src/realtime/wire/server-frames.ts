/**
 * What stands in the frames of servers, and in their answers: what a client checks. Elements have no names here, since every
 * page loads this.
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
  optional,
  place,
  text,
  tuple,
  whole,
} from "./checks.js";
import { channelNumber, errorBody, type FrameTable, last, sharedFrames } from "./frame-table.js";
import type {
  ChannelKind,
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
    object<Welcome>({
      session: text(),
      user: nullable(text()),
      timeMs: finite,
      pingMs: whole(1000),
      maxMessageBytes: whole(1),
    }),
  ],
  expiring: [object<Expiry>({ inMs: count })],
  goaway: [object<Goaway>({ afterMs: count, code: optional(count) })],
  closed: [channelNumber, errorBody],
  m: [channelNumber, place, place, anything, last("meta", meta)],
  page: [channelNumber, place, flag],
  gap: [
    channelNumber,
    // Whatever the reason is, what is lost is lost.
    object<Gap>({ reason: text() as Check<Gap["reason"]>, epoch: place, position: place }),
  ],
  snap: [channelNumber, place, stateEntries, flag],
  d: [channelNumber, place, place, stateEntries, last("deleted", list(name))],
  s: [channelNumber, anything, last("user", text())],
  lost: [channelNumber, count],
  g: [channelNumber, whole(1), count, octets, last("timeMs", finite)],
  who: [channelNumber, object<Who>({ count, isSample: flag, users })],
  came: [channelNumber, users, count],
  left: [channelNumber, list(text()), count],
};

/** What `ok` carries for `sub`. */
export const subReply: Check<SubReply> = object<SubReply>({
  n: count,
  // One that is not known is none that was asked for.
  kind: text() as Check<ChannelKind>,
  epoch: optional(place),
  position: optional(place),
  recovered: optional(flag),
});

/** What `ok` carries for `hist`. */
export const historyReply: Check<HistoryReply> = object<HistoryReply>({
  epoch: place,
  messages: list<HistoryEntry>(tuple<HistoryEntry>(place, place, anything, optional(nullable(meta)))),
  isEnd: flag,
});

/** What `ok` carries for `pub`. */
export const pubReply: Check<PubReply> = object<PubReply>({ position: place, isDuplicate: optional(flag) });

/** What `ok` carries for `set` and `del`. */
export const revisionReply: Check<RevisionReply> = object<RevisionReply>({ revision: place });

/** What `ok` carries for `ping`. */
export const pingReply: Check<number> = finite;
