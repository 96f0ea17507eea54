/**
 * How long a client goes on trying: until its deadline passes or its caller's signal is aborted. There is one for all
 * that it takes to get a connection, redirects and cookies included.
 */
import type { Clock, Timer } from "../transport/index.js";
import { HandshakeTimeoutError } from "./connect-errors.js";

/** See the head of this file. It has to be ended. */
export class Patience {
  readonly #controller = new AbortController();
  readonly #given: AbortSignal | undefined;
  readonly #timer: Timer;
  readonly #abort = (): void => this.#controller.abort(this.#given?.reason);

  /**
   * @param given the caller's signal
   * @param timeoutMs milliseconds from now on
   * @throws the reason of a signal that is aborted already
   */
  constructor(given: AbortSignal | undefined, timeoutMs: number, clock: Clock) {
    given?.throwIfAborted();
    this.#given = given;
    given?.addEventListener("abort", this.#abort, { once: true });
    this.#timer = clock.setTimer(() => this.#controller.abort(new HandshakeTimeoutError(timeoutMs)), timeoutMs);
  }

  /** Aborted when patience is at an end, with what the caller is to be told. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Waits for something, but no longer than there is patience, whether it heeds the signal or not.
   *
   * @param begin begins it; what it throws is a rejection as any other
   * @param discard gets what comes too late
   * @throws the reason of `signal`; whatever `begin` rejects with
   */
  async waitFor<T>(begin: () => T | PromiseLike<T>, discard: (late: T) => void = () => undefined): Promise<T> {
    const { signal } = this;
    signal.throwIfAborted();
    let giveUp: (() => void) | undefined;
    try {
      const value = await new Promise<T>((resolve, reject) => {
        giveUp = () => reject(signal.reason as Error);
        signal.addEventListener("abort", giveUp, { once: true });
        const task = new Promise<T>((begun) => begun(begin()));
        task.then((result) => (signal.aborted ? discard(result) : resolve(result)), reject);
      });
      if (!signal.aborted) return value;
      // Between the value and here it was aborted.
      discard(value);
    } finally {
      if (giveUp !== undefined) signal.removeEventListener("abort", giveUp);
    }
    throw signal.reason;
  }

  /** Nothing is waited for any more: neither the deadline nor the caller's signal has a say. */
  end(): void {
    this.#timer.cancel();
    this.#given?.removeEventListener("abort", this.#abort);
  }
}
