/**
 * Calls of the server's that this client handles. It is loaded when there is a handler, and shares nothing with the rest of the
 * client, so that a bundler has nothing to put into a third file.
 */
import type { RealtimeError } from "../wire/errors.js";
import type { CallFrame, CancelFrame, CreditFrame } from "../wire/index.js";
import type { HandlingContext } from "./client.js";
import type { Handling, Link } from "./link.js";

/** A handler, as it is called. */
export type CallHandler = (input: unknown, context: HandlingContext) => unknown;

// A server that calls faster than this client answers would fill its memory.
const maxHandling = 64;

// Answers to calls with a key that are remembered, should the server ask again.
const maxAnswers = 64;

/** See the head of this file. */
export class Serving {
  readonly #handlers: ReadonlyMap<string, CallHandler>;
  readonly #RealtimeError: typeof RealtimeError;
  /** By name and key. */
  readonly #answers = new Map<string, Promise<unknown>>();
  readonly #reportError: (error: unknown, during: string) => void;

  constructor(
    handlers: ReadonlyMap<string, CallHandler>,
    errorClass: typeof RealtimeError,
    reportError: (error: unknown, during: string) => void,
  ) {
    this.#handlers = handlers;
    this.#RealtimeError = errorClass;
    this.#reportError = reportError;
  }

  received(link: Link, frame: CallFrame | CreditFrame | CancelFrame): void {
    const [operation, r] = frame;
    if (link.isOver) return;
    const known = link.handling.get(r);
    if (operation === "credit") {
      if (known === undefined) return;
      known.credit += frame[2];
      known.wake();
    } else if (operation === "cancel") known?.abort.abort(new this.#RealtimeError("cancelled"));
    else if (known !== undefined) link.fail("a number twice");
    else this.#call(link, frame);
  }

  #call(link: Link, [, r, name, input, options = {}]: CallFrame): void {
    const handler = this.#handlers.get(name);
    const { handling: ofLink } = link;
    if (handler === undefined || ofLink.size >= maxHandling) {
      link.refuse(r, new this.#RealtimeError(handler === undefined ? "not-found" : "too-many"));
      return;
    }
    const handling: Handling = { abort: new AbortController(), credit: options.credit ?? 0, wake: () => undefined };
    ofLink.set(r, handling);
    this.#answer(link, r, handling, () => this.#run(handler, name, input, options.key, handling.abort.signal))
      .catch((error: unknown) => this.#refuse(link, r, name, error))
      // The answer itself may be what cannot be sent.
      .catch((error: unknown) => this.#reportError(error, name))
      .finally(() => {
        ofLink.delete(r);
        link.retireIfDone();
      });
  }

  /** Runs the handler, once for each key. */
  #run(
    handler: CallHandler,
    name: string,
    input: unknown,
    key: string | undefined,
    signal: AbortSignal,
  ): Promise<unknown> {
    const run = async (): Promise<unknown> => await handler(input, { signal });
    if (key === undefined) return run();
    const id = JSON.stringify([name, key]);
    const known = this.#answers.get(id);
    if (known !== undefined) return known;
    const answer = run();
    this.#answers.set(id, answer);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > maxAnswers && oldest !== undefined) this.#answers.delete(oldest);
    return answer;
  }

  async #answer(link: Link, r: number, handling: Handling, run: () => Promise<unknown>): Promise<void> {
    const { signal } = handling.abort;
    const result = await run();
    if (!isStream(result)) {
      link.send(["ok", r, result]);
      return;
    }
    signal.addEventListener("abort", () => handling.wake());
    for await (const value of result) {
      while (handling.credit === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          handling.wake = resolve;
        });
      }
      signal.throwIfAborted();
      handling.credit--;
      link.send(["item", r, value]);
    }
    link.send(["ok", r]);
  }

  #refuse(link: Link, r: number, name: string, error: unknown): void {
    const isTold = error instanceof this.#RealtimeError;
    // What went wrong here is nobody's business there.
    link.refuse(r, isTold ? error : new this.#RealtimeError("internal"));
    if (!isTold) this.#reportError(error, name);
  }
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
