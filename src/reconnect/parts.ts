/**
 * What a client that reconnects is made of: how it reaches a server, time, chance, and how it says what went wrong.
 */
import type { CloseReport, UsageCode } from "../protocol/index.js";
import type { Message } from "../socket/index.js";
import type { Clock } from "../transport/index.js";
import type { Refusal } from "./policy.js";
import type { EndReport, ReconnectableSocket } from "./reconnecting-socket.js";

/** The handlers that `connect` is given for each connection. It has to call them as `connect` of "openline" does. */
export interface ConnectionHandlers<Inner> {
  /** Before `connect` resolves, and before any message; these wait until a returned promise has settled. */
  readonly open: (connection: Inner) => unknown;
  readonly message?: (connection: Inner, message: Message) => unknown;
  readonly drain: (connection: Inner) => unknown;
  readonly close: (connection: Inner, report: CloseReport) => unknown;
  readonly error: (error: unknown) => void;
}

/** What a client that reconnects is made of. */
export interface ReconnectingParts<Connect, Inner extends ReconnectableSocket> {
  /** Connects once, as `connect` of "openline" does. Rejects with the reason of `signal` when that is aborted. */
  connect(url: string | URL, options: Connect & ConnectionHandlers<Inner>): Promise<Inner>;
  /** Throws a `UsageError` for what will make no sense to `connect`, as far as that can be told beforehand. */
  check?(url: string | URL | undefined, options: object): void;
  readonly clock: Clock;
  /** From 0 up to but not including 1. */
  random(): number;
  /** What a failed attempt tells about the next one, where answers of servers are seen: `refusalOf`. */
  refusalOf?(error: unknown): Refusal | undefined;
  /**
   * Calls `wake` when something may have changed for the better, such as the network's return; a wait ends then. Returns
   * what stops it.
   */
  wakeUps?(wake: () => void): () => void;
  /** Tells a human about an error that nobody handles. */
  reportError(error: unknown, during: string): void;
  /** Makes a `UsageError`. */
  misuse(code: UsageCode, observed?: unknown, limit?: number, hint?: string): Error;
  /** Makes the error that `ready()` rejects with. */
  ended(report: EndReport): Error;
  /** Makes the error of an attempt that took too long. */
  timedOut(limitMs: number): Error;
}
