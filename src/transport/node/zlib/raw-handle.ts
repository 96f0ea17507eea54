/**
 * A zlib stream's native handle, driven directly: reset and used again for one message after the other, with memory
 * that is there already. Half of what a small message costs by `deflateRawSync` goes into making a stream for it and
 * throwing it away.
 *
 * What it rests on, which Node does not document, the same on Node 20, 22, 24 and 26:
 *
 * - a zlib stream keeps its handle in `_handle`, and the array where that leaves its results in `_writeState`: first the
 *   octets of output that were left, then those of input;
 * - `handle.writeSync(flush, input, inputAt, inputLength, output, outputAt, outputLength)` works at once, and calls
 *   `handle.onerror` where the input makes no sense;
 * - `handle.reset()` begins anew, after an error as well, and `handle.params(level, strategy)` works at once.
 *
 * `hot-compressor.ts` tries all of it before it is used.
 */
import type { ZlibOptions } from "node:zlib";
import { createDeflateRaw, createInflateRaw } from "node:zlib";

interface NativeHandle {
  onerror: (message: string, errno: number, code: string) => void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number,
  ): void;
  reset(): void;
  params(level: number, strategy: number): void;
}

interface StreamInternals {
  readonly _handle?: Partial<NativeHandle> | null;
  readonly _writeState?: unknown;
}

/** See the head of this file. */
export class RawHandle {
  /** Owns the handle, and would close it if nobody held it. */
  readonly #stream: object;
  readonly #handle: NativeHandle;
  readonly #results: Uint32Array;
  /** Whether the input made no sense, since the last `reset`. */
  hasFailed = false;

  private constructor(stream: object, handle: NativeHandle, results: Uint32Array) {
    this.#stream = stream;
    this.#handle = handle;
    this.#results = results;
    handle.onerror = () => {
      this.hasFailed = true;
    };
  }

  /** @returns undefined where this runtime does not have what is needed */
  static open(direction: "deflate" | "inflate", options: ZlibOptions): RawHandle | undefined {
    const stream = direction === "deflate" ? createDeflateRaw(options) : createInflateRaw(options);
    const { _handle: handle, _writeState: results } = stream as unknown as StreamInternals;
    if (typeof handle?.writeSync !== "function" || typeof handle.reset !== "function") return undefined;
    if (typeof handle.params !== "function" || !(results instanceof Uint32Array)) return undefined;
    return new RawHandle(stream, handle as NativeHandle, results);
  }

  /** What owns the handle. */
  get stream(): object {
    return this.#stream;
  }

  /** Octets of output that the last write left empty. */
  get outputLeft(): number {
    return this.#results[0] as number;
  }

  /** Octets of input that the last write left unread. */
  get inputLeft(): number {
    return this.#results[1] as number;
  }

  /** Begins a new stream with the same options. */
  reset(): void {
    this.hasFailed = false;
    this.#handle.reset();
  }

  /** Sets the level, from 0 to 9, of what is written from now on. */
  setLevel(level: number): void {
    this.#handle.params(level, 0);
  }

  /**
   * Deflates or inflates as much of the input as the output has room for.
   *
   * @throws RangeError for octets that are not there, for which the native code would end the process
   */
  write(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
  ): void {
    const isWithin = inputAt >= 0 && inputLength >= 0 && inputAt + inputLength <= input.byteLength;
    if (!isWithin || outputAt > output.byteLength) throw new RangeError("the octets to compress are not all there");
    this.#handle.writeSync(flush, input, inputAt, inputLength, output, outputAt, output.byteLength - outputAt);
  }
}
