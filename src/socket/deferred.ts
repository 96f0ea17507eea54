/**
 * Promises that somebody else settles, or that nobody need look at.
 */

/** The promise, and what resolves it. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
}

/** Makes one, resolved already where there is a value. */
export function deferred<Value>(value?: Value): Deferred<Value> {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((resolvePromise) => {
    resolve = resolvePromise;
  });
  if (value !== undefined) resolve(value);
  return { promise, resolve };
}

/** A rejection that ends no process when nobody looks at it. */
export function rejectedQuietly(error: Error): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => undefined);
  return promise;
}
