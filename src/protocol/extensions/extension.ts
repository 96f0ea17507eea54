/**
 * What an extension is to a connection (RFC 6455 §9): it claims reserved bits of data frames, and changes messages on
 * their way out and on their way in.
 *
 * Two ways lead through it in each direction. A message in one piece is handed over whole, which is the usual case. A
 * message in fragments goes out fragment by fragment, and comes in piece by piece.
 *
 * No I/O happens here. What takes long is answered by a promise, and whoever drives the connection sees to it that what
 * comes after waits; what is quick, nearly everything, is answered at once.
 */
import type { DataOpcode } from "../opcode.js";

/** Octets within a larger piece of memory. */
export interface OctetRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * A message, or a fragment of one, between the application and the wire.
 *
 * The octets that an extension returns are lent until any connection calls an extension again, unless `isOwned`.
 */
export interface Transformed extends OctetRange {
  /** The reserved bits of the message's first frame, in place (0x40 for RSV1). */
  readonly reserved: number;
  /** Whether the octets may be kept. */
  readonly isOwned: boolean;
}

/** Why a received message could not be read. Each closes the connection with the status code named. */
export type TransformFailureCode =
  /** The octets are not what the extension says they are. 1007. */
  | "compressed-data-invalid"
  /** The message ends before what it began has ended. 1007. */
  | "compressed-data-incomplete"
  /** A message is made of more deflate streams than anybody needs. 1007. */
  | "too-many-deflate-streams"
  /** The message is longer than the limit. 1009. */
  | "message-too-big";

/** A received message that could not be read. */
export interface TransformFailure {
  readonly failure: TransformFailureCode;
  /** What was seen, in the unit of the rule. */
  readonly observed: number | undefined;
  readonly limit: number | undefined;
  readonly cause?: unknown;
}

/** At once, or later. */
export type Later<Value> = Value | Promise<Value>;

/** What can be said about a message that goes out. */
export interface SendHints {
  /** `false` where the application knows that compressing will not pay. Default true. */
  readonly compress?: boolean | undefined;
}

/** A message that comes in pieces. */
export interface PieceReceiver {
  /**
   * Takes the next piece, which is lent for the call. While a promise is pending, no further piece should be read.
   *
   * @returns why the message cannot be read, or undefined; never rejects
   */
  push(bytes: Uint8Array, start: number, end: number): Later<TransformFailure | undefined>;
  /** The message is complete. May be called while a promise of `push` is pending. Never rejects. */
  finish(): Later<Transformed | TransformFailure>;
  /** Octets of memory that it holds. */
  readonly heldBytes: number;
  /** The connection is over: lets go of everything. */
  abort(): void;
}

/** Who takes an incoming message piece by piece. */
export interface PieceTaker {
  /**
   * The next octets, which may be kept.
   *
   * @returns whether there is room for more. Otherwise no more are made until `room` of the receiver is called
   */
  piece(bytes: Uint8Array, start: number, end: number): boolean;
}

/**
 * A message that comes in pieces and is handed on in pieces. As a `PieceReceiver`; but what `finish` answers is no message
 * any more, since all of it has been handed on.
 */
export interface StreamReceiver {
  /** As `PieceReceiver.push`. The promise is pending until all of it has been handed on. */
  push(bytes: Uint8Array, start: number, end: number): Promise<TransformFailure | undefined>;
  /** The message is complete. As `PieceReceiver.finish` otherwise. */
  finish(): Promise<TransformFailure | undefined>;
  /** There is room for more. */
  room(): void;
  /** Octets of memory that it holds. */
  readonly heldBytes: number;
  /** The connection is over: lets go of everything, and hands on nothing more. */
  abort(): void;
}

/**
 * Octets of an outgoing message from which on they stay as they are until an extension's promise has settled. Shorter ones
 * are lent for the call.
 */
export const stableFromBytes: number = 16 * 1024;

/** How an extension changes messages that go to many connections: once for all that ask for the same version. */
export interface Sharing {
  /** The version of a message of `length` octets that this connection may be sent, a small number above 0. */
  versionFor(length: number): number;
  /** Makes a version, without knowledge of any connection. Never rejects. */
  share(message: Transformed, version: number, hints: SendHints): Later<Transformed>;
  /** A version of a message is sent on this connection, in which the extension has set reserved bits. */
  sharedMessageSent(): void;
}

/** An extension in use on one connection. */
export interface Extension {
  readonly name: string;
  /** Reserved bits of a message's first frame that it gives a meaning, in place (0x40 for RSV1). */
  readonly claimedBits: number;
  /**
   * Whether a message of up to `maxBytes` octets goes out as it is, so that it need not be shown. Default: it may not.
   */
  passes?(maxBytes: number, hints: SendHints): boolean;
  /**
   * Changes an outgoing message. No call may come before the promise of the last one has settled. Never rejects.
   *
   * @param message with the reserved bits that extensions before this one have set
   */
  sendMessage(opcode: DataOpcode, message: Transformed, hints: SendHints): Later<Transformed>;
  /**
   * Changes a fragment of an outgoing message. What follows of the message goes the same way, without other messages in
   * between. No call may come before the promise of the last one has settled.
   */
  sendFragment(
    opcode: DataOpcode,
    fragment: Transformed,
    isFirst: boolean,
    fin: boolean,
    hints: SendHints,
  ): Later<Transformed>;
  /** Whether it has something to do with a message that came with these reserved bits. */
  wants(reserved: number): boolean;
  /** Changes an incoming message that it wants back. Never throws and never rejects. */
  receiveMessage(message: Transformed, maxBytes: number): Later<Transformed | TransformFailure>;
  /** Begins an incoming message that it wants and that comes in pieces. */
  receivePieces(reserved: number, maxBytes: number): PieceReceiver;
  /**
   * Begins an incoming message that it wants, which is handed on while it comes, whatever its length. Where this is not
   * there, messages are handed on whole.
   */
  receiveStream?(reserved: number, taker: PieceTaker): StreamReceiver;
  /** Where it can change a message for many connections at once. */
  readonly sharing?: Sharing;
  /** The connection is over: gives back what it holds. May be called more than once. */
  close(): void;
}

/** Whether it is a failure. */
export function isFailure(result: object): result is TransformFailure {
  return "failure" in result;
}
