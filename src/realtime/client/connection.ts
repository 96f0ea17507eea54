/**
 * What a client is made of: connections, time, chance, and how it says what went wrong. Everything is handed in, so that
 * it runs on every platform, and in simulated time.
 */
import type { CloseReport } from "../../protocol/index.js";
import type { Refusal } from "../../reconnect/policy.js";
import type { Clock } from "../../transport/index.js";
import type { FallbackModule } from "./choosing.js";

/** How a connection ended. */
export type ConnectionEnd = Pick<CloseReport, "code" | "reason" | "wasClean" | "initiator">;

/** A connection, as far as a client needs it. Every `Socket` of openline's is one. */
export interface RealtimeConnection {
  /** What it goes over. Default: a WebSocket. */
  readonly transport?: "events";
  /** The subprotocol that was agreed on, or "". */
  readonly protocol: string;
  /** Resolves to how it ended. Never rejects. */
  readonly closed: Promise<ConnectionEnd>;
  /** Sends a message: text where it is a string. */
  send(data: string | Uint8Array): { readonly ok: boolean; readonly status: "sent" | "buffered" | "refused" };
  /** Resolves when there is room again, after `send` has answered "buffered"; rejects when it ends. */
  ready(): Promise<void>;
  /** Begins the closing handshake. */
  close(code?: number, reason?: string): unknown;
  /** Cuts it. */
  terminate(): void;
}

/** What a client asks of a connection. */
export interface ConnectionOptions {
  /** The subprotocols that it speaks, the most wanted first. */
  readonly protocols: readonly string[];
  /** Gives the attempt up. */
  readonly signal: AbortSignal;
  /** Is called with each message, in order, from when `connect` has resolved. */
  readonly message: (connection: unknown, message: string | Uint8Array) => unknown;
  /** Is called with what goes wrong in a handler. */
  readonly error: (error: unknown) => void;
}

/** See the head of this file. */
export interface ClientParts<Options extends object = object> {
  /**
   * Connects once, in 10 seconds or so: what takes longer is held back by something on the way. Rejects with the reason of the
   * signal when that is aborted.
   */
  readonly connect: (url: string | URL, options: Options & ConnectionOptions) => Promise<RealtimeConnection>;
  /** Delays may be of any length, also infinite: what is longer than timers can be, nobody sees the end of. */
  readonly clock: Clock;
  /** From 0 up to but not including 1. */
  random(): number;
  /** What a failed attempt tells about the next one, where answers of servers are seen. */
  refusalOf?(error: unknown): Refusal | undefined;
  /** Loads what connects where WebSockets do not pass. */
  readonly loadFallback?: () => Promise<FallbackModule>;
  /** Where `localStorage` keeps until when that is tried first (Unix milliseconds); undefined where there is none. */
  readonly memoryKey?: string;
  /** Calls `wake` when something may have changed for the better. Returns what stops it. */
  wakeUps?(wake: () => void): () => void;
  /** Tells a human about an error that nobody handles. */
  reportError(error: unknown, during: string): void;
}
