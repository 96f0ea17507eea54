/**
 * The limits of the real-time layer, each with its default and the reason for it.
 */

/** What can be set. */
export interface RealtimeLimits {
  /** Milliseconds from the opening of a connection to its `hello`; then 4408. Default 10,000. */
  readonly helloTimeoutMs?: number;
  /** Milliseconds that `authenticate` and `authorize` may take. Default 10,000. */
  readonly decisionTimeoutMs?: number;
  /** Octets of one message of a client; then 1009. Default 1,048,576. */
  readonly maxMessageBytes?: number;
  /** Channels that one connection may subscribe to; then `too-many`. Default 1,024. */
  readonly maxSubscriptions?: number;
  /** Requests and calls of one connection that are being worked on; then `too-many`. Default 256. */
  readonly maxRequests?: number;
  /** Sessions that may share one connection; the next ones are sent to another. Default 64. */
  readonly maxSharedSessions?: number;
  /** Octets of answers that may wait for a client that does not read them; then 1013. Default 16,777,216. */
  readonly maxBufferedBytes?: number;
  /** Requests of one user a second, over all connections; then `rate-limited`. Default 500. */
  readonly requestsPerSecond?: number;
  /** Requests of one user at once. As many refused ones are borne; then 4429. Default 1,000. */
  readonly requestBurst?: number;
  /** Octets of a channel's newest messages that are kept encoded, for subscribers that lag a little. Default 1,048,576. */
  readonly maxLagBytes?: number;
  /** Signals of a channel that wait for a slow subscriber before the oldest are dropped. Default 256. */
  readonly maxLagSignals?: number;
  /** Frames of media of a channel that are kept for subscribers that lag, within two groups. Default 10,000. */
  readonly maxLagFrames?: number;
  /** Keys of a state whose last change is remembered, for subscribers that lag. Default 10,000. */
  readonly maxLagKeys?: number;
  /** Messages, or keys, of a page. Default 128. */
  readonly pageMessages?: number;
  /** Octets of a page, about. Default 65,536. */
  readonly pageBytes?: number;
  /** Messages that `hist` and `last` give at most. Default 1,000. */
  readonly maxHistoryMessages?: number;
  /** Octets of values that a log keeps, whatever its contract says. Default 16,777,216. */
  readonly maxLogBytes?: number;
  /** Milliseconds for which idempotency keys are remembered. Default 600,000. */
  readonly idempotencyWindowMs?: number;
  /** Milliseconds that a call may take, where its caller allows as much. Default 60,000. */
  readonly maxCallMs?: number;
  /** Milliseconds of silence after which clients should ping. Default 25,000. */
  readonly pingMs?: number;
  /** Milliseconds before its end at which a client is told that its authentication runs out. Default 60,000. */
  readonly expiryNoticeMs?: number;
  /** Milliseconds for which a user whose connection broke is still present. Default 5,000. */
  readonly presenceGraceMs?: number;
  /** Users of a room that all are told of one by one; in larger ones they are counted. Default 100. */
  readonly presenceMaxUsers?: number;
  /** Octets of what a user shows of itself, about; then `too-large`. Default 4,096. */
  readonly maxPresenceBytes?: number;
  /** Milliseconds between two counts of a large room. Default 1,000. */
  readonly presenceIntervalMs?: number;
  /** Milliseconds after which all that a node told of presence is forgotten when it is silent. Default 7,000. */
  readonly nodeTimeoutMs?: number;
}

/** The limits with every default filled in. */
export type ResolvedLimits = Required<RealtimeLimits>;

/** The defaults. */
export const defaultRealtimeLimits: ResolvedLimits = {
  // As a WebSocket's opening handshake has.
  helloTimeoutMs: 10_000,
  // Slow enough for a look-up in a database under load.
  decisionTimeoutMs: 10_000,
  // As much as sockets take by default.
  maxMessageBytes: 1_048_576,
  // More than a busy dashboard shows; each takes about 900 octets.
  maxSubscriptions: 1024,
  // More than a page has under way, few enough that a peer cannot occupy a database.
  maxRequests: 256,
  // More tabs than anybody has open.
  maxSharedSessions: 64,
  // A quarter of what a socket's own limit is: this one says what it is about.
  maxBufferedBytes: 16_777_216,
  // A hand that moves a pointer makes 120 signals a second.
  requestsPerSecond: 500,
  // What a page with many channels asks for when it reconnects.
  requestBurst: 1000,
  // A thousand messages of a kilobyte: a second of a busy channel, for all its subscribers together.
  maxLagBytes: 1_048_576,
  // Two seconds of a pointer that moves. What is older misleads.
  maxLagSignals: 256,
  // Minutes of sound in small pieces, whose octets say little of what they take.
  maxLagFrames: 10_000,
  // All levels of a deep order book.
  maxLagKeys: 10_000,
  // A page of short messages fits a few packets, and is handled in a moment.
  pageMessages: 128,
  pageBytes: 65_536,
  // What a page shows at first, ten times over.
  maxHistoryMessages: 1000,
  // A sixteenth of what the memory engine keeps in all.
  maxLogBytes: 16_777_216,
  // Longer than a laptop sleeps on the way to a meeting.
  idempotencyWindowMs: 600_000,
  // As proxies commonly wait.
  maxCallMs: 60_000,
  // Below the 30 to 60 seconds after which proxies cut what is silent.
  pingMs: 25_000,
  // Time for a token's refresh, and for another attempt at it.
  expiryNoticeMs: 60_000,
  // A reconnect with its first waits.
  presenceGraceMs: 5000,
  // As many as a list on a page shows.
  presenceMaxUsers: 100,
  // A name, a picture's address and a position.
  maxPresenceBytes: 4096,
  presenceIntervalMs: 1000,
  // A node beats five times as often, and may stand still for as long as four beats. What is noticed of its death a moment
  // later is still within ten seconds.
  nodeTimeoutMs: 7000,
};

/** Limits of which one may still become lower, until the engine has said what it gives. */
export type PendingLimits = { -readonly [Name in keyof ResolvedLimits]: number };

/** @throws RangeError for a limit that is no number above 0 */
export function resolveRealtimeLimits(limits: RealtimeLimits): PendingLimits {
  const resolved = { ...defaultRealtimeLimits };
  for (const name of Object.keys(defaultRealtimeLimits) as (keyof ResolvedLimits)[]) {
    const value = limits[name];
    if (value === undefined) continue;
    if (typeof value !== "number" || !(value > 0)) {
      throw new RangeError(`limits.${name} must be a number above 0, and is ${String(value)}`);
    }
    resolved[name] = value;
  }
  return resolved;
}
