/**
 * The memory that one connection pins: an unfinished message and what is held back behind it, messages that wait for a
 * handler, and output that waits for the peer, with the objects around them. Made when there is any for the first time.
 */
import type { Connection } from "../protocol/index.js";
import { ProtocolError } from "../protocol/index.js";
import type { SocketContext } from "./context.js";
import type { Delivery } from "./delivery.js";
import type { Ending } from "./ending.js";
import type { MemoryHolder } from "./memory-watch.js";
import type { Outbox } from "./outbox.js";
import { PauseReason } from "./reading.js";

/** Octets that a connection takes that holds nothing: its objects, measured on V8 and rounded up. */
export const idleSocketBytes: number = 3 * 1024;

/** The socket, as far as its memory needs it. */
export interface PinnedMemoryOwner {
  /** Whether what comes in has to be counted. */
  isHolding: boolean;
  readonly toEnd: Ending;
  pauseReading(reason: PauseReason): void;
  resumeReading(reason: PauseReason): void;
  /** Fails the connection (§7.1.7). */
  fail(error: ProtocolError): void;
}

/** What of a socket holds memory. */
export interface MemoryParts {
  readonly connection: Connection;
  readonly delivery: Delivery;
  readonly outbox: Outbox;
}

/** See the head of this file. */
export class PinnedMemory implements MemoryHolder {
  countedBytes = 0;
  readonly #context: Pick<SocketContext<unknown>, "memory" | "options" | "platform">;
  readonly #parts: MemoryParts;
  readonly #owner: PinnedMemoryOwner;
  #isGone = false;

  constructor(
    context: Pick<SocketContext<unknown>, "memory" | "options" | "platform">,
    parts: MemoryParts,
    owner: PinnedMemoryOwner,
  ) {
    this.#context = context;
    this.#parts = parts;
    this.#owner = owner;
  }

  get maxMemoryBytes(): number {
    const { options, platform } = this.#context;
    // The rest is for the application, the kernel's buffers and the code.
    return options.maxMemoryBytes ?? platform.memoryBytes / 2;
  }

  get heldBytes(): number {
    const { connection, delivery, outbox } = this.#parts;
    return idleSocketBytes + connection.heldBytes + delivery.heldBytes + outbox.heldBytes;
  }

  get isHolding(): boolean {
    return this.heldBytes > idleSocketBytes;
  }

  countHeldBytes(counted: Set<ArrayBufferLike>): number {
    const { connection, delivery, outbox } = this.#parts;
    return idleSocketBytes + connection.heldBytes + delivery.heldBytes + outbox.countHeldBytes(counted);
  }

  /** Something is held, or is about to be. */
  enter(): void {
    if (this.#isGone || this.#owner.isHolding) return;
    this.#owner.isHolding = true;
    this.#context.memory.enter(this);
  }

  /** What is held may have grown. */
  count(): void {
    if (!this.#owner.isHolding) return;
    const { maxSocketMemoryBytes, maxSendBufferBytes } = this.#context.options;
    // What we send has a limit of its own, and a single message may be longer than that.
    const { heldBytes } = this;
    const tooMuch = heldBytes - Math.max(0, this.#parts.outbox.heldBytes - maxSendBufferBytes);
    if (tooMuch <= maxSocketMemoryBytes) {
      this.#context.memory.count(this);
      return;
    }
    this.end();
    this.shed(new ProtocolError("socket-memory", heldBytes, maxSocketMemoryBytes));
  }

  /** The connection is gone. */
  end(): void {
    this.#isGone = true;
    this.#owner.isHolding = false;
    this.#context.memory.leave(this);
  }

  released(): void {
    this.#owner.isHolding = false;
  }

  stopReading(): void {
    // Who is closing reads on for the peer's Close frame.
    if (this.#parts.connection.isOpen) this.#owner.pauseReading(PauseReason.memory);
  }

  readOn(): void {
    this.#owner.resumeReading(PauseReason.memory);
  }

  shed(error: ProtocolError): void {
    this.#isGone = true;
    const { delivery, outbox } = this.#parts;
    this.#owner.fail(error);
    delivery.stop();
    // A Close frame would stand behind what the peer does not take, and keep that in memory.
    if (outbox.isStuck) this.#owner.toEnd.cut(error);
  }
}
