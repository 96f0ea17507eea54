/**
 * Refusals as the server's owner sees them: each with its reason.
 */
import type { Refusal, UpgradeRequestCode } from "../protocol/index.js";
import { UpgradeRequestError } from "../protocol/index.js";
import type { Observer } from "../socket/index.js";
import type { AdmissionCode } from "./errors.js";
import { AdmissionError } from "./errors.js";

/** Why a handshake was refused. "accept-refused" is a `Response` of the application's. */
export type UpgradeRefusalCode = UpgradeRequestCode | AdmissionCode | "accept-refused";

/** A response that refuses, with its reason. */
export interface ReasonedRefusal extends Refusal {
  readonly code: UpgradeRefusalCode;
  readonly section?: string | undefined;
  readonly observed?: string | number | undefined;
  /** The limit that was reached, where it is one. */
  readonly limit?: number | undefined;
}

/** A handshake that was refused. */
export interface UpgradeRefusal {
  readonly code: UpgradeRefusalCode;
  /** The HTTP status that it was answered with. */
  readonly status: number;
  /** The rule and what was seen. Undefined where the application refused. */
  readonly error: UpgradeRequestError | AdmissionError | undefined;
  /** Who was refused: their network address, as in `accept`. */
  readonly remoteAddress: string | undefined;
}

/** What there is to tell of a refusal. */
export function describeRefusal(refusal: ReasonedRefusal, remoteAddress: string | undefined): UpgradeRefusal {
  const { code, status } = refusal;
  const isError = refusal instanceof UpgradeRequestError || refusal instanceof AdmissionError;
  return { code, status, error: isError ? refusal : undefined, remoteAddress };
}

/** Tells whoever observes the server, also of the limit behind a refusal. */
export function tellRefused(
  observer: Observer | undefined,
  refusal: ReasonedRefusal,
  remoteAddress: string | undefined,
): void {
  observer?.refused?.(describeRefusal(refusal, remoteAddress));
  const { code, section, observed, limit } = refusal;
  if (limit === undefined) return;
  observer?.limit?.({ code, section, observed: typeof observed === "number" ? observed : undefined, limit }, undefined);
}
