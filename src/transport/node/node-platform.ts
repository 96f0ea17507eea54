/**
 * The platform that Node is: its clock, its randomness, its text, its memory, and where its turns end.
 */
import { randomBytes, randomFillSync } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { MaskingKeySource } from "../../protocol/index.js";
import { InflationMemory, WindowMemory } from "../../protocol/index.js";
import { CoarseTimers } from "../coarse-timers.js";
import type { Clock, Platform, Timer } from "../platform.js";
import { createMessageDuplex } from "./message-duplex.js";
import { allocate, masking, memoryBytes, pool } from "./node-memory.js";
import { nodeText } from "./node-text.js";
import { nodeTurns } from "./node-turns.js";
import { nodeCompressor } from "./zlib/index.js";

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

// A hundredth of the shortest default of a deadline.
const deadlineStepMs = 100;

/** One for the process: sockets of all servers and clients share buffers, keys and the end of the turn. */
export const nodePlatform: Platform = {
  clock: nodeClock,
  deadlines: new CoarseTimers(nodeClock, deadlineStepMs),
  // After the timers, the event loop looks at its sockets, and after those come immediates.
  afterReading: (callback) => void setImmediate(callback),
  text: nodeText,
  pool,
  memoryBytes,
  allocate,
  masking,
  maskingKeys: new PooledMaskingKeys(),
  turns: nodeTurns,
  compression: {
    compressor: nodeCompressor,
    windows: new WindowMemory(),
    inflations: new InflationMemory(),
    spentMs: () => nodeCompressor().deflateMs + nodeCompressor().inflateMs,
  },
  createDuplex: createMessageDuplex,
  randomBytes: (count: number) => randomBytes(count),
  reportError(error: unknown, during: string): void {
    // eslint-disable-next-line no-console -- an error that nobody handles has no better place
    console.error(`openline: an error in ${during} was not handled`, error);
  },
};
