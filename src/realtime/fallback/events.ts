/**
 * What goes down, as server-sent events (WHATWG HTML §9.2).
 */
import { PreparedMessage } from "../../socket/index.js";
import type { Prepared } from "../server/index.js";

const prefix = Buffer.from("data: ");
const suffix = Buffer.from("\n\n");

/** A line that says nothing, so that nobody on the way takes the connection for dead. */
export const heartbeat: Buffer = Buffer.from(":\n\n");

// Some proxies and browsers hand on nothing before there are 1 to 2 KiB of it.
const paddingLength = 2048;

// Events of what is sent to many, made once. What they are of is kept by whoever sends it.
const eventsOf = new WeakMap<PreparedMessage, Buffer>();

/** A message as an event. */
export function messageEvent(data: string | Uint8Array | Prepared): Buffer {
  if (typeof data === "string") return event(Buffer.from(data));
  if (data instanceof Uint8Array) return event(data);
  // What was prepared was prepared by the platform, which is the sockets'.
  if (!(data instanceof PreparedMessage)) throw new TypeError("prepared elsewhere");
  let made = eventsOf.get(data);
  if (made === undefined) eventsOf.set(data, (made = event(data.shared.octets)));
  return made;
}

/** JSON has no line break but between tokens, where our codec writes none: it is one line. */
function event(octets: Uint8Array): Buffer {
  return Buffer.concat([prefix, octets, suffix]);
}

/** What the first event says. */
export interface Opening {
  /** The connection's id, by which requests name it. */
  readonly id: string;
  readonly protocol: string;
  /** Milliseconds after which something comes or goes in either direction. */
  readonly pingMs: number;
  /** Octets that a request may have. */
  readonly maxMessageBytes: number;
}

/** The first event, behind what fills the buffers on the way. */
export function openEvent(opening: Opening): Buffer {
  return Buffer.from(`:${" ".repeat(paddingLength)}\nevent: open\ndata: ${JSON.stringify(opening)}\n\n`);
}

/** The last event. */
export function closeEvent(code: number, reason: string): Buffer {
  return Buffer.from(`event: close\ndata: ${JSON.stringify({ code, reason })}\n\n`);
}
