/**
 * Refusals as somebody who observes the server sees them.
 */
import type { Refusal } from "../protocol/index.js";
import type { Observer } from "../socket/index.js";

/** A response that refuses, and what stands behind it. */
export interface ReasonedRefusal extends Refusal {
  /** The code of the error, or of the server's decision. */
  readonly code: string;
  readonly section?: string | undefined;
  readonly observed?: string | number | undefined;
  /** The limit that was reached, where it is one. */
  readonly limit?: number | undefined;
}

/** Tells of a handshake that was refused, and of the limit behind that. */
export function tellRefused(
  observer: Observer | undefined,
  refusal: ReasonedRefusal,
  remoteAddress: string | undefined,
): void {
  const { code, status, section, observed, limit } = refusal;
  const error = refusal instanceof Error ? refusal : undefined;
  observer?.refused?.({ code, status, error, remoteAddress });
  if (limit === undefined) return;
  observer?.limit?.({ code, section, observed: typeof observed === "number" ? observed : undefined, limit }, undefined);
}
