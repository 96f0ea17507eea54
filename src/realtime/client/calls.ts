/**
 * Calls of the server: one answer, or a stream of results that comes no faster than it is taken.
 */
import type { CallFrame, CallOptions } from "../wire/index.js";
import type { RequestOptions, StreamRequestOptions } from "./client.js";
import { EventBuffer } from "./event-buffer.js";
import type { Link } from "./link.js";
import type { Operations } from "./operations.js";
import { resolveNumbers } from "./options.js";

// Results that may be on their way: enough for a round trip, little enough to hold.
const defaultCredit = 32;

/**
 * Makes a call. See `Client.call`.
 *
 * @param key the key under which it runs once; undefined: none
 * @param options with the default of `timeoutMs`
 */
export function makeCall(
  operations: Operations,
  name: string,
  input: unknown,
  key: string | undefined,
  options: RequestOptions & { readonly timeoutMs: number },
): Promise<unknown> {
  const { timeoutMs } = options;
  const said: CallOptions = {
    key,
    timeoutMs: Number.isFinite(timeoutMs) ? Math.ceil(timeoutMs) : undefined,
  };
  return operations.run({
    ...options,
    frame: (r): CallFrame => ["call", r, name, input, said],
    isResent: key !== undefined,
    isCancelled: true,
  });
}

/** Makes a call with a stream of results, when the first one is asked for. See `Client.stream`. */
export function makeStream(
  operations: Operations,
  name: string,
  input: unknown,
  options: StreamRequestOptions,
): AsyncIterableIterator<unknown, undefined> {
  const { signal } = options;
  const { credit } = resolveNumbers({ credit: defaultCredit }, options);
  const leaving = new AbortController();
  let place: { readonly link: Link; readonly r: number } | undefined;
  let hasBegun = false;
  let taken = 0;
  /** Results that may still come. */
  let allowed = credit;
  const buffer = new EventBuffer<unknown>({
    // Bounded by the credit.
    add: (waiting, value) => waiting.push(value),
    taken: () => {
      taken++;
      // Half at a time, so that there are few frames of it.
      if (taken < credit / 2 || place === undefined || place.link.isOver) return;
      place.link.send(["credit", place.r, taken]);
      allowed += taken;
      taken = 0;
    },
    left: () => leaving.abort(),
  });
  const end = (reason: { readonly error?: unknown }): void => {
    place = undefined;
    buffer.end(reason);
  };
  const begin = (): void => {
    hasBegun = true;
    const signals = signal === undefined ? [leaving.signal] : [leaving.signal, signal];
    operations
      .run({
        frame: (r): CallFrame => ["call", r, name, input, { credit }],
        isResent: false,
        timeoutMs: Infinity,
        signal: AbortSignal.any(signals),
        isCancelled: true,
        sent: (link, r) => {
          place = { link, r };
        },
        item: (value) => {
          // Whoever sends more than it may would fill our memory.
          if (allowed-- <= 0) place?.link.fail("too many items");
          else buffer.push(value);
        },
      })
      .then(
        () => end({}),
        (error: unknown) => end({ error }),
      );
  };
  return {
    next: () => {
      if (!hasBegun) begin();
      return buffer.next();
    },
    return: () => {
      hasBegun = true;
      return buffer.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
