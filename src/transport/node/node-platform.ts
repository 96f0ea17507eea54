/**
 * The platform that Node is: its clock, its randomness, its text, and where its turns end.
 */
import { Buffer } from "node:buffer";
import { randomBytes, randomFillSync } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { MaskingKeySource } from "../../protocol/index.js";
import { BufferPool, portableMasking } from "../../protocol/index.js";
import type { Clock, Flushable, Platform, Timer, TurnScheduler } from "../platform.js";
import { loadKernel } from "../wasm/index.js";
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

const settled = Promise.resolve();

// After a turn in which more sockets than this had something to send, their queue is left to the garbage collector.
const maxKeptQueue = 65_536;

/**
 * Flushes when the turn has ended: after the handlers and after the promise continuations that follow from them.
 *
 * Turns that begin with octets from the kernel are most of them, and come one upon another, from one socket after the
 * other: such a turn is over for certain when the next one begins (`beginTurn`), and after the last one the event loop
 * comes to its immediates. So they cost nothing of their own. In any other turn a microtask asks for a tick, which runs
 * after all other microtasks and before any other I/O.
 */
export class NodeTurnScheduler implements TurnScheduler {
  /** The first `#count` are asked for; an array that is emptied would give its memory back each time. */
  #queue: (Flushable | undefined)[] = [];
  #spare: (Flushable | undefined)[] = [];
  #count = 0;
  /** Whether this turn, or the last one, began with octets from the kernel, and an immediate will end it. */
  #isKernelTurn = false;
  #hasImmediate = false;
  readonly #flushAll = (): void => {
    const queue = this.#queue;
    const count = this.#count;
    // What is asked for from within waits for the next time.
    this.#queue = this.#spare;
    this.#spare = [];
    this.#count = 0;
    for (let index = 0; index < count; index++) {
      queue[index]?.flush();
      queue[index] = undefined;
    }
    if (count <= maxKeptQueue) this.#spare = queue;
  };
  readonly #afterMicrotasks = (): void => process.nextTick(this.#flushAll);
  readonly #afterPolling = (): void => {
    this.#hasImmediate = false;
    this.#isKernelTurn = false;
    if (this.#count > 0) this.#flushAll();
  };

  schedule(flushable: Flushable): void {
    this.#queue[this.#count++] = flushable;
    if (this.#count > 1) return;
    if (!this.#isKernelTurn) {
      // Not queueMicrotask, which makes an async resource of it.
      void settled.then(this.#afterMicrotasks);
    } else if (!this.#hasImmediate) {
      this.#hasImmediate = true;
      setImmediate(this.#afterPolling);
    }
  }

  /** To be called first when the event loop itself calls with octets that have arrived. */
  beginTurn(): void {
    if (this.#count > 0) this.#flushAll();
    this.#isKernelTurn = true;
  }

  /** To be called when the octets have been handled. */
  endTurn(): void {
    // Nothing to send yet; what a later continuation sends must not wait for an immediate that nobody has asked for.
    if (this.#count === 0) this.#isKernelTurn = this.#hasImmediate;
  }
}

function allocate(byteLength: number): Uint8Array {
  // The octets alone: methods of a Buffer ask more before they do the same.
  return new Uint8Array(Buffer.allocUnsafeSlow(byteLength).buffer);
}

// One read buffer, and as many output buffers as are in use at a time where many connections are busy. What is never
// written to takes no memory.
const kernelBytes = 4 * 1024 * 1024;

const kernel = loadKernel(kernelBytes);

/** Memory for good, where masking is fastest as long as there is room. */
export function allocateFastMemory(byteLength: number): Uint8Array {
  return kernel?.allocate(byteLength) ?? allocate(byteLength);
}

const pool: BufferPool = new BufferPool((byteLength) =>
  // A longer one is made to measure and not kept, and the kernel's memory is given out for good.
  byteLength > pool.sizes.largeBytes ? allocate(byteLength) : allocateFastMemory(byteLength),
);

/** The turns of this process's event loop. */
export const nodeTurns: NodeTurnScheduler = new NodeTurnScheduler();

/** One for the process: sockets of all servers and clients share buffers, keys and the end of the turn. */
export const nodePlatform: Platform = {
  clock: nodeClock,
  text: nodeText,
  pool,
  allocate,
  masking: kernel ?? portableMasking,
  maskingKeys: new PooledMaskingKeys(),
  turns: nodeTurns,
  randomBytes: (count: number) => randomBytes(count),
  reportError(error: unknown, during: string): void {
    // eslint-disable-next-line no-console -- an error that nobody handles has no better place
    console.error(`openline: an error in ${during} was not handled`, error);
  },
};
