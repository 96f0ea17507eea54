/**
 * Makes the fragments (RFC 6455 §5.4) of a message that comes in chunks of any size: long chunks are cut, short ones
 * joined.
 *
 * §5.6 lets a frame of a text end within a code point, but then a receiver that checks each frame by itself, as some do,
 * would be right to wonder; so every fragment here ends where a code point ends, wherever the chunks do.
 */
import { UsageError } from "./errors.js";
import { maxBytesPerUnit } from "./frame-writer.js";
import type { BufferPool } from "./output.js";
import type { TextCodec } from "./utf8.js";
import { incompleteEnd } from "./utf8.js";

/** What making fragments needs of its surroundings. */
export interface FragmentContext {
  readonly text: TextCodec;
  readonly pool: BufferPool;
}

/** Takes a fragment. Its octets are lent for the call. */
export type FragmentTarget = (octets: Uint8Array, fin: boolean) => void;

/** The least that a fragment may be limited to: below it, headers and code points would need care that nobody thanks for. */
export const minFragmentBytes = 1024;

// From here on, a fragment of its own costs less than copying.
const ownFragmentFromBytes = 16 * 1024;
// A fragment is full enough when less than such a part of it is free.
const freePart = 32;

const noOctets = new Uint8Array(0);

/** See the head of this file. */
export class OutgoingFragments {
  readonly #isText: boolean;
  readonly #maxBytes: number;
  readonly #context: FragmentContext;
  readonly #target: FragmentTarget;
  /** What has been gathered for the next fragment, in a buffer of the pool's. */
  #buffer: Uint8Array | undefined;
  #length = 0;
  /** The first half of a surrogate pair whose second may be in the next chunk, or "". */
  #highSurrogate = "";

  /**
   * @param maxBytes octets that a fragment has at most, `minFragmentBytes` or more
   * @param target takes the fragments
   */
  constructor(type: "text" | "binary", maxBytes: number, context: FragmentContext, target: FragmentTarget) {
    this.#isText = type === "text";
    this.#maxBytes = maxBytes;
    this.#context = context;
    this.#target = target;
  }

  /** Octets that have been taken and wait to become a fragment. */
  get gatheredBytes(): number {
    return this.#length;
  }

  /**
   * Takes some of a chunk, and sends one fragment at most. To be called again with what it returns until that is the
   * chunk's length; only then may the chunk change.
   *
   * @param chunk a string, in a text message only, or octets
   * @param from where to begin: a UTF-16 unit, or an octet
   * @returns where to go on; the same place where room had to be made first
   * @throws UsageError `text-not-utf8` for octets that cannot belong to valid UTF-8
   */
  add(chunk: string | Uint8Array, from: number): number {
    return typeof chunk === "string" ? this.#addText(chunk, from) : this.#addOctets(chunk, from);
  }

  #addText(text: string, from: number): number {
    // One less, for the surrogate that was held back.
    const roomUnits = Math.floor((this.#maxBytes - this.#length) / maxBytesPerUnit) - 1;
    if (text.length - from > roomUnits && roomUnits < this.#maxBytes / freePart && this.#sendGathered()) return from;
    let end = Math.min(text.length, from + roomUnits);
    if (end < text.length && isHighSurrogate(text, end - 1)) end--;
    let piece = this.#highSurrogate + text.slice(from, end);
    this.#highSurrogate = "";
    if (end === text.length && isHighSurrogate(piece, piece.length - 1)) {
      this.#highSurrogate = piece.slice(-1);
      piece = piece.slice(0, -1);
    }
    this.#gatherText(piece);
    return end;
  }

  #addOctets(octets: Uint8Array, from: number): number {
    const restBytes = octets.byteLength - from;
    if (restBytes > 0) this.#endText();
    const isLong = restBytes >= Math.min(ownFragmentFromBytes, this.#maxBytes);
    if (isLong && this.#length === 0) return this.#sendPiece(octets, from, Math.min(restBytes, this.#maxBytes));
    const roomBytes = this.#maxBytes - this.#length;
    if ((isLong || restBytes > roomBytes) && this.#sendGathered()) return from;
    // Where a code point is unfinished, the first octets go with it.
    const end = from + Math.min(restBytes, roomBytes, ownFragmentFromBytes);
    this.#gather(octets, from, end);
    return end;
  }

  /** Sends a piece of a chunk from where it lies. */
  #sendPiece(octets: Uint8Array, from: number, length: number): number {
    const end = from + length;
    const wholeEnd = this.#wholeEnd(octets, from, end);
    this.#target(octets.subarray(from, wholeEnd), false);
    if (end < octets.byteLength) return wholeEnd;
    this.#gather(octets, wholeEnd, end);
    return end;
  }

  #gather(octets: Uint8Array, from: number, end: number): void {
    if (from === end) return;
    const buffer = this.#reserve(end - from);
    buffer.set(octets.subarray(from, end), this.#length);
    this.#length += end - from;
  }

  #gatherText(text: string): void {
    if (text === "") return;
    const buffer = this.#reserve(text.length * maxBytesPerUnit);
    this.#length += this.#context.text.encodeInto(text, buffer, this.#length);
  }

  /** Where no second half has come, the first becomes U+FFFD, as lone surrogates do: `#addText` has left room for that. */
  #endText(): void {
    const lone = this.#highSurrogate;
    this.#highSurrogate = "";
    this.#gatherText(lone);
  }

  #reserve(byteLength: number): Uint8Array {
    const { pool } = this.#context;
    const before = this.#buffer;
    const needed = this.#length + byteLength;
    if (before !== undefined && before.byteLength >= needed) return before;
    // Beyond what the pool keeps, once and for all.
    const next = pool.acquire(needed > pool.sizes.largeBytes ? Math.max(needed, this.#maxBytes) : needed);
    if (before !== undefined) {
      next.set(before.subarray(0, this.#length));
      pool.release(before);
    }
    this.#buffer = next;
    return next;
  }

  /**
   * Sends what has been gathered, as far as it is whole code points.
   *
   * @throws UsageError `text-not-utf8`
   */
  flush(): void {
    this.#sendGathered();
  }

  /** @returns whether there was something to send */
  #sendGathered(): boolean {
    const buffer = this.#buffer;
    if (buffer === undefined) return false;
    const length = this.#length;
    const end = this.#wholeEnd(buffer, 0, length);
    if (end === 0) return false;
    this.#target(buffer.subarray(0, end), false);
    if (end === length) {
      this.#release();
    } else {
      buffer.copyWithin(0, end, length);
      this.#length = length - end;
    }
    return true;
  }

  /** Where the last whole code point ends. */
  #wholeEnd(octets: Uint8Array, start: number, end: number): number {
    if (!this.#isText) return end;
    const wholeEnd = incompleteEnd(octets, start, end);
    // §5.6: "the whole message MUST contain valid UTF-8".
    if (wholeEnd === -1) throw new UsageError("text-not-utf8");
    return wholeEnd;
  }

  /**
   * Sends the last fragment, with what has been gathered.
   *
   * @throws whatever the target throws, for the octets of an unfinished code point among others
   */
  finish(): void {
    this.#endText();
    this.#target(this.#buffer?.subarray(0, this.#length) ?? noOctets, true);
    this.drop();
  }

  /** Lets go of what has been gathered. */
  drop(): void {
    this.#release();
    this.#highSurrogate = "";
  }

  #release(): void {
    if (this.#buffer !== undefined) this.#context.pool.release(this.#buffer);
    this.#buffer = undefined;
    this.#length = 0;
  }
}

function isHighSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit <= 0xdbff;
}
