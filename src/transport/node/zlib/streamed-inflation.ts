/**
 * Inflates one message on Node's thread pool piece by piece, by a zlib stream of its own that lives as long as the message.
 * That stream makes no more than a chunk ahead of what is read of it, so that nothing piles up, however much becomes of
 * an octet.
 */
import { Buffer } from "node:buffer";
import type { InflateRaw } from "node:zlib";
import { createInflateRaw } from "node:zlib";
import type { OctetRange, StreamedInflation, TransformFailure } from "../../../protocol/extensions/index.js";
import { maxStreamsPerMessage, messageTail } from "../../../protocol/extensions/index.js";
import { allocate } from "../node-memory.js";
import { Earlier } from "./dictionaries.js";
import { endsWhole, longestWindowBytes } from "./documented-compressor.js";
import { incomplete, invalid, tooManyStreams } from "./failures.js";
import type { JobGate } from "./job-gate.js";

// Each chunk of output is a trip to the thread pool and back.
const chunkBytes = 64 * 1024;
// What zlib keeps of a stream beside its window.
const zlibBytes = 8 * 1024;

const noOctets = new Uint8Array(0);

/** See the head of this file. */
export class StreamedInflationOnPool implements StreamedInflation {
  readonly #gate: JobGate;
  readonly #heedsDictionaries: boolean;
  #stream: InflateRaw | undefined;
  /** What the stream that is under way was opened with. */
  #history: Earlier | undefined;
  #streams = 0;
  /** What the next stream of the message may refer to. */
  #earlier: Uint8Array;
  /** What is to be inflated, and has not been given to zlib. */
  #input: Uint8Array = noOctets;
  #isEnding = false;
  /** Octets that zlib is at work on. */
  #underWay: Uint8Array | undefined;
  #bytesWrittenBefore = 0;
  /** Whether zlib is done with these, but for what waits to be read. */
  #isWritten = false;
  #failure: TransformFailure | undefined;
  /** Tells that something has changed for who reads. */
  #wake: (() => void) | undefined;

  /**
   * @param history copied
   * @param heedsDictionaries whether zlib does
   */
  constructor(gate: JobGate, history: Uint8Array | undefined, heedsDictionaries: boolean) {
    this.#gate = gate;
    this.#heedsDictionaries = heedsDictionaries;
    this.#earlier = history === undefined ? noOctets : Buffer.from(history);
  }

  get heldBytes(): number {
    const ofStream = this.#stream === undefined ? 0 : longestWindowBytes + zlibBytes + 2 * chunkBytes;
    return this.#earlier.byteLength + ofStream;
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    this.#input = bytes.subarray(start, end);
  }

  end(): void {
    this.#isEnding = true;
    this.#input = messageTail;
  }

  read(): Promise<OctetRange | TransformFailure | undefined> {
    return this.#gate.run(async () => {
      try {
        return await this.#readOn();
      } catch (cause) {
        this.#failure ??= { failure: "message-too-big", observed: undefined, limit: undefined, cause };
        this.abort();
        return this.#failure;
      }
    });
  }

  async #readOn(): Promise<OctetRange | TransformFailure | undefined> {
    for (;;) {
      if (this.#failure !== undefined) return this.#failure;
      if (this.#underWay === undefined && this.#input.byteLength === 0) return undefined;
      if (this.#underWay === undefined) this.#begin();
      const output = this.#stream?.read() as Uint8Array | null | undefined;
      if (output !== null && output !== undefined) {
        const chunk = this.#history?.own(output) ?? output;
        if (chunk.byteLength > 0) return this.#handOn(chunk);
      } else if (this.#isWritten) this.#written();
      else if (this.#failure === undefined) await this.#change();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Gives zlib what is to be inflated. */
  #begin(): void {
    const stream = (this.#stream ??= this.#open());
    if (stream === undefined) return;
    const octets = this.#history?.before(this.#input) ?? this.#input;
    this.#input = noOctets;
    this.#underWay = octets;
    this.#isWritten = false;
    this.#bytesWrittenBefore = stream.bytesWritten;
    stream.write(octets, () => {
      this.#isWritten = true;
      this.#wakeReader();
    });
  }

  /** zlib is done with what it was given, and all that became of it has been read. */
  #written(): void {
    const octets = this.#underWay as Uint8Array;
    const stream = this.#stream as InflateRaw;
    const left = octets.byteLength - (stream.bytesWritten - this.#bytesWrittenBefore);
    this.#underWay = undefined;
    if (this.#isEnding) {
      if (!endsWhole(left)) this.#failure = incomplete();
    } else if (left > 0) {
      // A final block has ended within the message: the next octet begins another stream.
      this.#input = octets.subarray(octets.byteLength - left);
      stream.destroy();
      this.#stream = undefined;
    }
  }

  /** A piece in memory of its own: a chunk of the stream's is a `Buffer`, and its memory goes on with the next one. */
  #handOn(chunk: Uint8Array): OctetRange {
    const end = chunk.byteLength;
    const bytes = allocate(end);
    bytes.set(chunk);
    this.#remember(bytes);
    return { bytes, start: 0, end };
  }

  /** Keeps what another stream of the message may refer to. */
  #remember(bytes: Uint8Array): void {
    const kept = Math.max(0, Math.min(this.#earlier.byteLength, longestWindowBytes - bytes.byteLength));
    const last = bytes.subarray(Math.max(0, bytes.byteLength - longestWindowBytes));
    if (kept === 0 && this.#earlier.byteLength === last.byteLength) this.#earlier.set(last);
    else this.#earlier = Buffer.concat([this.#earlier.subarray(this.#earlier.byteLength - kept), last]);
  }

  /** @returns undefined, having failed, where a message has too many of them */
  #open(): InflateRaw | undefined {
    if (++this.#streams > maxStreamsPerMessage) {
      this.#failure = tooManyStreams(this.#streams);
      return undefined;
    }
    // zlib copies it when the first octets are written.
    this.#history = new Earlier(Uint8Array.from(this.#earlier), this.#heedsDictionaries);
    const stream = createInflateRaw({ chunkSize: chunkBytes, ...this.#history.options });
    stream.on("readable", () => this.#wakeReader());
    stream.on("error", (error) => {
      this.#failure ??= invalid(error);
      this.abort();
    });
    return stream;
  }

  abort(): void {
    this.#failure ??= invalid();
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#earlier = noOctets;
    this.#wakeReader();
  }
}
