/**
 * The compressor that Node is, by zlib; but short messages are deflated in WebAssembly, where that is asked to be fast.
 */
import { Buffer } from "node:buffer";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { deflateRaw } from "node:zlib";
import type {
  Compressor,
  DeflateSettings,
  Inflation,
  OctetRange,
  StreamedInflation,
  TransformFailure,
} from "../../../protocol/extensions/index.js";
import { loadDeflater, maxMessageBytes, type WasmDeflater } from "../../wasm/index.js";
import { heedsDictionaries } from "./dictionaries.js";
import { DocumentedCompressor, deflateOptions, dictionaryOf } from "./documented-compressor.js";
import { HotCompressor } from "./hot-compressor.js";
import { JobGate } from "./job-gate.js";
import { LaterInflation } from "./later-inflation.js";
import { passesSelfTest } from "./self-test.js";
import { StreamedInflationOnPool } from "./streamed-inflation.js";

// As many as Node's thread pool has threads by default, so that ours fill it at most once.
const defaultMaxJobs = 4;

// An output chunk that is filled is a trip to the thread pool and back.
const minChunkBytes = 64 * 1024;
const maxChunkBytes = 1024 * 1024;

// Measured against the handles at level 3, it takes 0.36 to 0.75 times as long for JSON from 300 octets to 16 KiB behind
// 4 KiB, and 0.5 to 0.85 times as long behind nothing, for 0.8 to 1.1 times the octets. A level above asks for fewer.
const maxWasmLevel = 3;

type AtOnce = Pick<Compressor, "deflate" | "inflate">;

/** How a `NodeCompressor` works. */
export interface NodeCompressorOptions {
  /** "handles" where they work, "documented" for the documented calls alone. Default "handles". */
  readonly by?: "handles" | "documented";
  /** Whether short messages are deflated in WebAssembly at levels up to 3. Default true. */
  readonly wasm?: boolean;
  /** Jobs on the thread pool at a time. Default 4. */
  readonly maxJobs?: number;
  /** Whether zlib is given dictionaries. Default: where it heeds them. */
  readonly dictionaries?: boolean;
}

/** See the head of this file. */
export class NodeCompressor implements Compressor {
  readonly #wantsHandles: boolean;
  readonly #dictionaries: boolean | undefined;
  readonly #documented: DocumentedCompressor;
  #opened: AtOnce | undefined;
  #wantsWasm: boolean;
  #loaded: WasmDeflater | undefined;
  readonly #gate: JobGate;
  #deflateMs = 0;
  #inflateMs = 0;

  constructor({ by = "handles", wasm = true, maxJobs = defaultMaxJobs, dictionaries }: NodeCompressorOptions = {}) {
    this.#wantsHandles = by === "handles";
    this.#dictionaries = dictionaries;
    this.#documented = new DocumentedCompressor(() => this.#givesDictionaries);
    this.#wantsWasm = wasm;
    this.#gate = new JobGate(maxJobs);
  }

  /** Opened when there is something to do: to try the handles takes some milliseconds, and many never need them. */
  get #atOnce(): AtOnce {
    return (this.#opened ??= (this.#wantsHandles ? openHot() : undefined) ?? this.#documented);
  }

  get #givesDictionaries(): boolean {
    return this.#dictionaries ?? heedsDictionaries();
  }

  get #wasm(): WasmDeflater | undefined {
    if (this.#wantsWasm) {
      this.#wantsWasm = false;
      this.#loaded = loadDeflater();
    }
    return this.#loaded;
  }

  /** How it works: whether the handles do. */
  get by(): "handles" | "documented" {
    return this.#atOnce === this.#documented ? "documented" : "handles";
  }

  /** Whether short messages are deflated in WebAssembly. */
  get usesWasm(): boolean {
    return this.#wasm !== undefined;
  }

  /** Milliseconds spent on deflating on the calling thread. */
  get deflateMs(): number {
    return this.#deflateMs;
  }

  /** Milliseconds spent on inflating on the calling thread. */
  get inflateMs(): number {
    return this.#inflateMs;
  }

  /** Jobs on the thread pool. */
  get jobsRunning(): number {
    return this.#gate.running;
  }

  /** Jobs that wait for the thread pool. */
  get jobsWaiting(): number {
    return this.#gate.waiting;
  }

  deflate(
    bytes: Uint8Array,
    start: number,
    end: number,
    history: OctetRange | undefined,
    settings: DeflateSettings,
  ): OctetRange {
    const from = performance.now();
    const wasm = settings.level <= maxWasmLevel && end - start <= maxMessageBytes ? this.#wasm : undefined;
    const deflated =
      wasm === undefined
        ? this.#atOnce.deflate(bytes, start, end, history, settings)
        : wasm.deflate(bytes, start, end, history, settings.windowBits);
    this.#deflateMs += performance.now() - from;
    return deflated;
  }

  deflateLater(
    bytes: Uint8Array,
    start: number,
    end: number,
    history: OctetRange | undefined,
    settings: DeflateSettings,
  ): Promise<OctetRange> {
    const chunkSize = Math.min(Math.max(end - start, minChunkBytes), maxChunkBytes);
    const earlier = dictionaryOf(history);
    // It may have to wait, and the history goes on meanwhile.
    const copy = earlier === undefined ? undefined : { bytes: Buffer.from(earlier), start: 0, end: earlier.byteLength };
    return this.#gate.run(async () => {
      const options = { ...deflateOptions(settings, copy), chunkSize };
      const deflated = await promisify<Uint8Array, object, Uint8Array>(deflateRaw)(bytes.subarray(start, end), options);
      return { bytes: deflated, start: 0, end: deflated.byteLength };
    });
  }

  inflate(
    bytes: Uint8Array,
    start: number,
    end: number,
    history: OctetRange | undefined,
    maxBytes: number,
  ): OctetRange | TransformFailure {
    const from = performance.now();
    const inflated = this.#atOnce.inflate(bytes, start, end, history, maxBytes);
    this.#inflateMs += performance.now() - from;
    return inflated;
  }

  inflateLater(history: OctetRange | undefined, maxBytes: number): Inflation {
    return new LaterInflation(this.#gate, dictionaryOf(history), maxBytes, this.#givesDictionaries);
  }

  inflateStream(history: OctetRange | undefined): StreamedInflation {
    return new StreamedInflationOnPool(this.#gate, dictionaryOf(history), this.#givesDictionaries);
  }
}

function openHot(): HotCompressor | undefined {
  try {
    const hot = HotCompressor.open();
    return hot !== undefined && passesSelfTest(hot) ? hot : undefined;
  } catch {
    return undefined;
  }
}

let shared: NodeCompressor | undefined;

/** The one of this process, made when it is first asked for. */
export function nodeCompressor(): NodeCompressor {
  return (shared ??= new NodeCompressor());
}
