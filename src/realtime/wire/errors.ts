/**
 * Errors that travel, and what connections are closed with.
 */
// By its file, so that a build for browsers gets no more with it.
import { OpenlineError } from "../../protocol/openline-error.js";
import { helloTimeout, protocolBroken, revoked, tooManyRequests, unauthenticated } from "./close-codes.js";
import type { ErrorBody } from "./frames.js";

/** The codes of the protocol's own errors (docs/protocol.md, "Error codes"); applications have more, for calls. */
export const errorCodes = [
  "bad-request",
  "unknown-operation",
  "unauthenticated",
  "forbidden",
  "not-found",
  "wrong-kind",
  "invalid-value",
  "conflict",
  "too-large",
  "too-many",
  "rate-limited",
  "timeout",
  "cancelled",
  "unavailable",
  "internal",
  // Made where they are told; they do not travel.
  "not-connected",
  "connection-lost",
  "outbox-full",
  "protocol-broken",
  "client-closed",
] as const;

/** One of the protocol's own errors. */
export type ErrorCode = (typeof errorCodes)[number];

/** What the protocol closes connections with (docs/protocol.md, "Close codes"). */
export const RealtimeCloseCode: {
  /** The peer broke this protocol. */
  readonly ProtocolBroken: typeof protocolBroken;
  /** Not, or no more, authenticated. */
  readonly Unauthenticated: typeof unauthenticated;
  /** Revoked. */
  readonly Revoked: typeof revoked;
  /** No `hello` in time. */
  readonly HelloTimeout: typeof helloTimeout;
  /** Too many requests. */
  readonly TooManyRequests: typeof tooManyRequests;
} = {
  ProtocolBroken: protocolBroken,
  Unauthenticated: unauthenticated,
  Revoked: revoked,
  HelloTimeout: helloTimeout,
  TooManyRequests: tooManyRequests,
};

/** What else is said of an error. */
export interface RealtimeErrorOptions {
  /** Whether the same request may succeed later. Default false. */
  readonly retryable?: boolean;
  /** Milliseconds before which trying again makes no sense. */
  readonly retryAfterMs?: number | undefined;
  /** What else there is to know; it travels. */
  readonly data?: unknown;
  /** Why; it does not travel. */
  readonly cause?: unknown;
}

/**
 * A request that was not done, at either end: what a client's call rejects with, and what a handler of calls throws to
 * say so with a code of the application's own.
 */
export class RealtimeError extends OpenlineError {
  override readonly name = "RealtimeError";
  // Declared only: the constructor makes them, and every page loads this.
  declare readonly code: string;
  declare readonly section: undefined;
  /** Whether the same request may succeed later. */
  declare readonly retryable: boolean;
  /** Milliseconds before which trying again makes no sense, where that is known. */
  declare readonly retryAfterMs: number | undefined;
  /** What else there is to know: the issues of `invalid-value`, the entry of `conflict`. */
  declare readonly data: unknown;

  /**
   * @param code one of `errorCodes`, or one of the application's own
   * @param message for humans who look for the reason
   */
  constructor(code: string, message: string = code, options: RealtimeErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.data = options.data;
  }

  /** What came over the wire, as an error. */
  static from({ code, message, ...rest }: ErrorBody): RealtimeError {
    return new RealtimeError(code, message, rest);
  }

  /** As it travels. */
  toBody(): ErrorBody {
    const { code, message, retryable, retryAfterMs, data } = this;
    return { code, message, retryable, retryAfterMs, data };
  }
}
