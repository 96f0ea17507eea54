// What the page and the server say to each other. Only what clients send is checked with schemas; the server is believed.
import { call, contract, log, media, signal, state, unchecked } from "openline/realtime/contract";
import * as v from "valibot";
import {
  GROUP_BYTES_MAX,
  KEPT_MESSAGES,
  NAME_MAX_LENGTH,
  REACTIONS,
  TEXT_MAX_LENGTH,
  TITLE_MAX_LENGTH,
} from "./limits.js";
import type { ClockBase } from "./picture-clock.js";

/** How a stream is carried: coded pictures for WebCodecs, or a byte stream for Media Source Extensions. */
export type Mode = "low-latency" | "robust";

/** A stream, as it is listed. */
export interface StreamInfo {
  readonly title: string;
  readonly mode: Mode;
  /** Who publishes it; null: the server. */
  readonly publisher: string | null;
  readonly status: "waiting" | "live" | "interrupted" | "ended";
  readonly viewers: number;
  /** The clock in its picture. */
  readonly clock: ClockBase;
}

/** What has become of the films that the server streams. */
export interface FilmState {
  readonly status: "making" | "streaming" | "missing";
  /** What there is to say about it. */
  readonly text: string;
}

/** Who wants to stream. */
export type StreamRequest = v.InferOutput<typeof streamRequest>;
const streamRequest = v.object({
  title: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(TITLE_MAX_LENGTH)),
  mode: v.picklist(["low-latency", "robust"]),
  /** The stream that one goes on with; null: a new one. */
  resume: v.nullable(v.string()),
});

/** A message of a chat, with the moment of the stream that its author saw, by the server's clock. */
export type ChatMessage = v.InferOutput<typeof chatMessage>;
const streamTime = v.pipe(v.number(), v.finite());
const chatMessage = v.object({
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(NAME_MAX_LENGTH)),
  text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(TEXT_MAX_LENGTH)),
  streamMs: streamTime,
});

// Likewise.
const reaction = v.object({ emoji: v.picklist(REACTIONS), streamMs: streamTime });

/** See the head of this file. */
export const api = contract({
  channels: {
    "media/{stream}": media({ groupBytesMax: GROUP_BYTES_MAX }),
    "chat/{stream}": log({ message: chatMessage, retain: { count: KEPT_MESSAGES } }),
    "reactions/{stream}": signal({ message: reaction }),
    // By the stream's id.
    streams: state({ value: unchecked<StreamInfo>(), maxUpdatesPerSecond: 10 }),
    // Under "film", which it is.
    film: state({ value: unchecked<FilmState>() }),
  },
  calls: {
    // Answers with the stream's id, to which only the caller may publish.
    start: call({ input: streamRequest, output: unchecked<string>(), idempotent: true }),
    stop: call({ input: v.string(), output: unchecked<boolean>(), idempotent: true }),
  },
});
