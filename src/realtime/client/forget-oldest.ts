/**
 * Remembering no more than so much.
 */

/** Removes what was put into a set or a map first, until no more than `max` are left. */
export function forgetOldest<Key>(
  remembered: { readonly size: number; keys(): Iterable<Key>; delete(key: Key): unknown },
  max: number,
): void {
  for (const oldest of remembered.keys()) {
    if (remembered.size <= max) return;
    remembered.delete(oldest);
  }
}
