/**
 * Values of the application as engines keep them: copies that nobody else can change, and how much room they take.
 */
import { maxDepth } from "../wire/index.js";

// What an engine of JavaScript needs for an object, an array or a number beside its contents, about.
const objectBytes = 32;
const slotBytes = 8;
const numberBytes = 8;

/** A value that cannot be sent, since not every codec has it. */
export class ValueError extends Error {
  override readonly name = "ValueError";
  readonly code = "invalid-value";
}

/** A copy, and the octets of memory that it takes, about. */
export interface MeasuredValue {
  readonly value: unknown;
  readonly bytes: number;
}

interface Measure {
  bytes: number;
}

/** Octets that a string takes in memory at most. */
export function stringBytes(text: string): number {
  return 16 + 2 * text.length;
}

/**
 * Copies a value: `null`, booleans, finite numbers, strings, octets, arrays and plain objects of those. An object with
 * `toJSON` becomes what that returns, members that are undefined are left out, and undefined among others becomes `null`.
 *
 * @throws ValueError for anything else, and for what nests deeper than `maxDepth`
 */
export function copyValue(value: unknown): MeasuredValue {
  const measure: Measure = { bytes: 0 };
  return { value: copy(value, measure, 0), bytes: measure.bytes };
}

function copy(value: unknown, measure: Measure, depth: number): unknown {
  switch (typeof value) {
    case "string":
      measure.bytes += stringBytes(value);
      return value;
    case "number":
      if (!Number.isFinite(value)) throw new ValueError(`a number must be finite, and this is ${String(value)}`);
      measure.bytes += numberBytes;
      return value;
    case "boolean":
    case "undefined":
      measure.bytes += slotBytes;
      return value ?? null;
    case "object":
      return value === null ? null : copyObject(value, measure, depth);
    default:
      throw new ValueError(`a ${typeof value} cannot be sent`);
  }
}

function copyObject(value: object, measure: Measure, depth: number): unknown {
  if (depth >= maxDepth) throw new ValueError(`a value may nest ${maxDepth} levels deep`);
  measure.bytes += objectBytes;
  if (ArrayBuffer.isView(value)) return copyOctets(value.buffer, value.byteOffset, value.byteLength, measure);
  if (value instanceof ArrayBuffer) return copyOctets(value, 0, value.byteLength, measure);
  if (Array.isArray(value)) {
    measure.bytes += slotBytes * value.length;
    // By index: a hole is undefined here, and becomes null.
    return Array.from(value, (item) => copy(item, measure, depth + 1));
  }
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return copy((value.toJSON as () => unknown)(), measure, depth + 1);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) {
    throw new ValueError(`an object must be a plain one, and this is a ${value.constructor.name}`);
  }
  return copyMembers(value as Record<string, unknown>, measure, depth);
}

/** The octets of memory that a value takes, about, as `copyValue` counts them. Of what such a copy may be made of. */
export function valueBytes(value: unknown): number {
  if (typeof value === "string") return stringBytes(value);
  if (typeof value !== "object" || value === null) return slotBytes;
  if (ArrayBuffer.isView(value)) return objectBytes + value.byteLength;
  let bytes = objectBytes;
  if (Array.isArray(value)) {
    for (const item of value) bytes += slotBytes + valueBytes(item);
    return bytes;
  }
  for (const name of Object.keys(value)) {
    bytes += slotBytes + stringBytes(name) + valueBytes((value as Readonly<Record<string, unknown>>)[name]);
  }
  return bytes;
}

function copyOctets(buffer: ArrayBufferLike, start: number, byteLength: number, measure: Measure): Uint8Array {
  measure.bytes += byteLength;
  return new Uint8Array(buffer, start, byteLength).slice();
}

function copyMembers(value: Record<string, unknown>, measure: Measure, depth: number): Record<string, unknown> {
  const copied: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const member = value[name];
    if (member === undefined) continue;
    measure.bytes += slotBytes + stringBytes(name);
    const item = copy(member, measure, depth + 1);
    if (name === "__proto__") {
      // An assignment would set the prototype.
      Object.defineProperty(copied, name, { value: item, enumerable: true, configurable: true, writable: true });
    } else copied[name] = item;
  }
  return copied;
}
