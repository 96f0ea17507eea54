/**
 * The calls that the server makes to one client.
 */
import { validate } from "../contract/index.js";
import {
  type ErrFrame,
  type ItemFrame,
  maxRequestNumber,
  type OkFrame,
  RealtimeCloseCode,
  RealtimeError,
} from "../wire/index.js";
import type { Session } from "./session.js";

/** What is said with a call to a client. */
export interface ClientCallOptions {
  /** Milliseconds to wait for the answer. Default: the limit `maxCallMs`. */
  readonly timeoutMs?: number;
  /** Cancels it. */
  readonly signal?: AbortSignal;
  /** An idempotency key. */
  readonly key?: string;
  /** With a stream: results that may be on their way. Default 16. */
  readonly credit?: number;
}

const defaultCredit = 16;
/** Later than any timer can be set for. */
export const maxTimerMs: number = 2 ** 31 - 1;

/** @throws RangeError for what is no time to wait */
export function checkedTimeoutMs(timeoutMs: number): number {
  if (typeof timeoutMs === "number" && timeoutMs > 0) return timeoutMs;
  throw new RangeError(`timeoutMs must be a number above 0, and is ${String(timeoutMs)}`);
}

/** A call that has not been answered. */
interface Pending {
  done(value: unknown): void;
  failed(error: RealtimeError): void;
  /** Absent where there is one answer: an item is an error of the client's. */
  item?(value: unknown): void;
}

/** A call that is on its way. */
interface Sent {
  readonly number: number;
  readonly stop: () => void;
}

/** See the head of this file. */
export class OutgoingCalls {
  readonly #session: Session;
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Calls the client.
   *
   * @throws RealtimeError with the client's code; `timeout`, `cancelled`, `connection-lost`, `too-many`, `invalid-value`;
   *   RangeError for options out of their range
   */
  async call(name: string, input: unknown, options: ClientCallOptions = {}): Promise<unknown> {
    const value = await new Promise<unknown>((resolve, reject) => {
      const { stop } = this.#send(name, input, options, 0, {
        done: (result) => {
          stop();
          resolve(result);
        },
        failed: (error) => {
          stop();
          reject(error);
        },
      });
    });
    return await validate(this.#session.services.contract.clientCallOf(name)?.output, value);
  }

  /**
   * Calls the client for a stream of results. Leaving the loop cancels it.
   *
   * @throws RealtimeError, RangeError as `call` does
   */
  async *stream(name: string, input: unknown, options: ClientCallOptions = {}): AsyncGenerator<unknown, void> {
    const credit = options.credit ?? defaultCredit;
    if (!Number.isSafeInteger(credit) || credit < 1) {
      throw new RangeError(`credit must be a whole number from 1 on, and is ${String(credit)}`);
    }
    const items: unknown[] = [];
    let end: { error: RealtimeError | undefined } | undefined;
    let wake = (): void => undefined;
    const finish = (error?: RealtimeError): void => {
      end ??= { error };
      wake();
    };
    const { number, stop } = this.#send(name, input, options, credit, {
      done: () => finish(),
      failed: (error) => finish(error),
      item: (value) => {
        // More than was allowed would pile up here.
        if (items.length >= credit) {
          this.#session.close(RealtimeCloseCode.ProtocolBroken, "more items than there was credit for");
        } else {
          items.push(value);
          wake();
        }
      },
    });
    const schema = this.#session.services.contract.clientCallOf(name)?.stream;
    try {
      for (;;) {
        if (items.length > 0) {
          yield await validate(schema, items.shift());
          if (end === undefined) this.#session.send(["credit", number, 1]);
        } else if (end === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        } else if (end.error !== undefined) throw end.error;
        else return;
      }
    } finally {
      stop();
      if (end === undefined && this.#pending.has(number)) this.#session.send(["cancel", number]);
    }
  }

  /** A number that no call has which has not been answered. */
  #nextNumber(): number {
    do this.#last = (this.#last % maxRequestNumber) + 1;
    while (this.#pending.has(this.#last));
    return this.#last;
  }

  /** Why nothing can be sent; undefined where it can. */
  #refusal(signal: AbortSignal | undefined): RealtimeError | undefined {
    const { maxRequests } = this.#session.services.limits;
    if (!this.#session.isOpen) return new RealtimeError("connection-lost", "the connection is over");
    if (signal?.aborted === true) return new RealtimeError("cancelled", "cancelled");
    if (this.#pending.size < maxRequests) return undefined;
    const message = `more than maxRequests (${maxRequests}) calls are not answered`;
    return new RealtimeError("too-many", message, { retryable: true });
  }

  /**
   * @returns its number, and what stops its timer and lets go of its signal
   * @throws RealtimeError `connection-lost`, `cancelled`, `too-many`, `invalid-value`; RangeError
   */
  #send(name: string, input: unknown, options: ClientCallOptions, credit: number, pending: Pending): Sent {
    const { platform, limits } = this.#session.services;
    const { timeoutMs = limits.maxCallMs, key, signal } = options;
    checkedTimeoutMs(timeoutMs);
    const refusal = this.#refusal(signal);
    if (refusal !== undefined) throw refusal;
    const r = this.#nextNumber();
    const isTimed = timeoutMs <= maxTimerMs;
    const told = { ...(isTimed && { timeoutMs }), ...(key !== undefined && { key }), ...(credit > 0 && { credit }) };
    this.#pending.set(r, pending);
    try {
      this.#session.send(["call", r, name, input, told]);
    } catch (cause) {
      this.#pending.delete(r);
      throw new RealtimeError("invalid-value", "the input is no value that can be sent", { cause });
    }
    // The number is free when the client has answered, however late.
    const giveUp = (error: RealtimeError): void => {
      if (this.#pending.get(r) !== pending) return;
      this.#pending.set(r, { done: () => undefined, failed: () => undefined, item: () => undefined });
      this.#session.send(["cancel", r]);
      pending.failed(error);
    };
    const timer = isTimed
      ? platform.setTimer(() => giveUp(new RealtimeError("timeout", `no answer within ${timeoutMs} ms`)), timeoutMs)
      : undefined;
    const cancel = (): void => giveUp(new RealtimeError("cancelled", "cancelled"));
    signal?.addEventListener("abort", cancel, { once: true });
    const stop = (): void => {
      timer?.cancel();
      signal?.removeEventListener("abort", cancel);
    };
    return { number: r, stop };
  }

  /** An answer has come. Returns whether there was such a call. */
  answered([operation, r, value]: OkFrame | ErrFrame | ItemFrame): boolean {
    const pending = this.#pending.get(r);
    if (pending === undefined) return false;
    if (operation === "item") {
      if (pending.item === undefined) {
        this.#session.close(RealtimeCloseCode.ProtocolBroken, "an item where there is one answer");
      } else pending.item(value);
      return true;
    }
    this.#pending.delete(r);
    if (operation === "ok") pending.done(value);
    else pending.failed(RealtimeError.from(value));
    return true;
  }

  /** The connection is over. */
  end(): void {
    const error = new RealtimeError("connection-lost", "the connection is over; the call may have run");
    for (const pending of this.#pending.values()) pending.failed(error);
    this.#pending.clear();
  }
}
