/**
 * Counting what was dropped, among the events that wait.
 */

/** How many were dropped. */
interface Lost {
  readonly type: "lost";
  readonly count: number;
}

/**
 * Counts more of them as dropped, at a place among the events: where there is a count already, there or before, it grows.
 */
export function addLost(waiting: { readonly type: string }[], place: number, count: number): void {
  for (const near of [place, place - 1]) {
    const event = waiting[near];
    if (event?.type !== "lost") continue;
    const grown: Lost = { type: "lost", count: (event as Lost).count + count };
    waiting[near] = grown;
    return;
  }
  const lost: Lost = { type: "lost", count };
  waiting.splice(place, 0, lost);
}
