/**
 * Whether to connect again, and when: the policy of `src/reconnect`, with the close codes of this protocol.
 */
import type { Settings } from "../../reconnect/options.js";
import { type Delay, delayAfter, healsByItself, type Refusal } from "../../reconnect/policy.js";
import type { Loss } from "../../reconnect/reconnecting-socket.js";
import { RealtimeCloseCode } from "../wire/errors.js";
import type { ConnectionLoss } from "./client.js";

// RFC 6455's registry: try again later. It asks for 5 to 30 seconds, and so does too many requests.
const tryAgainLater = 1013;

/**
 * Whether another attempt may have another result.
 *
 * @param hasFreshToken whether the next attempt comes with another token
 */
export function heals(loss: ConnectionLoss, refusal: Refusal | undefined, hasFreshToken: boolean): boolean {
  if (loss.kind === "attempt-failed") {
    const { name, code } = (loss.error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
    // By its name, since there are two classes of it. No attempt ever makes sense.
    return name !== "UsageError" && code !== "url-invalid" && healsByItself(loss, refusal);
  }
  const { code, initiator } = loss.report;
  if (initiator === "us") return true;
  if (code === RealtimeCloseCode.Unauthenticated) return hasFreshToken;
  return (
    code === RealtimeCloseCode.HelloTimeout ||
    code === RealtimeCloseCode.TooManyRequests ||
    healsByItself(loss as Loss, undefined)
  );
}

/** How long to wait; see `delayAfter`. */
export function delayOf(
  loss: ConnectionLoss,
  refusal: Refusal | undefined,
  failures: number,
  settings: Settings,
  random: number,
): Delay {
  const isTooMuch = loss.kind === "connection-lost" && loss.report.code === RealtimeCloseCode.TooManyRequests;
  const judged = isTooMuch ? { ...loss, report: { ...loss.report, code: tryAgainLater } } : loss;
  // It looks at the code.
  return delayAfter(judged as Loss, refusal, failures, settings, random);
}
