/**
 * Changes of something with keys, for who takes them more slowly than they come.
 */

/**
 * Adds an event to those that wait: there is one at most, with what has changed since the last one was taken.
 *
 * @param set the member with the keys that have another value
 * @param gone the member with the keys that are gone
 */
export function mergeEvent<SetName extends string, GoneName extends string, Event extends Changes<SetName, GoneName>>(
  waiting: Event[],
  event: Event,
  set: SetName,
  gone: GoneName,
): void {
  const last = waiting.pop();
  if (last === undefined) {
    waiting.push(event);
    return;
  }
  const all = new Map(last[set]);
  const none = new Set(last[gone]);
  for (const key of event[gone]) {
    all.delete(key);
    none.add(key);
  }
  for (const [key, value] of event[set]) {
    all.set(key, value);
    none.delete(key);
  }
  waiting.push({ ...event, [set]: all, [gone]: none });
}

type Changes<SetName extends string, GoneName extends string> = Readonly<
  Record<SetName, ReadonlyMap<string, unknown>>
> &
  Readonly<Record<GoneName, ReadonlySet<string>>>;
