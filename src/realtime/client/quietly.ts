/**
 * Promises whose rejection nobody has to handle.
 */

/** The same promise; its rejection ends no process when nobody looks at it. */
export function quietly<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}
