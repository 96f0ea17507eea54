/**
 * The channels of this package, and what is published on each. A channel's name is `openline:`, whose end of connections
 * it tells of, and what happened there.
 */
import type { BrokenRule, CloseReport, Role } from "../protocol/index.js";
import type { AnySocket, ObservedRefusal } from "../socket/index.js";

/** A connection is open. Published before its `open` handler is called. */
export interface ConnectionEvent {
  readonly socket: AnySocket;
}

/**
 * A handshake came to nothing: a server has refused it, or a client's attempt has failed. `code` is an error's, or
 * "accept-refused" for a `Response` of the application's, or "aborted" for its `signal`.
 */
export type HandshakeRefusedEvent = ObservedRefusal;

/** A message has come, and will be delivered; or one has been framed, and will be written. */
export interface MessageEvent {
  readonly socket: AnySocket;
  readonly type: "text" | "binary";
  /** Octets of its payload: what is not compressed yet, or not any more. */
  readonly byteLength: number;
  /** Whether it goes, or came, compressed. */
  readonly isCompressed: boolean;
}

/**
 * Octets have come from the peer, in one read; or have been given to the operating system, in one write. They are the frames as
 * they go over the wire, with their headers, compressed, pings and Close frames among them; the handshake is not, and with TLS
 * they are what it encrypts.
 */
export interface BytesEvent {
  readonly socket: AnySocket;
  readonly byteLength: number;
}

/** A pong has answered a ping of `socket.ping()`. */
export interface RoundTripEvent {
  readonly socket: AnySocket;
  readonly roundTripMs: number;
}

/** A peer reads slowly: `send` has answered "buffered" (`isOn`), or there is room again after that. */
export interface BackpressureEvent {
  readonly socket: AnySocket;
  readonly isOn: boolean;
  /** Octets that wait. */
  readonly bufferedBytes: number;
}

/**
 * A limit was reached. Where a connection ends for it, this is published just before `close`; where a handshake was
 * refused for it, just after `handshake-refused`.
 */
export interface LimitEvent {
  /** The code, what was seen, and the limit. */
  readonly rule: BrokenRule;
  /** Undefined during a handshake. */
  readonly socket: AnySocket | undefined;
}

/** A connection is gone. Its last messages and its `close` handler may still be to come. */
export interface CloseEvent {
  readonly socket: AnySocket;
  readonly report: CloseReport;
}

/** What can happen, and the event that tells of it. */
export interface ObservedEvents {
  readonly connection: ConnectionEvent;
  readonly "handshake-refused": HandshakeRefusedEvent;
  readonly "message-received": MessageEvent;
  readonly "message-sent": MessageEvent;
  readonly "bytes-received": BytesEvent;
  readonly "bytes-sent": BytesEvent;
  readonly "round-trip": RoundTripEvent;
  readonly backpressure: BackpressureEvent;
  readonly limit: LimitEvent;
  readonly close: CloseEvent;
}

/** The name of a channel. */
export type ChannelName = `openline:${Role}:${keyof ObservedEvents}`;

/** What is published on a channel. */
export type ChannelEvent<Name extends ChannelName> = Name extends `openline:${Role}:${infer What}`
  ? What extends keyof ObservedEvents
    ? ObservedEvents[What]
    : never
  : never;

const eventNames = [
  "connection",
  "handshake-refused",
  "message-received",
  "message-sent",
  "bytes-received",
  "bytes-sent",
  "round-trip",
  "backpressure",
  "limit",
  "close",
] as const satisfies readonly (keyof ObservedEvents)[];

/** The name of the channel on which `what` is published. */
export function channelName(role: Role, what: keyof ObservedEvents): ChannelName {
  return `openline:${role}:${what}`;
}

/** Every channel's name: those of servers, then those of clients. */
export const channelNames: readonly ChannelName[] = (["server", "client"] as const).flatMap((role) =>
  eventNames.map((what) => channelName(role, what)),
);
