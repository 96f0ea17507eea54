/**
 * A compressor whose work on other threads happens in no time: the clock stands still meanwhile, and what is done at once
 * is told one after the other in the order in which it was asked for, however long each takes.
 */
import { setImmediate as inNextTurn } from "node:timers";
import type { Compressor, Inflation, StreamedInflation } from "../protocol/extensions/index.js";
import type { FakeClock } from "./fake-clock.js";

/** See the head of this file. */
export class HeldCompressor implements Compressor {
  readonly #inner: Compressor;
  readonly #clock: FakeClock;
  /** When everything that was asked for has been told. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(inner: Compressor, clock: FakeClock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  deflate(...call: Parameters<Compressor["deflate"]>): ReturnType<Compressor["deflate"]> {
    return this.#inner.deflate(...call);
  }

  inflate(...call: Parameters<Compressor["inflate"]>): ReturnType<Compressor["inflate"]> {
    return this.#inner.inflate(...call);
  }

  deflateLater(...call: Parameters<Compressor["deflateLater"]>): ReturnType<Compressor["deflateLater"]> {
    return this.#inTurn(this.#inner.deflateLater(...call));
  }

  inflateLater(...call: Parameters<Compressor["inflateLater"]>): Inflation {
    const inflation = this.#inner.inflateLater(...call);
    return {
      push: (bytes, start, end) => this.#inTurn(inflation.push(bytes, start, end)),
      finish: (rest) => this.#inTurn(inflation.finish(rest)),
      get heldBytes() {
        return inflation.heldBytes;
      },
      abort: () => inflation.abort(),
    };
  }

  inflateStream(...call: Parameters<Compressor["inflateStream"]>): StreamedInflation {
    const inflation = this.#inner.inflateStream(...call);
    return {
      write: (bytes, start, end) => inflation.write(bytes, start, end),
      end: () => inflation.end(),
      read: () => this.#inTurn(inflation.read()),
      get heldBytes() {
        return inflation.heldBytes;
      },
      abort: () => inflation.abort(),
    };
  }

  /** Tells of a job when all those before it have been told of, and everything that follows from them is done. */
  #inTurn<Result>(job: Promise<Result>): Promise<Result> {
    const previous = this.#last;
    const told = (async () => {
      // Whether it fails is for whoever asked for it to hear.
      const [outcome] = await Promise.allSettled([job, previous]);
      await new Promise<void>((resolve) => {
        inNextTurn(resolve);
      });
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    })();
    this.#last = told.catch(() => undefined);
    this.#clock.hold(told);
    return told;
  }
}
