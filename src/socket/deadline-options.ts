/**
 * How long what may take, once a connection is open: the options, their defaults, and the reasons for these.
 */
import { UsageError } from "../protocol/index.js";

/** The longest delay that timers keep (2^31 - 1 ms, some 24 days); beyond it they fire at once. */
export const maxTimerMs = 0x7fffffff;

/** How a peer is found out that is not there any more (RFC 6455 §5.5.2). */
export interface HeartbeatOptions {
  /** Milliseconds without anything from the peer, be it one octet, after which it is sent a ping. Default 25,000. */
  readonly intervalMs?: number;
  /** Milliseconds without anything from the peer, after that ping, after which the socket is terminated. Default 20,000. */
  readonly timeoutMs?: number;
  /**
   * By which part of `intervalMs` a ping may come earlier, from 0 to 1, so that many sockets do not ping in the same
   * moment. Default 0.2.
   */
  readonly jitter?: number;
}

/** What can be set about time. */
export interface DeadlineOptions {
  /** Finds out peers that are not there any more, and keeps connections alive through proxies. False: not at all. */
  readonly heartbeat?: false | HeartbeatOptions;
  /**
   * Milliseconds from the first octet of a message to its last, where it does not come at once; the time in which this
   * side has stopped reading does not count. Beyond it, the socket is closed with 1008. Default 120,000. False: any.
   */
  readonly messageTimeoutMs?: number | false;
  /**
   * Milliseconds in which a peer takes nothing of what waits for it, after which the socket is terminated.
   * Default 60,000. False: any.
   */
  readonly sendTimeoutMs?: number | false;
  /** Milliseconds without a message in either direction, after which the socket is closed with 1001. Default false: any. */
  readonly idleTimeoutMs?: number | false;
}

/** The same with every default filled in; undefined stands for no deadline. */
export interface ResolvedDeadlines {
  readonly heartbeat: Required<HeartbeatOptions> | undefined;
  readonly messageTimeoutMs: number | undefined;
  readonly sendTimeoutMs: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  /** Milliseconds by which all of these may be late. */
  readonly stepMs: number;
}

// Proxies and load balancers cut what was silent for 60 s (nginx, AWS) or 55 s (Heroku): two pings come before that, should
// one be late. More often, and a telephone's radio would hardly ever rest.
const defaultIntervalMs = 25_000;
// A change of mobile networks takes seconds, and TCP has sent six times again by then. With the interval, who is gone is
// found within 45 s.
const defaultTimeoutMs = 20_000;
// Ten thousand sockets that fell silent together ping over five seconds.
const defaultJitter = 0.2;
// The largest message that the limits allow by default, at 1.1 Mbit/s; what takes longer should come in more messages.
const defaultMessageTimeoutMs = 120_000;
// What common proxies allow between two writes. Longer than the heartbeat, so that who is gone is called that.
const defaultSendTimeoutMs = 60_000;

// Deadlines are late by an eighth of the shortest, but there is no use in more than a timer a second.
const stepsPerDeadline = 8;
const minStepMs = 10;
const maxStepMs = 1000;

/**
 * Fills in the defaults.
 *
 * @throws UsageError `invalid-limit`, `invalid-argument`
 */
export function resolveDeadlines(given: DeadlineOptions): ResolvedDeadlines {
  const heartbeat = resolveHeartbeat(given.heartbeat);
  const messageTimeoutMs = deadline("messageTimeoutMs", given.messageTimeoutMs, defaultMessageTimeoutMs);
  const sendTimeoutMs = deadline("sendTimeoutMs", given.sendTimeoutMs, defaultSendTimeoutMs);
  const idleTimeoutMs = deadline("idleTimeoutMs", given.idleTimeoutMs, undefined);
  const all = [heartbeat?.intervalMs, heartbeat?.timeoutMs, messageTimeoutMs, sendTimeoutMs, idleTimeoutMs];
  const shortestMs = Math.min(...all.map((ms) => ms ?? Number.POSITIVE_INFINITY));
  const stepMs = Math.max(minStepMs, Math.min(Math.ceil(shortestMs / stepsPerDeadline), maxStepMs));
  return { heartbeat, messageTimeoutMs, sendTimeoutMs, idleTimeoutMs, stepMs };
}

function resolveHeartbeat(options: DeadlineOptions["heartbeat"] = {}): ResolvedDeadlines["heartbeat"] {
  if (options === false) return undefined;
  if (typeof options !== "object" || options === null) {
    throw new UsageError("invalid-argument", typeof options, undefined, "heartbeat is false or options");
  }
  const { jitter = defaultJitter } = options;
  if (typeof jitter !== "number" || !(jitter >= 0 && jitter <= 1)) {
    throw new UsageError("invalid-limit", String(jitter), 1, "jitter");
  }
  const intervalMs = milliseconds("intervalMs", options.intervalMs ?? defaultIntervalMs);
  const timeoutMs = milliseconds("timeoutMs", options.timeoutMs ?? defaultTimeoutMs);
  return { intervalMs, timeoutMs, jitter };
}

function deadline(name: string, given: number | false | undefined, defaultMs: number | undefined): number | undefined {
  if (given === undefined) return defaultMs;
  return given === false ? undefined : milliseconds(name, given);
}

function milliseconds(name: string, given: number): number {
  if (typeof given !== "number" || !Number.isInteger(given) || given < 1 || given > maxTimerMs) {
    throw new UsageError("invalid-limit", String(given), maxTimerMs, name);
  }
  return given;
}
