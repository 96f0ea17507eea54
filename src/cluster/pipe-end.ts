/**
 * One end of the pipe between two processes of one version: values in batches, one for each turn of the event loop.
 *
 * A batch is an array, as `node:v8` serializes it, behind its length in octets (32 bits, the highest first).
 */
import type { Duplex } from "node:stream";
import { deserialize, serialize } from "node:v8";

const headBytes = 4;
// Many times what may wait for a process: whoever announces more does not speak this.
const maxBatchBytes = 1024 * 1024 * 1024;

/** Who is told what happens at an end. */
export interface PipeHandlers<Sent, Received> {
  /** Called with each value, in order. What it throws does not keep the others back, and is thrown by itself. */
  readonly received: (value: Received) => void;
  /** A value cannot be sent, and is left out. */
  readonly refused: (value: Sent, error: unknown) => void;
  /** Called once, when nothing comes any more; also after something that is no batch. */
  readonly ended: () => void;
}

/** See the head of this file. Values are copied at the end of the turn. */
export class PipeEnd<Sent, Received> {
  readonly #pipe: Duplex;
  readonly #handlers: PipeHandlers<Sent, Received>;
  #batch: Sent[] = [];
  #isFlushing = false;
  #head: Buffer | undefined;
  #body: Buffer | undefined;
  #filled = 0;

  constructor(pipe: Duplex, handlers: PipeHandlers<Sent, Received>) {
    this.#pipe = pipe;
    this.#handlers = handlers;
    pipe.on("data", (chunk: Buffer) => this.#take(chunk));
    pipe.once("close", handlers.ended);
    // The other process is gone or going, which `close` tells.
    pipe.on("error", () => undefined);
    pipe.on("end", () => pipe.destroy());
  }

  /** Octets that have not left. */
  get backlogBytes(): number {
    return this.#pipe.writableLength;
  }

  send(value: Sent): void {
    this.#batch.push(value);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => this.#flush());
  }

  /** Sends what waits, and then nothing more. */
  end(): void {
    this.#flush();
    this.#pipe.end();
  }

  #flush(): void {
    this.#isFlushing = false;
    const batch = this.#batch;
    if (batch.length === 0 || !this.#pipe.writable) return;
    this.#batch = [];
    this.#pipe.cork();
    if (!this.#write(batch)) for (const value of batch) this.#writeAlone(value);
    this.#pipe.uncork();
  }

  /** @returns whether it could be sent */
  #write(batch: readonly Sent[]): boolean {
    try {
      this.#writeBatch(batch);
      return true;
    } catch {
      return false;
    }
  }

  #writeAlone(value: Sent): void {
    try {
      this.#writeBatch([value]);
    } catch (error) {
      this.#handlers.refused(value, error);
    }
  }

  /** @throws Error for what cannot be copied, or is too long */
  #writeBatch(batch: readonly Sent[]): void {
    const body = serialize(batch);
    if (body.byteLength > maxBatchBytes) throw new RangeError(`${body.byteLength} octets are too many for the bus`);
    const head = Buffer.allocUnsafe(headBytes);
    head.writeUInt32BE(body.byteLength);
    this.#pipe.write(head);
    this.#pipe.write(body);
  }

  #take(chunk: Buffer): void {
    for (let rest = chunk; rest.byteLength > 0; ) {
      const into = this.#body ?? (this.#head ??= Buffer.allocUnsafe(headBytes));
      const taken = rest.copy(into, this.#filled);
      this.#filled += taken;
      rest = rest.subarray(taken);
      if (this.#filled < into.byteLength) return;
      this.#filled = 0;
      if (!(into === this.#body ? this.#whole(into) : this.#begin(into.readUInt32BE()))) {
        this.#pipe.destroy();
        return;
      }
    }
  }

  /** @returns whether a batch may be so long */
  #begin(bodyBytes: number): boolean {
    if (bodyBytes === 0 || bodyBytes > maxBatchBytes) return false;
    // Memory of its own: what is in it may be kept for long.
    this.#body = Buffer.allocUnsafeSlow(bodyBytes);
    return true;
  }

  /** @returns whether it is a batch */
  #whole(body: Buffer): boolean {
    this.#body = undefined;
    const values = batchIn(body);
    for (const value of values ?? []) {
      try {
        this.#handlers.received(value as Received);
      } catch (error) {
        setImmediate(() => {
          throw error;
        });
      }
    }
    return values !== undefined;
  }
}

function batchIn(body: Buffer): readonly unknown[] | undefined {
  try {
    const values: unknown = deserialize(body);
    return Array.isArray(values) ? values : undefined;
  } catch {
    return undefined;
  }
}
