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
  /**
   * A binary message: the octets from `start` to `end`.
   *
   * @param isOwned whether `bytes` may be kept; otherwise it is lent for the call, and what shall stay must be copied
   * @param isTransformed whether it came changed by extensions
   */
  receivedBinary(bytes: Uint8Array, start: number, end: number, isOwned: boolean, isTransformed: boolean): void;
  /** A message has begun that did not come whole. */
  messageBegun?(): void;
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
