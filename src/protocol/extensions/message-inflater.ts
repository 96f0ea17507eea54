/**
 * The receiving half of permessage-deflate on one connection (RFC 7692 §6.2, §7.2.2).
 *
 * A message that is here whole is inflated at once. What comes in pieces is collected as it is, compressed, until there
 * is so much of it that another thread shall inflate it; from then on it is inflated as it comes, as far as there is
 * memory for that in the budget that all connections share, and else collected on. Either way a peer makes us hold what it
 * has sent, or what that inflates to as far as the limits go.
 */
import type { Inflation } from "./compressor.js";
import type { DeflateContext } from "./deflate-context.js";
import type {
  Later,
  OctetRange,
  PieceReceiver,
  PieceTaker,
  StreamReceiver,
  Transformed,
  TransformFailure,
} from "./extension.js";
import { isFailure } from "./extension.js";
import { maxInflatedPerOctet } from "./inflation-memory.js";
import { compressedBit } from "./message-deflater.js";
import { SlidingWindow, windowBytes } from "./sliding-window.js";
import { StreamedPieces } from "./streamed-pieces.js";

const noOctets = new Uint8Array(0);
const firstCapacityBytes = 1024;

/** The platform has no memory for a message of so many octets: it is the message that fails for it. */
function withoutMemory(observed: number, cause: unknown): TransformFailure {
  return { failure: "message-too-big", observed, limit: undefined, cause };
}

/** See the head of this file. */
export class MessageInflater {
  readonly #context: DeflateContext;
  readonly #windowBits: number;
  /** Whether there is to be a window: memory for it has been reserved, and not been given back. */
  #isReserved: boolean;
  #window: SlidingWindow | undefined;
  /** The message that another thread is to bring to its end. */
  #finishing: Inflation | undefined;

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
    let inflated: OctetRange | TransformFailure;
    try {
      inflated = compressor.inflate(bytes, start, end, this.#window, atOnce);
      if (!isFailure(inflated)) return this.#done(inflated, end - start, reserved, false);
    } catch (cause) {
      return withoutMemory(end - start, cause);
    }
    if (inflated.failure === "message-too-big" && atOnce < maxBytes) return this.#messageLater(message, maxBytes);
    return inflated;
  }

  #messageLater(
    { bytes, start, end, reserved, isOwned }: Transformed,
    maxBytes: number,
  ): Promise<Transformed | TransformFailure> {
    const inflation = this.begin(maxBytes);
    const octets = isOwned ? bytes.subarray(start, end) : Uint8Array.prototype.slice.call(bytes, start, end);
    return this.finish(inflation, { bytes: octets, start: 0, end: octets.byteLength }, octets.byteLength, reserved);
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
  async finish(
    inflation: Inflation,
    rest: OctetRange,
    length: number,
    reserved: number,
  ): Promise<Transformed | TransformFailure> {
    this.#finishing = inflation;
    const inflated = await inflation.finish(rest);
    this.#finishing = undefined;
    if (isFailure(inflated)) return inflated;
    try {
      return this.#done(inflated, length, reserved, true);
    } catch (cause) {
      return withoutMemory(length, cause);
    }
  }

  #done({ bytes, start, end }: OctetRange, lengthBefore: number, reserved: number, isOwned: boolean): Transformed {
    this.count(lengthBefore, end - start);
    this.remember(bytes, start, end);
    return { bytes, start, end, reserved: reserved & ~compressedBit, isOwned };
  }

  /** A message that is handed on while it comes. */
  stream(taker: PieceTaker): StreamReceiver {
    return new StreamedPieces(this.#context.compressor.inflateStream(this.#window), this, taker);
  }

  /** A message has been inflated. */
  count(lengthBefore: number, lengthAfter: number): void {
    const { counters } = this.#context;
    counters.receivedMessages++;
    counters.receivedBytesBefore += lengthBefore;
    counters.receivedBytesAfter += lengthAfter;
  }

  /** What comes next may refer to these octets. Throws where there is no memory. */
  remember(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#isReserved || start === end) return;
    this.#window ??= new SlidingWindow(this.#windowBits, this.#context.memory);
    this.#window.append(bytes, start, end);
  }

  /** The connection is over. */
  close(): void {
    // Nobody waits for it any more, and others may wait for the thread.
    this.#finishing?.abort();
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
  /** What was taken from the budget of all inflations. */
  #takenBytes = 0;
  /** The pieces that are being inflated. */
  #underWay = 0;
  #isOver = false;

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
    try {
      if (needed > this.#collected.byteLength) this.#grow(needed);
    } catch (cause) {
      return withoutMemory(needed, cause);
    }
    this.#collected.set(bytes.subarray(start, end), this.#count);
    this.#count = needed;
    return needed >= this.#context.laterFromBytes && this.#takeMemory(needed) ? this.#pushOn() : undefined;
  }

  #grow(needed: number): void {
    const { laterFromBytes } = this.#context;
    // What is longer is mostly inflated at once; only where that has to wait does it grow on.
    const room = this.#collected.byteLength < laterFromBytes ? Math.min(needed * 2, laterFromBytes) : needed * 2;
    const grown = new Uint8Array(Math.max(needed, firstCapacityBytes, room));
    grown.set(this.#collected.subarray(0, this.#count));
    this.#collected = grown;
  }

  /** Whether there is memory for what so many octets may become. */
  #takeMemory(count: number): boolean {
    const most = Math.min(this.#maxBytes - this.#takenBytes, count * maxInflatedPerOctet);
    if (!this.#context.inflationMemory.take(most)) return false;
    this.#takenBytes += most;
    return true;
  }

  /** Keeps no more of the budget than `bytes`. */
  #keepMemory(bytes: number): void {
    this.#context.inflationMemory.giveBack(this.#takenBytes - bytes);
    this.#takenBytes = bytes;
  }

  async #pushOn(): Promise<TransformFailure | undefined> {
    const inflation = (this.#inflation ??= this.#inflater.begin(this.#maxBytes));
    const { bytes, end } = this.#takeCollected();
    this.#underWay++;
    const failure = await inflation.push(bytes, 0, end);
    this.#underWay--;
    if (!this.#isOver && this.#underWay === 0) this.#keepMemory(Math.min(inflation.heldBytes, this.#takenBytes));
    return failure;
  }

  #takeCollected(): OctetRange {
    const collected = { bytes: this.#collected, start: 0, end: this.#count };
    this.#lengthBefore += this.#count;
    this.#collected = noOctets;
    this.#count = 0;
    return collected;
  }

  finish(): Later<Transformed | TransformFailure> {
    const rest = this.#takeCollected();
    const inflation = this.#inflation;
    if (inflation !== undefined) return this.#finish(inflation, rest);
    return this.#inflater.message({ ...rest, reserved: this.#reserved, isOwned: true }, this.#maxBytes);
  }

  async #finish(inflation: Inflation, rest: OctetRange): Promise<Transformed | TransformFailure> {
    const result = await this.#inflater.finish(inflation, rest, this.#lengthBefore, this.#reserved);
    this.#end();
    return result;
  }

  abort(): void {
    this.#inflation?.abort();
    this.#takeCollected();
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#keepMemory(0);
  }
}
