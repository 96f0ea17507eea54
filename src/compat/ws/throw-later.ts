/**
 * Throws what a listener or a callback of the application's has thrown, where nobody of ours is in the way: as an event
 * emitter's own errors, it is the process's `uncaughtException`.
 */
export function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
