/**
 * Deflate (RFC 1951) as the platform offers it. The core asks for it through this interface, so that it stays pure, and
 * a build for browsers carries no zlib.
 *
 * It keeps nothing of a connection's between two calls: what a message may refer to, its history, comes in as octets
 * with each call. So there is no native memory to pool, to count or to leak, a window can be as short as it likes, and
 * forgetting one is forgetting an array.
 */
import type { OctetRange, TransformFailure } from "./extension.js";

/** How to deflate. */
export interface DeflateSettings {
  /** The base-2 logarithm of the longest distance that may be referred back to, from 8 to 15. */
  readonly windowBits: number;
  /** From 1, the fastest, to 9, the smallest. */
  readonly level: number;
}

/** The inflating of one long message, piece by piece. Calls need not wait for each other: they are done in order. */
export interface Inflation {
  /**
   * Inflates on. The octets must stay as they are until the promise has settled, which never rejects.
   *
   * @returns why it goes no further, or undefined
   */
  push(bytes: Uint8Array, start: number, end: number): Promise<TransformFailure | undefined>;
  /**
   * Inflates the rest, appends the tail that the sender has removed, and tells the whole message, whose octets may be
   * kept. All in one go, so that no more messages are long at a time than are worked on.
   *
   * @param rest must stay as it is until the promise has settled, which never rejects
   */
  finish(rest: OctetRange): Promise<OctetRange | TransformFailure>;
  /** Octets inflated so far. */
  readonly heldBytes: number;
  /** Lets go of everything. What is pending settles some time. */
  abort(): void;
}

/**
 * The inflating of one message that is handed on while it comes: `write`, then `read` until it tells undefined, and again;
 * or `end` instead of `write`, for the last time. One call to `read` at a time.
 */
export interface StreamedInflation {
  /** Takes octets to inflate, which must stay as they are until `read` has told undefined. */
  write(bytes: Uint8Array, start: number, end: number): void;
  /** Nothing more comes: appends the tail that the sender has removed. */
  end(): void;
  /**
   * Inflates on, by a bounded step. Never rejects.
   *
   * @returns octets that may be kept; undefined where everything so far has been inflated; or why it goes no further,
   *   after `end` also that the message was not whole
   */
  read(): Promise<OctetRange | TransformFailure | undefined>;
  /** Octets of memory that it takes. */
  readonly heldBytes: number;
  /** Lets go of everything. What is pending settles some time. */
  abort(): void;
}

/** See the head of this file. */
export interface Compressor {
  /**
   * Deflates and flushes (zlib's `Z_SYNC_FLUSH`): the result ends with 00 00 ff ff.
   *
   * @param history what the octets may refer to, at most a window of it
   * @returns octets that are lent until the next call
   */
  deflate(
    bytes: Uint8Array,
    start: number,
    end: number,
    history: OctetRange | undefined,
    settings: DeflateSettings,
  ): OctetRange;
  /**
   * The same on another thread.
   *
   * @param bytes must stay as they are until the promise has settled; the history need not
   * @returns octets that may be kept. Rejects when the platform runs out of memory
   */
  deflateLater(
    bytes: Uint8Array,
    start: number,
    end: number,
    history: OctetRange | undefined,
    settings: DeflateSettings,
  ): Promise<OctetRange>;
  /**
   * Inflates what `deflate` makes without its last four octets, or anything that claims to be that (RFC 7692 §7.2.2).
   * Throws only when the platform runs out of memory.
   *
   * @param history what the octets may refer to
   * @param maxBytes where to stop: no more than this is ever inflated, and a piece of the platform's choice
   * @returns octets that are lent until the next call
   */
  inflate(
    bytes: Uint8Array,
    start: number,
    end: number,
    history: OctetRange | undefined,
    maxBytes: number,
  ): OctetRange | TransformFailure;
  /** The same on another thread, for a message of which more than one piece is to come. */
  inflateLater(history: OctetRange | undefined, maxBytes: number): Inflation;
  /**
   * The same piece by piece, for a message of any length: never more than a piece of the platform's choice is held.
   *
   * @param history copied
   */
  inflateStream(history: OctetRange | undefined): StreamedInflation;
}

/**
 * What a sender removes from the end of a message and a receiver appends (RFC 7692 §7.2.1), and after it an empty final
 * block and one octet more. Whatever reads this behind a message that is whole stops before the last octet; one that
 * has not ended yet takes that as well, or finds no sense in it.
 */
export const messageTail: Uint8Array = Uint8Array.of(0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff, 0x00);

/** Octets of what a sender removes. */
export const flushTailBytes = 4;

/**
 * Deflate streams in one message, each but the last ended by a final block. RFC 7692 §7.2.1 allows any number; each
 * has to be set up anew, and nobody needs them.
 */
export const maxStreamsPerMessage = 64;
