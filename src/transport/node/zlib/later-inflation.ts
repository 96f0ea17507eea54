/**
 * Inflates one long message on Node's thread pool, by a zlib stream of its own that lives as long as the message.
 */
import { Buffer } from "node:buffer";
import type { InflateRaw } from "node:zlib";
import { createInflateRaw } from "node:zlib";
import type { Inflation, OctetRange, TransformFailure } from "../../../protocol/extensions/index.js";
import { maxStreamsPerMessage, messageTail } from "../../../protocol/extensions/index.js";
import { allocate } from "../node-memory.js";
import { Earlier } from "./dictionaries.js";
import { endsWhole, lastOctets } from "./documented-compressor.js";
import { incomplete, invalid, tooBig, tooManyStreams } from "./failures.js";
import type { JobGate } from "./job-gate.js";

// Each chunk of output is a trip to the thread pool and back.
const chunkBytes = 64 * 1024;

/** See the head of this file. */
export class LaterInflation implements Inflation {
  readonly #gate: JobGate;
  readonly #maxBytes: number;
  readonly #heedsDictionaries: boolean;
  #stream: InflateRaw | undefined;
  /** What the stream that is under way was opened with. */
  #earlier: Earlier | undefined;
  #streams = 0;
  /** What the message may refer to before its beginning. */
  readonly #history: Uint8Array | undefined;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #failure: TransformFailure | undefined;
  /** Settles when everything so far is done. */
  #last: Promise<unknown> = Promise.resolve();
  /** Goes on after a write, whichever way it ended. */
  #settle: (() => void) | undefined;

  /**
   * @param history copied
   * @param heedsDictionaries whether zlib does
   */
  constructor(gate: JobGate, history: Uint8Array | undefined, maxBytes: number, heedsDictionaries: boolean) {
    this.#gate = gate;
    this.#heedsDictionaries = heedsDictionaries;
    this.#history = history === undefined ? undefined : Buffer.from(history);
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#length;
  }

  push(bytes: Uint8Array, start: number, end: number): Promise<TransformFailure | undefined> {
    const octets = bytes.subarray(start, end);
    return this.#afterLast(async () => {
      await this.#inflate(octets);
      return this.#failure;
    });
  }

  finish({ bytes, start, end }: OctetRange): Promise<OctetRange | TransformFailure> {
    const octets = bytes.subarray(start, end);
    return this.#afterLast(async () => {
      await this.#inflate(octets);
      const left = await this.#write(messageTail);
      this.#failure ??= endsWhole(left) ? undefined : incomplete();
      if (this.#failure !== undefined) return this.#failed();
      this.#stream?.destroy();
      return this.#join();
    });
  }

  /** The message in memory of its own: a chunk of the stream's may be longer, and is a `Buffer`. */
  #join(): OctetRange {
    const end = this.#length;
    const bytes = allocate(end);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.byteLength;
    }
    return { bytes, start: 0, end };
  }

  #failed(): TransformFailure {
    this.abort();
    return this.#failure as TransformFailure;
  }

  abort(): void {
    this.#failure ??= invalid();
    this.#chunks.length = 0;
    this.#length = 0;
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#settle?.();
  }

  #afterLast<Result>(job: () => Promise<Result>): Promise<Result | TransformFailure> {
    const result = this.#last.then(() => this.#gate.run(() => this.#guarded(job)));
    this.#last = result;
    return result;
  }

  /** Does a job; where there is no memory, it is this message that fails for it. */
  async #guarded<Result>(job: () => Promise<Result>): Promise<Result | TransformFailure> {
    try {
      return await job();
    } catch (cause) {
      this.#failure ??= { failure: "message-too-big", observed: this.#length, limit: undefined, cause };
      return this.#failed();
    }
  }

  /** Inflates a piece of the message, with as many streams as it takes. */
  async #inflate(octets: Uint8Array): Promise<void> {
    let rest = octets;
    while (rest.byteLength > 0 && this.#failure === undefined) {
      const left = await this.#write(rest);
      if (left === 0 || this.#failure !== undefined) return;
      // A final block has ended within the message: the next octet begins another stream.
      rest = rest.subarray(rest.byteLength - left);
      this.#stream?.destroy();
      this.#stream = undefined;
    }
  }

  /** Writes to the stream that is under way. Returns the octets that it did not read. */
  #write(octets: Uint8Array): Promise<number> {
    return new Promise((resolve) => {
      const stream = this.#failure === undefined ? (this.#stream ??= this.#open()) : undefined;
      if (stream === undefined) {
        resolve(octets.byteLength);
        return;
      }
      const before = stream.bytesWritten;
      const written = this.#earlier?.before(octets) ?? octets;
      this.#settle = () => {
        this.#settle = undefined;
        resolve(written.byteLength - (stream.bytesWritten - before));
      };
      stream.write(written, () => {
        // What has been inflated may still wait in the stream.
        while (stream.read() !== null);
        this.#settle?.();
      });
    });
  }

  /** What the next stream may refer to: the message so far, and what was before it. */
  #dictionary(): Uint8Array | undefined {
    if (this.#chunks.length === 0) return this.#history;
    return lastOctets(this.#history === undefined ? this.#chunks : [this.#history, ...this.#chunks]);
  }

  /** @returns undefined, having failed, where a message has too many of them */
  #open(): InflateRaw | undefined {
    if (++this.#streams > maxStreamsPerMessage) {
      this.#failure = tooManyStreams(this.#streams);
      return undefined;
    }
    const earlier = new Earlier(this.#dictionary(), this.#heedsDictionaries);
    this.#earlier = earlier;
    const stream = createInflateRaw({ chunkSize: chunkBytes, ...earlier.options });
    stream.on("data", (output: Uint8Array) => {
      const chunk = earlier.own(output);
      if (this.#failure !== undefined || chunk.byteLength === 0) return;
      this.#length += chunk.byteLength;
      this.#chunks.push(chunk);
      if (this.#length <= this.#maxBytes) return;
      this.#failure = tooBig(this.#length, this.#maxBytes);
      this.abort();
    });
    stream.on("error", (error) => {
      this.#failure ??= invalid(error);
      this.abort();
    });
    return stream;
  }
}
