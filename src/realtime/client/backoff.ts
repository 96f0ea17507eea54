/**
 * Whether to connect again, and when: by the policy of `src/reconnect`, to which the close codes of this protocol are told as
 * those of the registry that mean the same.
 */
import { healsByItself, type Refusal } from "../../reconnect/policy.js";
import type { Loss } from "../../reconnect/reconnecting-socket.js";
import { helloTimeout, tooManyRequests, unauthenticated } from "../wire/close-codes.js";
import type { ConnectionLoss } from "./client.js";

// RFC 6455's registry: going away; try again later, which asks for 5 to 30 seconds.
const goingAway = 1001;
const tryAgainLater = 1013;

/**
 * What was lost, as the policy understands it.
 *
 * @param hasFreshToken whether the next attempt comes with another token
 */
export function understood(loss: ConnectionLoss, hasFreshToken: boolean): Loss {
  if (loss.kind === "attempt-failed") return loss;
  let { code } = loss.report;
  if (code === tooManyRequests) code = tryAgainLater;
  if (code === helloTimeout || (code === unauthenticated && hasFreshToken)) code = goingAway;
  // It looks at no more than there is.
  return { ...loss, report: { ...loss.report, code } } as Loss;
}

/** Whether another attempt may have another result. */
export function heals(loss: Loss, refusal: Refusal | undefined): boolean {
  const { name, code } = ((loss as { readonly error?: unknown }).error ?? {}) as {
    readonly name?: unknown;
    readonly code?: unknown;
  };
  // By its name, since there are two classes of it. No attempt ever makes sense.
  return name !== "UsageError" && code !== "url-invalid" && healsByItself(loss, refusal);
}
