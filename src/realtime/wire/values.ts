/**
 * Values of applications on their way into a codec and out of it: JSON's, and octets.
 */
import { maxDepth } from "./limits.js";

/** What a codec does with a value that JSON does not have, or that would be mistaken for one. */
export interface Translation {
  /** For octets. */
  octets(value: Uint8Array): unknown;
  /** For an object whose members have been translated. Absent: it stays as it is. */
  object?(value: Readonly<Record<string, unknown>>): unknown;
}

/** How deep a frame may nest that is encoded by itself. */
export const encodedDepth: number = maxDepth + 1;

/** How deep a message may nest, which may be a batch. */
export const decodedDepth: number = maxDepth + 2;

/** Octets, of whatever type. */
function octetsOf(value: object): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}

/**
 * A value with what JSON does not have replaced. What needs nothing is not copied.
 *
 * @param depth how deep it may nest: `encodedDepth` or `decodedDepth`
 * @throws RangeError where it nests deeper, as one does that contains itself
 */
export function translated(value: unknown, translation: Translation, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  const octets = octetsOf(value);
  if (octets !== undefined) return translation.octets(octets);
  if (depth === 0) throw new RangeError("nested too deep");
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return translated((value.toJSON as () => unknown)(), translation, depth - 1);
  }
  return Array.isArray(value)
    ? translatedArray(value, translation, depth)
    : translatedObject(value as Readonly<Record<string, unknown>>, translation, depth);
}

function translatedArray(value: readonly unknown[], translation: Translation, depth: number): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < value.length; index++) {
    const before = value[index];
    const after = translated(before, translation, depth - 1);
    if (after === before) continue;
    copy ??= [...value];
    copy[index] = after;
  }
  return copy ?? value;
}

function translatedObject(value: Readonly<Record<string, unknown>>, translation: Translation, depth: number): unknown {
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const before = value[key];
    const after = translated(before, translation, depth - 1);
    if (after === before) continue;
    copy ??= { ...value };
    // Not by assignment: the key may be "__proto__".
    Object.defineProperty(copy, key, { value: after, enumerable: true, configurable: true, writable: true });
  }
  const result = copy ?? value;
  return translation.object === undefined ? result : translation.object(result);
}
