/**
 * A source of a message that tells how it was treated: an iterator by hand, or a web stream.
 */
import type { SendData, StreamSource } from "#src/socket/index.js";
import { turns } from "./task-queue.js";

/** How a source ends. */
export type SourceEnd = "done" | "throws" | "hangs";

export interface WatchedSourceOptions {
  readonly chunks: readonly SendData[];
  /** Turns between two chunks. */
  readonly pace: () => number;
  readonly isWebStream: boolean;
  readonly end: SourceEnd;
}

/** See the head of this file. */
export class WatchedSource {
  readonly source: StreamSource;
  /** What it throws, when it does. */
  readonly error: Error = new Error("the source has failed");
  /** Whether it has told its end, or its error. */
  isThrough = false;
  /** How often it was told that no more is wanted. */
  told = 0;
  readonly #options: WatchedSourceOptions;
  #index = 0;

  constructor(options: WatchedSourceOptions) {
    this.#options = options;
    this.source = options.isWebStream ? this.#asWebStream() : this.#asIterable();
  }

  /** Whether it was left in order: told once, or through; both where it was asked when it was told. */
  get isOver(): boolean {
    return this.told === 1 || (this.told === 0 && this.isThrough);
  }

  async #next(): Promise<SendData | undefined> {
    const { chunks, pace, end } = this.#options;
    const wait = pace();
    if (wait > 0) await turns(wait);
    const chunk = chunks[this.#index++];
    if (chunk !== undefined) return chunk;
    if (end === "hangs") return new Promise(() => undefined);
    this.isThrough = true;
    if (end === "throws") throw this.error;
    return undefined;
  }

  #asIterable(): AsyncIterable<SendData> {
    return {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          const value = await this.#next();
          return value === undefined ? { done: true, value } : { done: false, value };
        },
        return: () => {
          this.told++;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
  }

  #asWebStream(): ReadableStream<SendData> {
    return new ReadableStream<SendData>(
      {
        pull: async (controller) => {
          const value = await this.#next();
          // A stream that was cancelled takes no more.
          if (this.told > 0) return;
          if (value === undefined) controller.close();
          else controller.enqueue(value);
        },
        cancel: () => {
          this.told++;
        },
      },
      { highWaterMark: 0 },
    );
  }
}
