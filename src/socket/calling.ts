/**
 * Calling handlers.
 */
import { isThenable } from "./delivery.js";

/**
 * Calls a handler whose promise nothing has to wait for.
 *
 * @param failed takes what it throws, or rejects with
 */
export function callAside(handler: () => unknown, failed: (error: unknown) => void): void {
  try {
    const result = handler();
    if (isThenable(result)) result.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}
