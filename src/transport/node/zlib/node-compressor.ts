/**
 * The compressor that Node is, by zlib.
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
  TransformFailure,
} from "../../../protocol/extensions/index.js";
import { deflateOptions, dictionaryOf, documentedCompressor } from "./documented-compressor.js";
import { HotCompressor } from "./hot-compressor.js";
import { JobGate } from "./job-gate.js";
import { LaterInflation } from "./later-inflation.js";
import { passesSelfTest } from "./self-test.js";

// As many as Node's thread pool has threads by default, so that ours fill it at most once.
const defaultMaxJobs = 4;

// An output chunk that is filled is a trip to the thread pool and back.
const minChunkBytes = 64 * 1024;
const maxChunkBytes = 1024 * 1024;

type AtOnce = Pick<Compressor, "deflate" | "inflate">;

/** How a `NodeCompressor` works. */
export interface NodeCompressorOptions {
  /** "handles" where they work, "documented" for the documented calls alone. Default "handles". */
  readonly by?: "handles" | "documented";
  /** Jobs on the thread pool at a time. Default 4. */
  readonly maxJobs?: number;
}

/** See the head of this file. */
export class NodeCompressor implements Compressor {
  readonly #wantsHandles: boolean;
  #opened: AtOnce | undefined;
  readonly #gate: JobGate;
  #deflateMs = 0;
  #inflateMs = 0;

  constructor({ by = "handles", maxJobs = defaultMaxJobs }: NodeCompressorOptions = {}) {
    this.#wantsHandles = by === "handles";
    this.#gate = new JobGate(maxJobs);
  }

  /** Opened when there is something to do: to try the handles takes some milliseconds, and many never need them. */
  get #atOnce(): AtOnce {
    return (this.#opened ??= (this.#wantsHandles ? openHot() : undefined) ?? documentedCompressor);
  }

  /** How it works: whether the handles do. */
  get by(): "handles" | "documented" {
    return this.#atOnce === documentedCompressor ? "documented" : "handles";
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
    const deflated = this.#atOnce.deflate(bytes, start, end, history, settings);
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
    return new LaterInflation(this.#gate, dictionaryOf(history), maxBytes);
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
