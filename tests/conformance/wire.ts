/**
 * What the fuzzing peer needs of a stream: octets in both directions, and a way to know that the other side has seen
 * what was sent. It reads all the time, so that no case can lock up by both sides writing.
 */
import type { Socket } from "node:net";
import { setImmediate as immediate } from "node:timers/promises";
import type { ByteStream } from "#src/transport/index.js";
import type { TaskQueue } from "../support/task-queue.js";

/** One end of a connection, as the fuzzing peer holds it. */
export interface Wire {
  /** Whether octets, or the end, have arrived that nobody has read. */
  readonly hasUnread: boolean;
  /** The octets that came next, or undefined when the other side has ended the stream. Rejects when it was cut. */
  read(): Promise<Buffer | undefined>;
  /** Puts octets back, to be read next. */
  unread(octets: Buffer): void;
  /** Resolves when more may be written. What is written within one turn may arrive as one piece. */
  write(octets: Buffer): Promise<void>;
  /** Writes, and resolves when the octets are on their way by themselves, as far as the stream allows. */
  writePiece(octets: Buffer): Promise<void>;
  /** Resolves when the other side has been given everything that was written, and its reaction has arrived here. */
  settle(): Promise<void>;
  /** Ends our side. */
  end(): void;
  /** Cuts the stream. */
  destroy(): void;
}

/** Octets that have arrived and wait for their reader. */
class Arrivals {
  readonly #pieces: Buffer[] = [];
  #hasEnded = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  get hasUnread(): boolean {
    return this.#pieces.length > 0 || this.#hasEnded || this.#error !== undefined;
  }

  push(octets: Buffer): void {
    this.#pieces.push(octets);
    this.#wake?.();
  }

  unread(octets: Buffer): void {
    if (octets.byteLength > 0) this.#pieces.unshift(octets);
  }

  end(error?: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = error === undefined;
    this.#error ??= error;
    this.#wake?.();
  }

  async read(): Promise<Buffer | undefined> {
    if (!this.hasUnread) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    const piece = this.#pieces.shift();
    if (piece === undefined && this.#error !== undefined) throw this.#error;
    return piece;
  }
}

/** Over a TCP socket. */
export class SocketWire implements Wire {
  readonly #socket: Socket;
  readonly #settle: () => Promise<void>;
  readonly #arrivals = new Arrivals();

  /**
   * @param socket connected, with `allowHalfOpen`, so that only the peer decides when its side ends
   * @param settle how to know that the other side has been through everything, see `Wire.settle`
   */
  constructor(socket: Socket, settle: () => Promise<void>) {
    this.#socket = socket;
    this.#settle = settle;
    // Pieces are to arrive as they are written.
    socket.setNoDelay(true);
    socket.on("data", (octets) => this.#arrivals.push(octets));
    socket.on("end", () => this.#arrivals.end());
    socket.on("error", (error) => this.#arrivals.end(error));
    socket.on("close", () => this.#arrivals.end());
  }

  get hasUnread(): boolean {
    return this.#arrivals.hasUnread;
  }

  read(): Promise<Buffer | undefined> {
    return this.#arrivals.read();
  }

  unread(octets: Buffer): void {
    this.#arrivals.unread(octets);
  }

  write(octets: Buffer): Promise<void> {
    return new Promise((resolve) => {
      // Resolves after an error, too: whoever reads next gets it.
      this.#socket.write(octets, () => resolve());
    });
  }

  async writePiece(octets: Buffer): Promise<void> {
    await this.write(octets);
    await immediate();
  }

  settle(): Promise<void> {
    return this.#settle();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Over one end of an in-memory pair. */
export class MemoryWire implements Wire {
  readonly #stream: ByteStream;
  readonly #tasks: TaskQueue;
  readonly #isPatient: boolean;
  readonly #arrivals = new Arrivals();
  #isBlocked = false;
  #unblock: (() => void) | undefined;

  /**
   * @param isPatient whether something may be under way that is none of the tasks: what is compressed on another thread
   */
  constructor(stream: ByteStream, tasks: TaskQueue, isPatient = false) {
    this.#stream = stream;
    this.#tasks = tasks;
    this.#isPatient = isPatient;
    stream.start({
      // A copy: the octets belong to the stream again when the call returns.
      streamReceived: (bytes, start, end) => this.#arrivals.push(Buffer.from(bytes.subarray(start, end))),
      streamDrained: () => {
        this.#isBlocked = false;
        this.#unblock?.();
      },
      streamEnded: () => this.#arrivals.end(),
      streamClosed: (error) => {
        this.#arrivals.end(error);
        this.#unblock?.();
      },
    });
  }

  get hasUnread(): boolean {
    return this.#arrivals.hasUnread;
  }

  async read(): Promise<Buffer | undefined> {
    if (this.#isPatient) return this.#arrivals.read();
    if (!this.hasUnread) await this.#tasks.idle();
    // Waiting on would be for good.
    if (!this.hasUnread) throw new Error("nothing has arrived, and nothing is under way");
    return this.#arrivals.read();
  }

  unread(octets: Buffer): void {
    this.#arrivals.unread(octets);
  }

  async write(octets: Buffer): Promise<void> {
    this.#isBlocked = !this.#stream.write([octets]);
    if (!this.#isBlocked) return;
    await new Promise<void>((resolve) => {
      this.#unblock = resolve;
    });
    this.#unblock = undefined;
  }

  async writePiece(octets: Buffer): Promise<void> {
    await this.write(octets);
    // Tasks run in the order in which they were deferred: behind this one, the piece has been delivered.
    await new Promise<void>((resolve) => {
      this.#tasks.defer(resolve);
    });
  }

  settle(): Promise<void> {
    return this.#tasks.idle();
  }

  end(): void {
    this.#stream.end();
  }

  destroy(): void {
    this.#stream.destroy();
  }
}
