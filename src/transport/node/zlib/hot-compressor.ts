/**
 * Deflate and inflate by a few native handles that all connections share.
 *
 * A history comes to a handle that has been reset in a way that costs next to nothing: as blocks without compression.
 * Inflating, that is a copy. Deflating at level 0, it is one, too, and zlib enters what it has copied into its tables
 * when the level changes; the result is what a dictionary would have made of it.
 */
import { constants } from "node:zlib";
import type { DeflateSettings, OctetRange, TransformFailure } from "../../../protocol/extensions/index.js";
import { maxStreamsPerMessage, messageTail, writeBlockHeader } from "../../../protocol/extensions/index.js";
import { allocate } from "../node-memory.js";
import { endsWhole, longestWindowBytes, zlibWindowBits } from "./documented-compressor.js";
import { incomplete, invalid, tooBig, tooManyStreams } from "./failures.js";
import { RawHandle } from "./raw-handle.js";

// What nearly every message fits into, deflated or inflated; a longer one gets memory of its own.
const outputBytes = 68 * 1024;
/** How far zlib can refer back in octets that are inflated. */
const inflateOptions = { windowBits: 15 };
const { Z_NO_FLUSH, Z_SYNC_FLUSH } = constants;

interface Deflater {
  readonly handle: RawHandle;
  level: number;
}

/** See the head of this file. */
export class HotCompressor {
  readonly #inflater: RawHandle;
  /** By window bits. A handle takes 270 KiB, and there are seven at most. */
  readonly #deflaters: (Deflater | undefined)[] = [];
  readonly #deflated = allocate(outputBytes);
  readonly #inflated = allocate(outputBytes);
  /** Where the history goes when it comes out again. */
  readonly #discarded = allocate(longestWindowBytes + 1024);
  readonly #blockHeader = allocate(5);

  private constructor(inflater: RawHandle) {
    this.#inflater = inflater;
  }

  /** @returns undefined where this runtime does not have what is needed */
  static open(): HotCompressor | undefined {
    const inflater = RawHandle.open("inflate", inflateOptions);
    return inflater === undefined ? undefined : new HotCompressor(inflater);
  }

  /** As `Compressor.deflate`. Throws where there is no memory. */
  deflate(
    bytes: Uint8Array,
    start: number,
    end: number,
    history: OctetRange | undefined,
    { windowBits, level }: DeflateSettings,
  ): OctetRange {
    const deflater = (this.#deflaters[windowBits] ??= openDeflater(windowBits));
    const { handle } = deflater;
    handle.reset();
    if (history !== undefined && history.start < history.end) {
      this.#setLevel(deflater, 0);
      const { bytes: earlier, start: from, end: to } = history;
      handle.write(Z_SYNC_FLUSH, earlier, from, to - from, this.#discarded, 0);
    }
    this.#setLevel(deflater, level);

    let output = this.#deflated;
    let length = 0;
    let inputAt = start;
    for (;;) {
      handle.write(Z_SYNC_FLUSH, bytes, inputAt, end - inputAt, output, length);
      length = output.byteLength - handle.outputLeft;
      inputAt = end - handle.inputLeft;
      // Only where there is room left has everything been flushed.
      if (handle.outputLeft > 0) return { bytes: output, start: 0, end: length };
      output = grown(output, length + Math.max(end - inputAt, outputBytes));
    }
  }

  /** Says nothing where nothing changes: zlib would look for what has to be flushed first. */
  #setLevel(deflater: Deflater, level: number): void {
    if (deflater.level === level) return;
    deflater.level = level;
    deflater.handle.setLevel(level);
  }

  /** As `Compressor.inflate`. */
  inflate(
    bytes: Uint8Array,
    start: number,
    end: number,
    history: OctetRange | undefined,
    maxBytes: number,
  ): OctetRange | TransformFailure {
    const handle = this.#inflater;
    let output = this.#inflated;
    let length = 0;
    let input = bytes;
    let inputAt = start;
    let inputEnd = end;
    let streams = 1;
    handle.reset();
    if (history !== undefined) this.#remember(history.bytes, history.start, history.end);
    for (;;) {
      handle.write(Z_NO_FLUSH, input, inputAt, inputEnd - inputAt, output, length);
      if (handle.hasFailed) return invalid();
      length = output.byteLength - handle.outputLeft;
      if (length > maxBytes) return tooBig(length, maxBytes);
      inputAt = inputEnd - handle.inputLeft;
      if (handle.outputLeft === 0) {
        output = grown(output, Math.min(length * 2, maxBytes + outputBytes));
      } else if (handle.inputLeft > 0 && input === bytes) {
        // A final block has ended in the middle of the message (§7.2.1: "An endpoint MAY use both").
        if (++streams > maxStreamsPerMessage) return tooManyStreams(streams);
        handle.reset();
        this.#rememberOutput(history, output, length);
      } else if (input === bytes) {
        input = messageTail;
        inputAt = 0;
        inputEnd = messageTail.byteLength;
      } else {
        return endsWhole(handle.inputLeft) ? { bytes: output, start: 0, end: length } : incomplete();
      }
    }
  }

  /** Puts a history behind what has been inflated since the last reset. */
  #remember(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    writeBlockHeader(this.#blockHeader, 0, end - start);
    this.#inflater.write(Z_NO_FLUSH, this.#blockHeader, 0, this.#blockHeader.byteLength, this.#discarded, 0);
    this.#inflater.write(Z_NO_FLUSH, bytes, start, end - start, this.#discarded, 0);
  }

  /** The same for the streams after the first one of a message. */
  #rememberOutput(history: OctetRange | undefined, output: Uint8Array, length: number): void {
    if (history !== undefined && length < longestWindowBytes) {
      this.#remember(history.bytes, Math.max(history.start, history.end + length - longestWindowBytes), history.end);
    }
    this.#remember(output, Math.max(0, length - longestWindowBytes), length);
  }
}

function openDeflater(windowBits: number): Deflater {
  const handle = RawHandle.open("deflate", { windowBits: zlibWindowBits(windowBits), memLevel: 8, level: 1 });
  // It has been there for the inflater.
  if (handle === undefined) throw new Error("zlib has no handle to deflate with");
  return { handle, level: 1 };
}

function grown(output: Uint8Array, byteLength: number): Uint8Array {
  const larger = allocate(byteLength);
  larger.set(output);
  return larger;
}
