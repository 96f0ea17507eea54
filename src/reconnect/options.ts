/**
 * What can be set about reconnecting, each default, and the reason for it.
 */
import type { HeadersInput, SocketHandlers } from "../socket/index.js";
import { defaultPace, type Pace } from "./defaults.js";
import type { Loss, ReconnectingHandlers } from "./reconnecting-socket.js";

/** A value, or a function that gives a fresh one for each attempt, for what expires. */
export type Fresh<Value> = Value | (() => Value | Promise<Value>);

/** When to connect again. */
export interface ReconnectOptions {
  /**
   * The delay before the first new attempt is drawn from 0 to this, in milliseconds; what wakes a waiting socket starts no
   * two attempts within it, either. Default 1,000.
   */
  readonly minDelayMs?: number;
  /** The delay before any attempt is drawn from 0 to no more than this, in milliseconds. Default 30,000. */
  readonly maxDelayMs?: number;
  /** How many times as long each further delay may be, from 1 on. Default 2. */
  readonly factor?: number;
  /** Milliseconds that a connection has to last before delays begin at `minDelayMs` again. Default 5,000. */
  readonly stableAfterMs?: number;
  /** Attempts that may fail, or lead to a connection that is not stable, before it is over. Default: any number. */
  readonly maxAttempts?: number;
  /**
   * Milliseconds that one attempt may take, with your functions for `url`, `headers` and `protocols`, before it counts as
   * failed. Default 30,000.
   */
  readonly attemptTimeoutMs?: number;
  /** Milliseconds beyond which a server's `Retry-After` is not obeyed. Default 300,000. */
  readonly maxRetryAfterMs?: number;
  /**
   * Whether to connect again after `loss`: true, false, or true after as many milliseconds as it returns. Default, also
   * for `undefined`: unless it would happen again. A `UsageError` is never tried again.
   */
  readonly retry?: (loss: Loss) => boolean | number | undefined;
}

/** What may wait for a connection. */
export interface OutboxOptions {
  /** Messages that may wait. Default 256. */
  readonly maxMessages?: number;
  /** Octets that may wait; a character of text counts as one. Default 262,144. */
  readonly maxBytes?: number;
  /**
   * What happens to a message for which there is no room. "refuse" (the default): `send` says so. "drop-oldest": those
   * that have waited longest are dropped for it, and the handler `dropped` is told.
   */
  readonly whenFull?: "refuse" | "drop-oldest";
  /** Milliseconds after which a message that waits is not worth sending any more. Default: any. */
  readonly maxAgeMs?: number;
}

/** The options of a client that reconnects, where `Connect` are those of one that does not. */
export type ReconnectingOptions<Connect, Inner> = Omit<
  Connect,
  keyof SocketHandlers | "headers" | "protocols" | "signal"
> &
  ReconnectingHandlers<Inner> & {
    /** Headers of the request, or a function that gives them for each attempt: a token that expires. */
    readonly headers?: Fresh<HeadersInput>;
    /** Subprotocols to ask for, or a function that gives them for each attempt. */
    readonly protocols?: Fresh<string | readonly string[]>;
    /** Ends it for good when it is aborted, as `close()` does. */
    readonly signal?: AbortSignal;
    /** When to connect again. */
    readonly reconnect?: ReconnectOptions;
    /** What may wait for a connection. */
    readonly outbox?: OutboxOptions;
  };

/** The numbers, with every default filled in. */
export interface Settings extends Pace {
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** The defaults. A test compares docs/limits.md with them. */
export const defaultSettings: Settings = {
  ...defaultPace,
  // What a person does while a page reconnects, many times over; a stream of data would be stale by then.
  maxMessages: 256,
  // 1 KiB for each of those.
  maxBytes: 256 * 1024,
  maxAgeMs: Infinity,
};

/**
 * Fills in the defaults.
 *
 * @param misuse makes the error for a value that is out of its range
 */
export function resolveSettings(
  { retry: _, ...reconnect }: ReconnectOptions,
  { whenFull = "refuse", ...outbox }: OutboxOptions,
  misuse: (observed: unknown, hint: string) => Error,
): Settings {
  if (whenFull !== "refuse" && whenFull !== "drop-oldest") throw misuse(whenFull, "whenFull");
  const settings: Record<string, unknown> = { ...defaultSettings };
  for (const [name, value] of Object.entries<unknown>({ ...reconnect, ...outbox })) {
    if (value === undefined) continue;
    if (typeof value !== "number" || !(value >= (name === "factor" ? 1 : 0))) throw misuse(value, name);
    settings[name] = value;
  }
  return settings as unknown as Settings;
}
