/**
 * One end of the pipe between two processes of one version: values in batches, one for each turn of the event loop.
 *
 * A batch is an array, as `node:v8` serializes it, behind its length in octets (32 bits, the highest first).
 */
import type { Duplex } from "node:stream";
import { deserialize, serialize } from "node:v8";

const headBytes = 4;

/** See the head of this file. Values are copied at the end of the turn. */
export class PipeEnd<Sent, Received> {
  readonly #pipe: Duplex;
  readonly #received: (value: Received) => void;
  #batch: Sent[] = [];
  #isFlushing = false;
  #head: Buffer | undefined;
  #body: Buffer | undefined;
  #filled = 0;

  /**
   * @param received called with each value, in order
   * @param ended called once, when nothing comes any more
   */
  constructor(pipe: Duplex, received: (value: Received) => void, ended: () => void) {
    this.#pipe = pipe;
    this.#received = received;
    pipe.on("data", (chunk: Buffer) => this.#take(chunk));
    pipe.once("close", ended);
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
    const body = serialize(batch);
    const head = Buffer.allocUnsafe(headBytes);
    head.writeUInt32BE(body.byteLength);
    this.#pipe.cork();
    this.#pipe.write(head);
    this.#pipe.write(body);
    this.#pipe.uncork();
  }

  #take(chunk: Buffer): void {
    for (let rest = chunk; rest.byteLength > 0; ) {
      const into = this.#body ?? (this.#head ??= Buffer.allocUnsafe(headBytes));
      const taken = rest.copy(into, this.#filled);
      this.#filled += taken;
      rest = rest.subarray(taken);
      if (this.#filled < into.byteLength) return;
      this.#filled = 0;
      if (into === this.#body) this.#whole(into);
      // Memory of its own: what is in it may be kept for long.
      else this.#body = Buffer.allocUnsafeSlow(into.readUInt32BE());
    }
  }

  #whole(body: Buffer): void {
    this.#body = undefined;
    for (const value of deserialize(body) as readonly Received[]) this.#received(value);
  }
}
