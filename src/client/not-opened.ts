/**
 * Connections that did not come about, as somebody who observes the client sees them.
 */
import { OpenlineError, ruleOf, UsageError } from "../protocol/index.js";
import type { Observer } from "../socket/index.js";
import { RedirectError, UpgradeRefusedError } from "./errors.js";

/** Tells of an attempt that has failed, and of the limit behind that. A call that made no sense was none. */
export function tellNotOpened(observer: Observer | undefined, error: unknown): void {
  if (observer === undefined || error instanceof UsageError) return;
  observer.refused?.({
    // Anything else is the reason that the application gave when it aborted.
    code: error instanceof OpenlineError ? error.code : "aborted",
    status: error instanceof UpgradeRefusedError || error instanceof RedirectError ? error.status : undefined,
    error: error instanceof Error ? error : undefined,
    remoteAddress: undefined,
  });
  const tellLimit = observer.limit;
  if (tellLimit === undefined) return;
  const rule = ruleOf(error);
  if (rule?.limit !== undefined) tellLimit(rule, undefined);
}
