/**
 * Changes of something with keys, for who takes them more slowly than they come.
 */

/** Keys that have another value, and keys that are gone. */
export interface Changes<Value> {
  readonly set: ReadonlyMap<string, Value>;
  readonly gone: ReadonlySet<string>;
}

/** What has changed after both, where there is a first one. */
export function merged<Value>(first: Changes<Value> | undefined, second: Changes<Value>): Changes<Value> {
  if (first === undefined) return second;
  const set = new Map(first.set);
  const gone = new Set(first.gone);
  for (const key of second.gone) {
    set.delete(key);
    gone.add(key);
  }
  for (const [key, value] of second.set) {
    set.set(key, value);
    gone.delete(key);
  }
  return { set, gone };
}
