/**
 * What can be set about a client, each default, and the reason for it.
 */
import type { ReconnectOptions } from "../../reconnect/options.js";
import type { Codec } from "../wire/index.js";
import type { ClientState, ConnectionLoss } from "./client.js";

/** A value, or a function that gives a fresh one each time that it is needed. */
export type Fresh<Value> = Value | (() => Value | Promise<Value>);

/** When to connect again: as for `reconnecting`. */
export interface ClientReconnectOptions extends Omit<ReconnectOptions, "retry"> {
  /**
   * Whether to connect again after `loss`: true, false, or true after as many milliseconds as it returns. Default, also
   * for `undefined`: unless it would happen again.
   */
  readonly retry?: (loss: ConnectionLoss) => boolean | number | undefined;
}

/** See the head of this file. */
export interface ClientOptions {
  /**
   * What the server authenticates this client by, or a function that gives it: it is asked for with each connection, and
   * when the server says that the last one runs out.
   */
  readonly token?: unknown;
  /**
   * A random string of at most 64 characters that says which client this is. Default: one of its own. Who keeps messages
   * over a reload of the page, to publish them again under their idempotency keys, keeps this, too: keys belong to it. It is
   * for one client at a time: of two, the media of one are not shown.
   */
  readonly clientId?: string;
  /** The codecs to offer, the most wanted first. Default: JSON. `msgpackCodec` is in openline/realtime/msgpack. */
  readonly codecs?: readonly Codec[];
  /**
   * Whether to go by ordinary HTTP requests, with server-sent events for what comes down. "auto" (the default): where
   * WebSockets do not pass. "only": always. "never": a WebSocket or nothing.
   */
  readonly fallback?: "auto" | "only" | "never";
  /** When to connect again, as for `reconnecting`. */
  readonly reconnect?: ClientReconnectOptions;
  /**
   * Milliseconds that a call, a history or a change of a state may take, waiting for a connection included, before it fails
   * with `timeout`. Default 30,000. Publishing to a log waits as long as it takes.
   */
  readonly timeoutMs?: number;
  /**
   * Requests that may be unanswered, those that wait for a connection included; beyond it, new ones fail at once with
   * `outbox-full`. Default 256.
   */
  readonly maxRequests?: number;
  /** The same in octets as they are encoded, where a character counts as one. Default 1,048,576. */
  readonly maxRequestBytes?: number;
  /**
   * Events that may wait for a `for await` loop. What happens beyond it is the channel's kind: a log waits, a signal drops the
   * oldest. Default 256.
   */
  readonly maxBufferedEvents?: number;
  /** Octets of media that may wait for a `for await` loop, before it goes on with the next key frame. Default 8,388,608. */
  readonly maxBufferedBytes?: number;
  /** Ends the client for good when it is aborted, as `close()` does. */
  readonly signal?: AbortSignal;
  /** The state has changed. */
  readonly state?: (state: ClientState) => unknown;
  /** An error that nobody waits for: of a listener, of a token function. By default it is printed. */
  readonly error?: (error: unknown) => void;
}

/** What else can be set about a client that shares its connection with other tabs. */
export interface SharedClientOptions {
  /**
   * Tabs of the same name share. Default: the address, without its query. Where cookies say who somebody is, it has to be another
   * one for each user.
   */
  readonly shareName?: string;
}

/** The numbers, with every default filled in. */
export interface ClientLimits {
  readonly timeoutMs: number;
  readonly maxRequests: number;
  readonly maxRequestBytes: number;
  readonly maxBufferedEvents: number;
  readonly maxBufferedBytes: number;
}

/** The defaults. A test compares docs/limits.md with them. */
export const defaultClientLimits: ClientLimits = {
  // Long enough for a reconnect; somebody who waits longer for an answer has gone.
  timeoutMs: 30_000,
  // What a person does while a page reconnects, many times over.
  maxRequests: 256,
  // 4 KiB for each of those.
  maxRequestBytes: 1024 * 1024,
  // Some pages of a history; a loop that is further behind is better served by asking again.
  maxBufferedEvents: 256,
  // Two groups of video.
  maxBufferedBytes: 8 * 1024 * 1024,
};

/**
 * Fills in the defaults.
 *
 * @param prefix what stands before the names in an error
 * @throws RangeError for a number that is out of its range: 0 and more for milliseconds and
 *   attempts, 1 and more for the others
 */
export function resolveNumbers<Numbers extends object>(defaults: Numbers, given: object, prefix: string = ""): Numbers {
  const numbers = { ...defaults } as Record<string, unknown>;
  for (const name of Object.keys(numbers)) {
    const value = (given as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) continue;
    if (typeof value !== "number" || !(value >= (/Ms$|Attempts$/.test(name) ? 0 : 1))) {
      throw new RangeError(`${prefix}${name} is out of its range`);
    }
    numbers[name] = value;
  }
  return numbers as Numbers;
}
