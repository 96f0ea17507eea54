/**
 * Waiting for what ends in one of several events, and leaving no listener behind: each step of dialing is this.
 */

/**
 * A promise that settles once and then undoes what it was set up with.
 *
 * @param signal when it is aborted first, the promise is rejected with its reason, at once
 * @param start sets up listeners and timers, and returns what takes them away again; it may settle at once
 */
export function settling<Result>(
  signal: AbortSignal,
  start: (resolve: (result: Result) => void, reject: (error: Error) => void) => () => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let isSettled = false;
    let undo: (() => void) | undefined;
    const settle = (): boolean => {
      if (isSettled) return false;
      isSettled = true;
      signal.removeEventListener("abort", onAbort);
      undo?.();
      return true;
    };
    const onAbort = (): void => {
      if (settle()) reject(signal.reason as Error);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    const fail = (error: Error): void => {
      if (settle()) reject(error);
    };
    try {
      undo = start((result) => {
        if (settle()) resolve(result);
      }, fail);
    } catch (error) {
      fail(error as Error);
      return;
    }
    // It was settled before there was anything to undo it with.
    if (isSettled) undo();
  });
}

/**
 * A promise of others', given up when the signal is aborted. Its own outcome is of no interest then.
 *
 * @param signal rejects with its reason
 */
export function unlessAborted<Result>(signal: AbortSignal, promise: PromiseLike<Result>): Promise<Result> {
  // Also where it was aborted before, a failure of the promise is not to be one that nobody handles.
  promise.then(undefined, () => undefined);
  return settling(signal, (resolve, reject) => {
    promise.then(resolve, reject);
    return () => undefined;
  });
}
