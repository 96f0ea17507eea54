/**
 * When to connect again by default, and the reasons. In a file of its own, since pages load it that have no outbox.
 */

/** The numbers of `ReconnectOptions`, with every default filled in. */
export interface Pace {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  readonly factor: number;
  readonly stableAfterMs: number;
  readonly maxAttempts: number;
  readonly attemptTimeoutMs: number;
  readonly maxRetryAfterMs: number;
}

/** See the head of this file. */
export const defaultPace: Pace = {
  // Short enough that one lost connection is hardly noticed; a restarted server gets its clients back over a second.
  minDelayMs: 1000,
  // Somebody who looks at the page waits for it; a server that is down gets two attempts a minute from each client.
  maxDelayMs: 30_000,
  // RFC 6455 §7.2.3: "truncated binary exponential backoff".
  factor: 2,
  // A server that takes everybody in and falls over is not one that works.
  stableAfterMs: 5000,
  // Whoever asks for a client that reconnects does not want it to stop over night.
  maxAttempts: Infinity,
  // `handshakeTimeoutMs` of 10 s, and a request for a token before it.
  attemptTimeoutMs: 30_000,
  // What a deployment takes. A server that says "tomorrow" has most likely got its clock wrong.
  maxRetryAfterMs: 300_000,
};
