/**
 * Calling handlers.
 */
import { isThenable } from "./thenable.js";

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

/** The same for a handler of a socket's, which has its own way with what handlers throw. */
export function callHandler(
  owner: { handlerFailed(error: unknown, during: string): void },
  during: string,
  handler: () => unknown,
): void {
  callAside(handler, (error) => owner.handlerFailed(error, during));
}
