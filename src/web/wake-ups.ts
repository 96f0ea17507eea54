/**
 * What may have changed for the better, as a page or a worker hears of it.
 */

/** The parts of a global scope that not every platform has. */
type Place = Partial<Pick<typeof globalThis, "addEventListener" | "document">>;

/**
 * Calls `wake` when the network is back, and when somebody looks at the page again: in the background timers are late.
 *
 * @returns what stops it
 */
export function wakeUps(wake: () => void): () => void {
  const { document, addEventListener }: Place = globalThis;
  const stop = new AbortController();
  const { signal } = stop;
  addEventListener?.("online", wake, { signal });
  document?.addEventListener("visibilitychange", () => document.hidden || wake(), { signal });
  return () => stop.abort();
}
