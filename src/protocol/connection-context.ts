/**
 * What a connection needs from its surroundings: what it shares with its siblings, and who hears what it receives.
 */
import type { CloseBody } from "./close-handshake.js";
import type { ProtocolError } from "./errors.js";
import type { Limits } from "./limits.js";
import type { Masking, MaskingKeySource } from "./masking.js";
import type { DataOpcode, Role } from "./opcode.js";
import type { BufferPool } from "./output.js";
import type { TextCodec } from "./utf8.js";

/** What all connections of one server or client share. */
export interface ConnectionContext {
  readonly role: Role;
  readonly limits: Limits;
  readonly text: TextCodec;
  readonly pool: BufferPool;
  /** Makes memory for messages, which need not be cleared. Default: a new `Uint8Array`. */
  readonly allocate?: (byteLength: number) => Uint8Array;
  /** How payloads are masked and unmasked. Default: `portableMasking`. */
  readonly masking?: Masking;
  /** Needed by clients, who mask what they send (§5.3). */
  readonly maskingKeys?: MaskingKeySource;
  /**
   * Whether text is handed on as its octets (`receivedTextOctets`), "checked" to be UTF-8 or "unchecked". Octets that are
   * sent as a text are the caller's affair then. Default: text is handed on as strings, and checked either way.
   */
  readonly textOctets?: "checked" | "unchecked" | undefined;
  /** Whether pings are answered here. Default true; who says no has to (§5.5.2). */
  readonly answersPings?: boolean;
  /** Whether the Close frame of a failure names the broken rule as its reason. Default true. */
  readonly namesBrokenRule?: boolean;
}

/** Who hears what a connection receives. Called from within `receive`; must not throw. */
export interface ConnectionSink {
  /**
   * A text message.
   *
   * @param byteLength octets that it has in UTF-8
   * @param isTransformed whether it came changed by extensions
   */
  receivedText(text: string, byteLength: number, isTransformed: boolean): void;
  /** A text message as its octets, for who asks for `textOctets`. As `receivedBinary`. */
  receivedTextOctets?(bytes: Uint8Array, start: number, end: number, isOwned: boolean, isTransformed: boolean): void;
  /**
   * A binary message: the octets from `start` to `end`.
   *
   * @param isOwned whether `bytes` may be kept; otherwise it is lent for the call, and what shall stay must be copied
   * @param isTransformed whether it came changed by extensions
   */
  receivedBinary(bytes: Uint8Array, start: number, end: number, isOwned: boolean, isTransformed: boolean): void;
  /** A message has begun that did not come whole. */
  messageBegun?(): void;
  /** What comes next waits for `receiving` to be set, and nothing is read on until then. Needed by who is "undecided". */
  sizeInDoubt?(): void;
  /** A ping, already answered where that was due. The octets are lent for the call. */
  receivedPing(bytes: Uint8Array, start: number, end: number): void;
  /** A pong, asked for or not. The octets are lent for the call. */
  receivedPong(bytes: Uint8Array, start: number, end: number): void;
  /**
   * The peer's first Close frame; nothing will follow it.
   *
   * @returns whether to answer it now. Whoever says no calls `answerClose` later: §5.5.1 "an endpoint MAY delay sending
   *   a Close frame until its current message is sent".
   */
  receivedClose(body: CloseBody): boolean;
  /**
   * An extension needs time for what has been received (`true`), or is done (`false`). Meanwhile nothing is read on, and
   * what comes is held, so that whoever does the I/O stops reading. May be called at any time. Needed by those who hand
   * in extensions that take time.
   */
  transforming?(isPending: boolean): void;
  /**
   * Where extensions are in use: a message of ours has been written, its last frame with it. Within the call that sends
   * it, or later.
   *
   * @param payload its text, or how many octets it had before extensions
   * @param isTransformed whether they changed it
   */
  messageWritten?(opcode: DataOpcode, payload: string | number, isTransformed: boolean): void;
  /** Something was added to the output outside of any call, since an extension took its time. */
  outputAdded?(): void;
  /** No message may be sent any more: our Close frame is on its way, or the connection is over. May be told repeatedly. */
  sendingEnded?(): void;
  /** The connection has failed; its Close frame is in the output. */
  failed(error: ProtocolError): void;
}

/**
 * Who takes messages piece by piece, each as it comes. Called from within `receive`, or later where an extension takes
 * its time; must not throw.
 */
export interface PieceSink {
  /**
   * A message has begun.
   *
   * @param isTransformed whether it comes changed by extensions
   */
  messageStarted(type: "text" | "binary", isTransformed: boolean): void;
  /**
   * Its next octets, those from `start` to `end`; of a text, they may end within a code point, and are valid so far.
   *
   * @param isOwned whether `bytes` may be kept; otherwise it is lent for the call
   * @returns whether there is room for more. An extension makes no more before `roomForPieces` is called then; what lies
   *   there as it came is held back only by `pause`
   */
  messagePiece(bytes: Uint8Array, start: number, end: number, isOwned: boolean): boolean;
  /** It is complete. Where it is not, and the connection has failed, `failed` is what is told. */
  messageEnded(): void;
}

/**
 * How a connection hands on messages. "whole": when they are complete. To a `PieceSink`: while they come, but for those
 * that lie whole in a chunk, which go to the `ConnectionSink`; no limit of sizes holds for either. "undecided": as "whole",
 * but what passes a limit of sizes waits, until it is known whether that limit holds, and the `ConnectionSink` hears
 * `sizeInDoubt`.
 */
export type Receiving = "whole" | "undecided" | PieceSink;
