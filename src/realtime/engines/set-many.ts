/**
 * Many keys of a state at once, with engines that have no way of their own for it.
 */
import type { StateEngine } from "./engine.js";

/** As `StateEngine.setMany`. */
export async function setMany(
  states: StateEngine,
  channel: string,
  entries: readonly (readonly [key: string, value: unknown])[],
  deleted: readonly string[],
): Promise<void> {
  if (states.setMany !== undefined) {
    await states.setMany(channel, entries, deleted);
    return;
  }
  const done = await Promise.allSettled([
    ...entries.map(([key, value]) => states.set(channel, key, value, undefined)),
    ...deleted.map((key) => states.delete(channel, key, undefined)),
  ]);
  for (const result of done) if (result.status === "rejected") throw result.reason;
}
