/**
 * Octets, copied.
 */

// Looked up once: engines look up what hangs on a prototype anew at every call. By the method of plain octets, since a
// Buffer's own `slice` is a view.
const sliceOf = Reflect.get(Uint8Array.prototype, "slice") as (
  this: Uint8Array,
  start: number,
  end: number,
) => Uint8Array;

/** A copy of the octets from `start` to `end`, with memory of its own. */
export function copyOctets(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return sliceOf.call(bytes, start, end);
}
