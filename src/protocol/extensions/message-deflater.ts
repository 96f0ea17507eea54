/**
 * The sending half of permessage-deflate on one connection (RFC 7692 §6.1, §7.2.1).
 *
 * Since the compressor keeps nothing, a message that does not get shorter simply goes out as it is: the window is what
 * was sent compressed, and nothing else (§7.2.3.2: messages with RSV1 unset "don't affect the LZ77 sliding window").
 */
import type { DeflateSettings } from "./compressor.js";
import { flushTailBytes } from "./compressor.js";
import type { DeflateContext } from "./deflate-context.js";
import { deflateOnce, deflateOnceLater } from "./deflate-context.js";
import type { Later, OctetRange, SendHints, Transformed } from "./extension.js";
import { SenderWindow } from "./sliding-window.js";
import { storedBlocks } from "./stored-blocks.js";

/** RSV1, which RFC 7692 §6 allocates: "Per-Message Compressed". */
export const compressedBit = 0x40;

// Messages that go out untried after one that did not get shorter; doubled each time that goes on.
const firstPause = 4;
const longestPause = 1024;

/** §7.2.3.6: an empty block without its four octets, which is what an empty end of a message becomes. */
const emptyBlock = Uint8Array.of(0x00);
const noOctets = new Uint8Array(0);

/** A message compressed, or as it is where that did not make it shorter. */
function compressed(message: Transformed, deflated: OctetRange | undefined, isOwned: boolean): Transformed {
  if (deflated === undefined) return message;
  const { bytes, start, end } = deflated;
  return { bytes, start, end, reserved: message.reserved | compressedBit, isOwned };
}

/** See the head of this file. */
export class MessageDeflater {
  readonly #context: DeflateContext;
  readonly #settings: DeflateSettings;
  readonly #takesOver: boolean;
  #window: SenderWindow | undefined;
  /** Messages to let pass. */
  #untried = 0;
  #pause = 0;
  /** Whether the message that goes out in fragments is compressed. */
  #compressesFragments = false;
  #isClosed = false;

  /**
   * @param windowBits the longest window, from 8 to 15
   * @param takesOver whether a message may refer to those before it
   */
  constructor(context: DeflateContext, windowBits: number, takesOver: boolean) {
    this.#context = context;
    this.#settings = { windowBits, level: context.level };
    this.#takesOver = takesOver;
  }

  /** Octets that its window holds. */
  get heldBytes(): number {
    return this.#window?.heldBytes ?? 0;
  }

