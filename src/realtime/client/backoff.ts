/**
 * Whether to connect again, and when: the policy of `src/reconnect`, with the close codes of this protocol.
 */
import type { Settings } from "../../reconnect/options.js";
import { type Delay, delayAfter, healsByItself, type Refusal } from "../../reconnect/policy.js";
import type { Loss } from "../../reconnect/reconnecting-socket.js";
import { RealtimeCloseCode } from "../wire/index.js";

// RFC 6455's registry: try again later. It asks for 5 to 30 seconds, and so does too many requests.
const tryAgainLater = 1013;

/**
 * Whether another attempt may have another result.
 *
 * @param hasFreshToken whether the next attempt comes with another token
 */
export function heals(loss: Loss, refusal: Refusal | undefined, hasFreshToken: boolean): boolean {
  // By its name, since there are two classes of it. No attempt ever makes sense.
  if (loss.kind === "attempt-failed") {
    return (loss.error as Error | undefined)?.name !== "UsageError" && healsByItself(loss, refusal);
  }
  const { code, initiator } = loss.report;
  if (initiator === "us") return true;
  if (code === RealtimeCloseCode.Unauthenticated) return hasFreshToken;
  return (
    code === RealtimeCloseCode.HelloTimeout ||
    code === RealtimeCloseCode.TooManyRequests ||
    healsByItself(loss, undefined)
  );
}

/** How long to wait; see `delayAfter`. */
export function delayOf(
  loss: Loss,
  refusal: Refusal | undefined,
  failures: number,
  settings: Settings,
  random: number,
): Delay {
  const isTooMuch = loss.kind === "connection-lost" && loss.report.code === RealtimeCloseCode.TooManyRequests;
  const judged: Loss = isTooMuch ? { ...loss, report: { ...loss.report, code: tryAgainLater } } : loss;
  return delayAfter(judged, refusal, failures, settings, random);
}
