/**
 * Where the turns of Node's event loop end.
 */
import type { Flushable, TurnScheduler } from "../platform.js";

const settled = Promise.resolve();

// After a turn in which more sockets than this had something to send, their queue is left to the garbage collector.
const maxKeptQueue = 65_536;

/** As `process`. */
export interface ExitEmitter {
  once(event: "exit", listener: () => void): unknown;
}

/**
 * Flushes when the turn has ended: after the handlers and after the promise continuations that follow from them.
 *
 * Turns that begin with octets from the kernel are most of them, and come one upon another, from one socket after the
 * other: such a turn is over for certain when the next one begins (`beginTurn`), and after the last one the event loop
 * comes to its immediates. So they cost nothing of their own. In any other turn a microtask asks for a tick, which runs
 * after all other microtasks and before any other I/O.
 *
 * A turn that ends the process has no end: what was sent in it leaves when the process tells that it exits.
 */
export class NodeTurnScheduler implements TurnScheduler {
  /** The first `#count` are asked for; an array that is emptied would give its memory back each time. */
  #queue: (Flushable | undefined)[] = [];
  #spare: (Flushable | undefined)[] = [];
  #count = 0;
  /** Whether this turn, or the last one, began with octets from the kernel, and an immediate will end it. */
  #isKernelTurn = false;
  #hasImmediate = false;
  /** Who tells that the process exits, until it is listened to: that is when something is asked for the first time. */
  #exiting: ExitEmitter | undefined;
  #hasExited = false;
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

  readonly #exit = (): void => {
    this.#hasExited = true;
    this.#flushAll();
  };

  /** @param exiting who tells that the process exits. Default: nobody does */
  constructor(exiting?: ExitEmitter) {
    this.#exiting = exiting;
  }

  schedule(flushable: Flushable): void {
    this.#queue[this.#count++] = flushable;
    if (this.#count > 1) return;
    this.#exiting?.once("exit", this.#exit);
    this.#exiting = undefined;
    if (this.#hasExited) {
      this.#flushAll();
      return;
    }
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

/** The turns of this process's event loop. */
export const nodeTurns: NodeTurnScheduler = new NodeTurnScheduler(process);
