/**
 * Whether to connect again, and when.
 */
import type { Settings } from "./options.js";
import { maxTimerMs } from "./options.js";
import type { Loss } from "./reconnecting-socket.js";

// What a peer closes with that would happen again. 1000: it is done. 1002, 1003, 1007: it does not understand us.
// 1008, 3000, 3003: it does not want us. 1010: it lacks an extension. Not among them is 1009: the message that was too
// long is not sent again.
const finalCloseCodes: ReadonlySet<number> = new Set([1000, 1002, 1003, 1007, 1008, 1010, 3000, 3003]);
// Codes from here on are the application's own: it has said something that only the application understands.
const firstPrivateCode = 4000;

// What is below 500 is about the request, which will be the same; but for: 408 and 425, which are about time, and 429.
const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429]);
// 501: not implemented; 505: not this version of HTTP.
const finalStatuses: ReadonlySet<number> = new Set([501, 505]);

// RFC 6455 §7.2.3: "a value chosen randomly between 0 and 5 seconds is a reasonable initial delay"; after 1012, a whole
// server's clients come back.
const restartSpreadMs = 5000;
// The registry's entry for 1012 and 1013 speaks of 5 to 30 seconds; a server that is overloaded gets them.
const overloadFloorMs = 5000;
const overloadSpreadMs = 25_000;

/** An error as far as it tells whether it will come again. By its properties: in a browser it is of another class. */
interface Failure {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly status?: unknown;
  readonly headers?: { get(name: string): string | null };
}

function failureOf(loss: Loss): Failure {
  return loss.kind === "attempt-failed" && typeof loss.error === "object" && loss.error !== null ? loss.error : {};
}

/** Whether the call itself made no sense, so that no attempt ever can. */
export function isMisuse(loss: Loss): boolean {
  return failureOf(loss).name === "UsageError";
}

/**
 * Whether another attempt may have another result. The peer's word counts where it said one: an HTTP status, a status
 * code. Whatever the network does passes, TLS included, since certificates are renewed; and so does what this side ended a
 * connection for.
 */
export function healsByItself(loss: Loss): boolean {
  if (loss.kind === "connection-lost") {
    const { code, initiator } = loss.report;
    return initiator === "us" || !(code >= firstPrivateCode || finalCloseCodes.has(code));
  }
  const { name, status } = failureOf(loss);
  // An answer that breaks the protocol is how that server is.
  if (name === "UpgradeResponseError") return false;
  if (typeof status !== "number") return true;
  return passingStatuses.has(status) || (status >= 500 && !finalStatuses.has(status));
}

/** Milliseconds that the server has asked to wait for (RFC 9110 §10.2.3), bounded; 0 where it has not. */
export function retryAfterMs(loss: Loss, maxRetryAfterMs: number, nowMs: number): number {
  const { headers } = failureOf(loss);
  const value = headers?.get("retry-after") ?? "";
  // A date is the server's, and so is the clock it is compared with, where the answer tells it.
  const ms = /^\d+$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - (Date.parse(headers?.get("date") ?? "") || nowMs);
  return ms > 0 ? Math.min(ms, maxRetryAfterMs) : 0;
}

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
 * @param nowMs milliseconds since 1970
 */
export function delayAfter(loss: Loss, failures: number, settings: Settings, random: number, nowMs: number): Delay {
  const { minDelayMs, maxDelayMs, factor } = settings;
  // No bound grows from 0, not even by a factor that is beyond all numbers.
  let spreadMs = minDelayMs && Math.min(maxDelayMs, minDelayMs * factor ** failures);
  let floorMs = retryAfterMs(loss, settings.maxRetryAfterMs, nowMs);
  const code = loss.kind === "connection-lost" ? loss.report.code : 0;
  if (code === 1012) spreadMs = Math.max(spreadMs, restartSpreadMs);
  if (code === 1013) {
    floorMs = overloadFloorMs;
    spreadMs = Math.max(spreadMs, overloadSpreadMs);
  }
  return { floorMs, delayMs: Math.min(floorMs + random * spreadMs, maxTimerMs) };
}
