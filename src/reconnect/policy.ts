/**
 * Whether to connect again, and when.
 */
import type { Pace } from "./defaults.js";
import type { Loss } from "./reconnecting-socket.js";

// What a peer closes with that would happen again. 1000: it is done. 1002, 1003, 1007: it does not understand us.
// 1008, 3000, 3003: it does not want us. 1010: it lacks an extension. From 4000 on, codes are the application's own, which
// alone knows what they mean. Not among them is 1009: the message that was too long is not sent again.
const finalCloseCodes = [1000, 1002, 1003, 1007, 1008, 1010, 3000, 3003];
const firstPrivateCode = 4000;

/** What a failed attempt tells about the next, where the server has answered. */
export interface Refusal {
  /** Whether the next one may have another answer. */
  readonly mayPass: boolean;
  /** Milliseconds that the server has asked to wait for; 0 where it has not. */
  readonly retryAfterMs: number;
}

/**
 * Whether another attempt may have another result. The peer's word counts where it said one. Whatever the network does
 * passes, TLS included, since certificates are renewed; and so does what this side ended a connection for.
 */
export function healsByItself(loss: Loss, refusal: Refusal | undefined): boolean {
  if (loss.kind === "attempt-failed") return refusal?.mayPass !== false;
  const { code, initiator } = loss.report;
  return initiator === "us" || (code < firstPrivateCode && !finalCloseCodes.includes(code));
}

// RFC 6455 §7.2.3: "a value chosen randomly between 0 and 5 seconds is a reasonable initial delay"; after 1012, a whole
// server's clients come back.
const restartSpreadMs = 5000;
// The registry's entries for 1012 and 1013 speak of 5 to 30 seconds; a server that is overloaded gets them.
const overloadFloorMs = 5000;
const overloadSpreadMs = 25_000;

/** How long to wait. */
export interface Delay {
  /** Milliseconds that have to pass, whatever wakes us: the server has asked for them. */
  readonly floorMs: number;
  /** Milliseconds in all. */
  readonly delayMs: number;
}

/**
 * Full jitter: any time up to a bound that grows, so that clients which a restart threw off together do not come back
 * together (RFC 6455 §7.2.3).
 *
 * @param failures attempts that have failed since a connection was stable
 * @param random from 0 up to but not including 1
 */
export function delayAfter(
  loss: Loss,
  refusal: Refusal | undefined,
  failures: number,
  pace: Pace,
  random: number,
): Delay {
  const { minDelayMs, maxDelayMs, factor } = pace;
  const code = loss.kind === "connection-lost" ? loss.report.code : 0;
  const leastSpreadMs = code === 1013 ? overloadSpreadMs : code === 1012 ? restartSpreadMs : 0;
  // No bound grows from 0, not even by a factor that is beyond all numbers.
  const boundMs = minDelayMs && Math.min(maxDelayMs, minDelayMs * factor ** failures);
  const floorMs = code === 1013 ? overloadFloorMs : Math.min(refusal?.retryAfterMs ?? 0, pace.maxRetryAfterMs);
  return { floorMs, delayMs: floorMs + random * Math.max(boundMs, leastSpreadMs) };
}
