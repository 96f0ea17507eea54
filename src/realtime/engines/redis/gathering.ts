/**
 * What is asked in one turn leaves together: a system call costs more than a request.
 */
import type { Redis } from "ioredis";

/** A client of the library, which has a stream only when it has begun to connect. */
interface Streamed {
  readonly stream?: Redis["stream"];
}

/** See the head of this file. */
export class Gathering {
  readonly #clients: () => readonly Redis[];
  #isUnderWay = false;
  #written: (() => void)[] = [];

  /** @param clients those that may be asked */
  constructor(clients: () => readonly Redis[]) {
    this.#clients = clients;
  }

  /** Something is about to be asked: it waits for the end of the turn. */
  begin(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    const streams = this.#clients().flatMap(({ stream }: Streamed) => stream ?? []);
    for (const stream of streams) stream.cork();
    setImmediate(() => {
      this.#isUnderWay = false;
      for (const stream of streams) stream.uncork();
      const written = this.#written;
      this.#written = [];
      for (const callback of written) callback();
    });
  }

  /** Calls back when what is asked in this turn has been written. */
  afterWrite(callback: () => void): void {
    this.begin();
    this.#written.push(callback);
  }
}
