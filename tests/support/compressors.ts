/** Compressors for tests: one that can be told to fail, and another that works when it is told to. */
import type { Compressor, Inflation, OctetRange, Transformed } from "#src/protocol/extensions/index.js";
import { NodeCompressor } from "#src/transport/node/zlib/index.js";

/** Node's, which counts what it is asked for and can fail as if there were no memory. */
export class WatchedCompressor implements Compressor {
  readonly #inner = new NodeCompressor();
  /** Octets of the history that came with each call to deflate. */
  readonly histories: number[] = [];
  laterCalls = 0;
  hasMemory = true;

  deflate(...call: Parameters<Compressor["deflate"]>): OctetRange {
    this.#note(call[3]);
    if (!this.hasMemory) throw new Error("no memory");
    return this.#inner.deflate(...call);
  }

  deflateLater(...call: Parameters<Compressor["deflateLater"]>): Promise<OctetRange> {
    this.#note(call[3]);
    this.laterCalls++;
    return this.hasMemory ? this.#inner.deflateLater(...call) : Promise.reject(new Error("no memory"));
  }

  #note(history: OctetRange | undefined): void {
    this.histories.push(history === undefined ? 0 : history.end - history.start);
  }

  inflate(...call: Parameters<Compressor["inflate"]>): ReturnType<Compressor["inflate"]> {
    return this.#inner.inflate(...call);
  }

  inflateLater(...call: Parameters<Compressor["inflateLater"]>): Inflation {
    this.laterCalls++;
    return this.#inner.inflateLater(...call);
  }
}

/** Octets as a message that no extension has seen yet. */
export function plain(bytes: Uint8Array, reserved = 0): Transformed {
  return { bytes, start: 0, end: bytes.byteLength, reserved, isOwned: false };
}

/** The octets of a message, in an array of their own. */
export function octetsIn({ bytes, start, end }: OctetRange): Uint8Array {
  return Uint8Array.from(bytes.subarray(start, end));
}
