/**
 * The platform that Node is: its clock, its randomness, its text, and where its turns end.
 */
import { Buffer } from "node:buffer";
import { randomBytes, randomFillSync } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { MaskingKeySource } from "../../protocol/index.js";
import { BufferPool } from "../../protocol/index.js";
import type { Clock, Flushable, Platform, Timer, TurnScheduler } from "../platform.js";
import { nodeText } from "./node-text.js";

/** Node's monotonic clock and its timers. */
export const nodeClock: Clock = {
  now: () => performance.now(),
  setTimer(callback: () => void, delayMs: number): Timer {
    const timeout = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
};

/**
 * Masking keys out of a pool of cryptographic randomness (RFC 6455 §5.3: "derived from a strong source of entropy").
 * Asking for four octets at a time would cost more than everything else about a small frame.
 */
export class PooledMaskingKeys implements MaskingKeySource {
  readonly #keys: Int32Array;
  #next: number;

  /** @param poolKeys keys drawn at a time. Default 2,048: 8 KiB. */
  constructor(poolKeys: number = 2048) {
    this.#keys = new Int32Array(poolKeys);
    this.#next = poolKeys;
  }

  next(): number {
    if (this.#next === this.#keys.length) {
      randomFillSync(this.#keys);
      this.#next = 0;
    }
    return this.#keys[this.#next++] as number;
  }
}

/**
 * Flushes when the turn has ended. From a microtask, `process.nextTick` runs after every other microtask: after the
 * handlers of this turn and after the promise continuations that follow from them, before any other I/O.
 */
export class NodeTurnScheduler implements TurnScheduler {
  #queue: Flushable[] = [];
  #spare: Flushable[] = [];
  readonly #flushAll = (): void => {
    const queue = this.#queue;
    this.#queue = this.#spare;
    this.#spare = [];
    for (const flushable of queue) flushable.flush();
    queue.length = 0;
    this.#spare = queue;
  };
  readonly #afterMicrotasks = (): void => process.nextTick(this.#flushAll);

  schedule(flushable: Flushable): void {
    if (this.#queue.push(flushable) === 1) queueMicrotask(this.#afterMicrotasks);
  }
}

/** One for the process: sockets of all servers and clients share buffers, keys and the end of the turn. */
export const nodePlatform: Platform = {
  clock: nodeClock,
  text: nodeText,
  pool: new BufferPool((byteLength) => Buffer.allocUnsafeSlow(byteLength)),
  maskingKeys: new PooledMaskingKeys(),
  turns: new NodeTurnScheduler(),
  randomBytes: (count: number) => randomBytes(count),
  reportError(error: unknown, during: string): void {
    // eslint-disable-next-line no-console -- an error that nobody handles has no better place
    console.error(`openline: an error in ${during} was not handled`, error);
  },
};
