/**
 * What Web IDL does to arguments before a method sees them, and how it lays out a class, as far as the standard's
 * interfaces need it (https://webidl.spec.whatwg.org/).
 */

const maxUnsignedShort = 65_535;

/**
 * Keeps Web IDL §3.7.1 and §3.7.7: too few arguments are a TypeError.
 *
 * @throws TypeError
 */
export function requireArguments(given: number, required: number, what: string): void {
  if (given >= required) return;
  throw new TypeError(`${what}: ${String(required)} argument required, but only ${String(given)} present`);
}

/**
 * The conversion to DOMString (Web IDL §3.2.9).
 *
 * @throws TypeError for a symbol, and whatever the value's own conversion throws
 */
export function toDOMString(value: unknown): string {
  // `String` would describe it.
  if (typeof value === "symbol") throw new TypeError("a symbol cannot be converted to a string");
  return String(value);
}

/**
 * The conversion to USVString (Web IDL §3.2.11): lone surrogates become U+FFFD.
 *
 * @throws as `toDOMString`
 */
export function toUSVString(value: unknown): string {
  return toDOMString(value).replace(/\p{Surrogate}/gu, "\ufffd");
}

/**
 * The conversion to `[Clamp] unsigned short` (Web IDL §3.3.3): not a number is 0, and a half goes to the even neighbor.
 *
 * @throws TypeError for a symbol or a bigint, and whatever the value's own conversion throws
 */
export function toClampedUnsignedShort(value: unknown): number {
  const number = toNumber(value);
  if (Number.isNaN(number)) return 0;
  const clamped = Math.min(Math.max(number, 0), maxUnsignedShort);
  const floor = Math.floor(clamped);
  const rest = clamped - floor;
  if (rest === 0.5) return floor + (floor % 2);
  return rest < 0.5 ? floor : floor + 1;
}

/**
 * The conversion to `unsigned short` (Web IDL §3.2.4.4): what does not fit goes around.
 *
 * @throws as `toClampedUnsignedShort`
 */
export function toUnsignedShort(value: unknown): number {
  const number = toNumber(value);
  if (!Number.isFinite(number)) return 0;
  const modulus = maxUnsignedShort + 1;
  // Adding 0 makes +0 of -0.
  return (((Math.trunc(number) % modulus) + modulus) % modulus) + 0;
}

/**
 * The conversion to `[EnforceRange] unsigned short` (Web IDL §3.2.4.9): a whole number from 0 to 65535.
 *
 * @throws TypeError naming `what` for any other number; as `toClampedUnsignedShort`
 */
export function toEnforcedUnsignedShort(value: unknown, what: string): number {
  // Adding 0 makes +0 of -0.
  const number = Math.trunc(toNumber(value)) + 0;
  if (number >= 0 && number <= maxUnsignedShort) return number;
  throw new TypeError(`${what} must be a number from 0 to ${String(maxUnsignedShort)}`);
}

/**
 * The conversion to a dictionary (Web IDL §3.2.17): its members are read from what this returns.
 *
 * @throws TypeError for anything but an object, `undefined` and `null`
 */
export function toDictionary(value: unknown, what: string): object {
  if (value === undefined || value === null) return {};
  if (typeof value === "object" || typeof value === "function") return value;
  throw new TypeError(`${what} must be an object`);
}

/**
 * The conversion to `sequence<USVString>` (Web IDL §3.2.21).
 *
 * @throws TypeError for anything that is no object with an iterator, strings among them
 */
export function toSequence(value: unknown, what: string): string[] {
  if ((typeof value === "object" || typeof value === "function") && value !== null && Symbol.iterator in value) {
    return Array.from(value as Iterable<unknown>, toUSVString);
  }
  throw new TypeError(`${what} must be a list of strings`);
}

function toNumber(value: unknown): number {
  // `Number` takes it.
  if (typeof value === "bigint") throw new TypeError("a bigint cannot be converted to a number");
  return Number(value);
}

/**
 * The conversion to `(DOMString or sequence<DOMString>)` (Web IDL §3.2.24): an object with an iterator is a sequence.
 *
 * @throws TypeError for a symbol, or an iterator that is no function, and whatever the value's own conversions throw
 */
export function toStringOrSequence(value: unknown): string | string[] {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return toDOMString(value);
  const method: unknown = Reflect.get(value, Symbol.iterator);
  if (method === undefined || method === null) return toDOMString(value);
  if (typeof method !== "function") throw new TypeError("the iterator of a sequence must be a function");
  return Array.from(value as Iterable<unknown>, toDOMString);
}

/** What `send` can be given, after conversion: octets to be read now or later, or text. */
export type ConvertedData = string | Blob | Uint8Array;

/**
 * The conversion to `(BufferSource or Blob or USVString)` (Web IDL §3.2.24). Octets are not copied. Lone surrogates stay:
 * whoever writes the message as UTF-8 replaces them.
 *
 * @throws TypeError for octets in memory that others may change or that may change its size (§3.2.26: without
 *   `[AllowShared]` and `[AllowResizable]`), for a symbol, and whatever the value's own conversion throws
 */
export function toSendData(value: unknown): ConvertedData {
  if (typeof value === "string") return value;
  if (value instanceof Blob) return value;
  if (ArrayBuffer.isView(value)) {
    // By its tag, since a buffer may come from another realm.
    if (tagOf(value.buffer) === "[object SharedArrayBuffer]") throw new TypeError("a view of shared memory");
    requireFixedSize(value.buffer);
    return octetsAt(value.buffer, value.byteOffset, value.byteLength);
  }
  if (isArrayBuffer(value)) {
    requireFixedSize(value);
    return octetsAt(value, 0, value.byteLength);
  }
  return toDOMString(value);
}

function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return value instanceof ArrayBuffer || (typeof value === "object" && tagOf(value) === "[object ArrayBuffer]");
}

function requireFixedSize(buffer: ArrayBufferLike): void {
  if (Reflect.get(buffer, "resizable") === true) throw new TypeError("a buffer that can be resized");
}

function octetsAt(buffer: ArrayBufferLike, offset: number, length: number): Uint8Array {
  // Web IDL §3.2.25: what was transferred away holds no octets; viewing it would throw.
  return length === 0 ? new Uint8Array(0) : new Uint8Array(buffer, offset, length);
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}

/** Lays out the prototype of an interface: members are enumerable (Web IDL §3.7.6, §3.7.7), its name is its tag. */
export function layOutInterface(prototype: object, name: string, members: readonly string[]): void {
  for (const member of members) Object.defineProperty(prototype, member, { enumerable: true });
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
}

/** Defines constants on an interface object or its prototype: to be read only (Web IDL §3.7.5). */
export function defineConstants(target: object, constants: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(constants)) {
    Object.defineProperty(target, name, { value, enumerable: true });
  }
}
