/**
 * What to throw where the platform cannot do what is asked.
 */
import { PlainUsageError } from "../protocol/plain-usage-error.js";

/** @param what it is, and what to do instead */
export function unsupported(what: string, observed?: number, limit?: number): PlainUsageError {
  return new PlainUsageError("unsupported-by-platform", observed, limit, what);
}
