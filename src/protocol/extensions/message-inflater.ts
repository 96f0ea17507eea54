/**
 * The receiving half of permessage-deflate on one connection (RFC 7692 §6.2, §7.2.2).
 *
 * A message that is here whole is inflated at once. What comes in pieces is collected as it is, compressed, until there
 * is so much of it that another thread shall inflate it; from then on it is inflated as it comes. Either way a peer makes
 * us hold what it has sent, and what that inflates to as far as the limit, and never both in full.
 */
import type { Inflation } from "./compressor.js";
import type { DeflateContext } from "./deflate-context.js";
import type { Later, OctetRange, PieceReceiver, Transformed, TransformFailure } from "./extension.js";
import { isFailure } from "./extension.js";
import { compressedBit } from "./message-deflater.js";
import { SlidingWindow, windowBytes } from "./sliding-window.js";

const noOctets = new Uint8Array(0);
const firstCapacityBytes = 1024;

/** See the head of this file. */
export class MessageInflater {
  readonly #context: DeflateContext;
  readonly #windowBits: number;
  /** Whether there is to be a window: memory for it has been reserved, and not been given back. */
  #isReserved: boolean;
  #window: SlidingWindow | undefined;

  /**
   * @param windowBits the longest window that the peer uses, from 8 to 15
   * @param takesOver whether a message may refer to those before it. Then memory for a window has been reserved, which
   *   is given back here, by `close`
   */
  constructor(context: DeflateContext, windowBits: number, takesOver: boolean) {
    this.#context = context;
    this.#windowBits = windowBits;
    this.#isReserved = takesOver;
  }

  /** Octets that its window holds. */
  get heldBytes(): number {
    return this.#window?.heldBytes ?? 0;
  }

  /** A message in one piece. */
  message(message: Transformed, maxBytes: number): Later<Transformed | TransformFailure> {
    const { bytes, start, end, reserved } = message;
    // An empty message is an octet long (§7.2.3.6); but there is only one thing that no octet at all can mean.
    if (start === end) return this.#done({ bytes: noOctets, start: 0, end: 0 }, 0, reserved, true);
    const { compressor, laterFromBytes, maxInflatedAtOnceBytes } = this.#context;
    if (end - start >= laterFromBytes) return this.#messageLater(message, maxBytes);
    const atOnce = Math.min(maxBytes, maxInflatedAtOnceBytes);
    const inflated = compressor.inflate(bytes, start, end, this.#window, atOnce);
    if (!isFailure(inflated)) return this.#done(inflated, end - start, reserved, false);
    if (inflated.failure === "message-too-big" && atOnce < maxBytes) return this.#messageLater(message, maxBytes);
    return inflated;
  }

  #messageLater(
    { bytes, start, end, reserved, isOwned }: Transformed,
    maxBytes: number,
  ): Promise<Transformed | TransformFailure> {
    const inflation = this.begin(maxBytes);
    const octets = isOwned ? bytes.subarray(start, end) : Uint8Array.prototype.slice.call(bytes, start, end);
    void inflation.push(octets, 0, octets.byteLength);
    return this.finish(inflation, octets.byteLength, reserved);
  }

  /** A message in pieces. */
  pieces(reserved: number, maxBytes: number): PieceReceiver {
    return new CompressedPieces(this, this.#context, reserved, maxBytes);
  }

  /** Begins to inflate a long message. */
  begin(maxBytes: number): Inflation {
    return this.#context.compressor.inflateLater(this.#window, maxBytes);
  }

  /** Ends it. */
  async finish(inflation: Inflation, length: number, reserved: number): Promise<Transformed | TransformFailure> {
    const inflated = await inflation.finish();
    return isFailure(inflated) ? inflated : this.#done(inflated, length, reserved, true);
  }

  #done({ bytes, start, end }: OctetRange, lengthBefore: number, reserved: number, isOwned: boolean): Transformed {
    const { counters } = this.#context;
    counters.receivedMessages++;
    counters.receivedBytesBefore += lengthBefore;
    counters.receivedBytesAfter += end - start;
    if (this.#isReserved && start < end) {
      this.#window ??= new SlidingWindow(this.#windowBits, this.#context.memory);
      this.#window.append(bytes, start, end);
    }
    return { bytes, start, end, reserved: reserved & ~compressedBit, isOwned };
  }

  /** The connection is over. */
  close(): void {
    this.#window?.clear();
    this.#window = undefined;
    if (!this.#isReserved) return;
    this.#isReserved = false;
    this.#context.memory.unreserve(windowBytes(this.#windowBits));
  }
}

/** A compressed message that comes in pieces. */
class CompressedPieces implements PieceReceiver {
  readonly #inflater: MessageInflater;
  readonly #context: DeflateContext;
  readonly #reserved: number;
  readonly #maxBytes: number;
  #collected = noOctets;
  #count = 0;
  #lengthBefore = 0;
  #inflation: Inflation | undefined;

  constructor(inflater: MessageInflater, context: DeflateContext, reserved: number, maxBytes: number) {
    this.#inflater = inflater;
    this.#context = context;
    this.#reserved = reserved;
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#collected.byteLength + (this.#inflation?.heldBytes ?? 0);
  }

  push(bytes: Uint8Array, start: number, end: number): Later<TransformFailure | undefined> {
    const needed = this.#count + end - start;
    if (needed > this.#collected.byteLength) {
      const grown = new Uint8Array(
        Math.max(needed, firstCapacityBytes, Math.min(needed * 2, this.#context.laterFromBytes)),
      );
      grown.set(this.#collected.subarray(0, this.#count));
      this.#collected = grown;
    }
    this.#collected.set(bytes.subarray(start, end), this.#count);
    this.#count = needed;
    return needed >= this.#context.laterFromBytes ? this.#pushOn() : undefined;
  }

  #pushOn(): Promise<TransformFailure | undefined> {
    this.#inflation ??= this.#inflater.begin(this.#maxBytes);
    const octets = this.#collected;
    const count = this.#count;
    this.#collected = noOctets;
    this.#count = 0;
    this.#lengthBefore += count;
    return this.#inflation.push(octets, 0, count);
  }

  finish(): Later<Transformed | TransformFailure> {
    const octets = this.#collected;
    const count = this.#count;
    if (this.#inflation === undefined) {
      const message = { bytes: octets, start: 0, end: count, reserved: this.#reserved, isOwned: true };
      return this.#inflater.message(message, this.#maxBytes);
    }
    if (count > 0) void this.#pushOn();
    return this.#inflater.finish(this.#inflation, this.#lengthBefore, this.#reserved);
  }

  abort(): void {
    this.#inflation?.abort();
    this.#collected = noOctets;
    this.#count = 0;
  }
}
