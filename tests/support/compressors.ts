/** Compressors for tests: one that can be told to fail, and another that works when it is told to. */
import type {
  Compressor,
  Inflation,
  OctetRange,
  StreamedInflation,
  Transformed,
} from "#src/protocol/extensions/index.js";
import { NodeCompressor } from "#src/transport/node/zlib/index.js";
import { turns } from "./task-queue.js";

/** Node's, which counts what it is asked for and can fail as if there were no memory. */
export class WatchedCompressor implements Compressor {
  readonly #inner = new NodeCompressor();
  /** Octets of the history that came with each call to deflate. */
  readonly histories: number[] = [];
  laterCalls = 0;
  hasMemory = true;

  /** Jobs on the thread pool, and those that wait for it. */
  get jobs(): number {
    return this.#inner.jobsRunning + this.#inner.jobsWaiting;
  }

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

  inflateStream(...call: Parameters<Compressor["inflateStream"]>): StreamedInflation {
    return this.#inner.inflateStream(...call);
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

/** Node's, whose work on another thread is done here, one job at a time, and only when the test says so. */
export class SteeredCompressor implements Compressor {
  readonly #inner = new NodeCompressor();
  readonly #waiting: (() => Promise<unknown>)[] = [];
  /** Calls to deflate, at once or later. */
  deflations = 0;
  /** Whether the jobs to come fail as if there were no memory. */
  hasMemory = true;

  /** Jobs that wait to be done. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Does the job that has waited for the longest time, and waits until all that follows from it has happened. */
  async next(): Promise<void> {
    const job = this.#waiting.shift();
    if (job === undefined) throw new Error("no job waits");
    await job();
    await turns(2);
  }

  /** Does jobs until none is left, those that follow from others among them. */
  async all(): Promise<void> {
    while (this.waiting > 0) await this.next();
  }

  #later<Result>(work: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => work().then(resolve, reject));
    });
  }

  deflate(...call: Parameters<Compressor["deflate"]>): OctetRange {
    this.deflations++;
    return this.#inner.deflate(...call);
  }

  deflateLater(...call: Parameters<Compressor["deflateLater"]>): Promise<OctetRange> {
    this.deflations++;
    const [bytes, start, end, history, settings] = call;
    const earlier = history === undefined ? undefined : octetsIn(history);
    const range = earlier === undefined ? undefined : { bytes: earlier, start: 0, end: earlier.byteLength };
    return this.#later(() => {
      if (!this.hasMemory) return Promise.reject(new Error("no memory"));
      return this.#inner.deflateLater(bytes, start, end, range, settings);
    });
  }

  inflate(...call: Parameters<Compressor["inflate"]>): ReturnType<Compressor["inflate"]> {
    return this.#inner.inflate(...call);
  }

  inflateLater(...call: Parameters<Compressor["inflateLater"]>): Inflation {
    const inner = this.#inner.inflateLater(...call);
    return {
      push: (...piece) => this.#later(() => inner.push(...piece)),
      finish: (rest) => this.#later(() => inner.finish(rest)),
      get heldBytes() {
        return inner.heldBytes;
      },
      abort: () => inner.abort(),
    };
  }

  inflateStream(...call: Parameters<Compressor["inflateStream"]>): StreamedInflation {
    const inner = this.#inner.inflateStream(...call);
    return {
      write: (...piece) => inner.write(...piece),
      end: () => inner.end(),
      read: () => this.#later(() => inner.read()),
      get heldBytes() {
        return inner.heldBytes;
      },
      abort: () => inner.abort(),
    };
  }
}