  /** Whether a message of up to so many octets goes out untried. */
  passes(maxBytes: number, { compress }: SendHints): boolean {
    return compress === false || (maxBytes < this.#context.thresholdBytes && compress !== true);
  }

  /** A message in one piece. Not to be called while a promise is pending. */
  message(message: Transformed, { compress }: SendHints): Later<Transformed> {
    const length = message.end - message.start;
    const { laterFromBytes } = this.#context;
    if (length === 0 || this.passes(length, { compress })) return message;
    if (this.#untried > 0 && compress !== true) {
      this.#untried--;
      return message;
    }
    const history = this.#history;
    if (length < laterFromBytes) {
      return this.#tried(message, deflateOnce(this.#context, message, history, this.#settings), false);
    }
    return deflateOnceLater(this.#context, message, history, this.#settings).then((deflated) =>
      this.#tried(message, deflated, true),
    );
  }

  /** A message that goes to many connections: without a history, so that each of them can send it. */
  shared(message: Transformed, windowBits: number, hints: SendHints): Later<Transformed> {
    const { level, laterFromBytes } = this.#context;
    const length = message.end - message.start;
    if (length === 0 || this.passes(length, hints)) return message;
    const settings = { windowBits, level };
    if (length < laterFromBytes) {
      return compressed(message, deflateOnce(this.#context, message, undefined, settings), false);
    }
    return deflateOnceLater(this.#context, message, undefined, settings).then((deflated) =>
      compressed(message, deflated, true),
    );
  }

  /** What becomes of a message that was tried. */
  #tried(message: Transformed, deflated: OctetRange | undefined, isOwned: boolean): Transformed {
    if (deflated === undefined) {
      this.#pause = Math.min(Math.max(this.#pause * 2, firstPause), longestPause);
      this.#untried = this.#pause;
      return message;
    }
    this.#pause = 0;
    if (this.#takesOver) this.#remember(message.bytes, message.start, message.end);
    return compressed(message, deflated, isOwned);
  }

  /**
   * A fragment. §7.2.1: "Even when only part of the payload is available, a fragment can be built by compressing the
   * available data"; only the last one loses its four octets. Not to be called while a promise is pending.
   */
  fragment(fragment: Transformed, isFirst: boolean, fin: boolean, { compress }: SendHints): Later<Transformed> {
    if (isFirst) {
      this.#compressesFragments = compress !== false;
      // "the server MUST start compressing each new message with an empty LZ77 sliding window": but it may refer back
      // within the message.
      if (!this.#takesOver) this.forget();
    }
    if (!this.#compressesFragments) return fragment;
    const { bytes, start, end } = fragment;
    const { compressor, laterFromBytes } = this.#context;
    const reserved = isFirst ? fragment.reserved | compressedBit : fragment.reserved;
    if (start === end) {
      if (fin) this.#messageEnded();
      const octets = fin ? emptyBlock : noOctets;
      return { bytes: octets, start: 0, end: octets.byteLength, reserved, isOwned: true };
    }
    if (end - start >= laterFromBytes) return this.#fragmentLater(fragment, reserved, fin);
    let deflated: OctetRange;
    try {
      deflated = compressor.deflate(bytes, start, end, this.#history, this.#settings);
    } catch {
      // The message has begun as a compressed one, and goes on as one.
      deflated = storedBlocks(bytes, start, end);
    }
    return this.#fragmentDone(fragment, deflated, reserved, fin, false);
  }

  async #fragmentLater(fragment: Transformed, reserved: number, fin: boolean): Promise<Transformed> {
    const { bytes, start, end } = fragment;
    let deflated: OctetRange;
    try {
      deflated = await this.#context.compressor.deflateLater(bytes, start, end, this.#history, this.#settings);
    } catch {
      deflated = storedBlocks(bytes, start, end);
    }
    return this.#fragmentDone(fragment, deflated, reserved, fin, true);
  }

  #fragmentDone(
    fragment: Transformed,
    { bytes, start, end: flushEnd }: OctetRange,
    reserved: number,
    fin: boolean,
    isOwned: boolean,
  ): Transformed {
    const { counters } = this.#context;
    const end = fin ? flushEnd - flushTailBytes : flushEnd;
    counters.sentBytesBefore += fragment.end - fragment.start;
    counters.sentBytesAfter += end - start;
    if (this.#takesOver || !fin) this.#remember(fragment.bytes, fragment.start, fragment.end);
    if (fin) this.#messageEnded();
    return { bytes, start, end, reserved, isOwned };
  }

  #messageEnded(): void {
    this.#context.counters.sentMessages++;
    if (!this.#takesOver) this.forget();
  }

  get #history(): OctetRange | undefined {
    return this.#window?.history;
  }

  #remember(bytes: Uint8Array, start: number, end: number): void {
    // Another thread may be done only when the connection is gone.
    if (this.#isClosed) return;
    this.#window ??= new SenderWindow(this.#settings.windowBits, this.#context.memory);
    this.#window.append(bytes, start, end);
  }

  /** The connection is over: remembers nothing any more, not even what is being deflated. */
  close(): void {
    this.#isClosed = true;
    this.forget();
  }

  /** Begins anew: the next message refers to nothing earlier. */
  forget(): void {
    this.#window?.forget();
  }
}
