/**
 * What stands in the frames of clients: what a server checks.
 */
import {
  anything,
  type Check,
  either,
  finite,
  flag,
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
import { channelNumber, element, type FrameTable, last, request, sharedFrames } from "./frame-table.js";
import type {
  ClientFrame,
  DelOptions,
  Hello,
  HistoryRange,
  PubOptions,
  SetOptions,
  Since,
  SubOptions,
} from "./frames.js";
import { maxClientIdLength, maxRequestNumber } from "./limits.js";

/** A number above 0. */
const positive: Check<number> = (value) => (Number.isFinite(value) && (value as number) > 0 ? undefined : "");

const since: Check<Since> = tuple<[string, string]>(place, place);

const channel = element("channel", either(name, whole(0)));

const value = element("value", anything);

/** See the head of this file. */
export const clientFrames: FrameTable<ClientFrame> = {
  ...sharedFrames,
  hello: [element("options", object<Hello>({ token: anything, client: optional(text(1, maxClientIdLength)) }))],
  token: [request, element("token", anything)],
  sub: [
    request,
    element("name", name),
    last(
      "options",
      object<SubOptions>({
        since: optional(since),
        last: optional(whole(0)),
        rate: optional(positive),
        presence: optional(flag),
      }),
    ),
  ],
  unsub: [request, channelNumber],
  more: [channelNumber],
  hist: [
    request,
    element("name", name),
    element(
      "range",
      object<HistoryRange>({ before: optional(place), after: optional(place), limit: whole(1, maxRequestNumber) }),
    ),
  ],
  pub: [request, channel, value, last("options", object<PubOptions>({ key: optional(name) }))],
  set: [
    request,
    channel,
    element("key", name),
    value,
    last("options", object<SetOptions>({ if: optional(nullable(place)) })),
  ],
  del: [request, channel, element("key", name), last("options", object<DelOptions>({ if: optional(place) }))],
  // 0: no answer is wanted.
  sig: [{ ...request, check: whole(0, maxRequestNumber) }, channel, value],
  pubg: [
    request,
    channel,
    element("group", whole(1)),
    element("index", whole(0)),
    element("data", octets),
    last("timeMs", finite),
  ],
  pres: [request, channelNumber, element("state", anything)],
};
