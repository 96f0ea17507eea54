/**
 * Web IDL for the classes of the WHATWG standard: how what is passed in becomes what the algorithms take, and what an
 * interface object looks like from outside. https://webidl.spec.whatwg.org/
 */

/** Converts to a `DOMString`: what `String()` does, but for symbols, which throw a TypeError. */
export function toDOMString(value: unknown): string {
  // A template takes no symbol, where `String` does.
  // eslint-disable-next-line @typescript-eslint/restrict-template-expressions -- any value may come, and is converted
  return `${value}`;
}

// With the flag "u", a surrogate is one that has no partner.
const loneSurrogates = /\p{Surrogate}/gu;

/** Converts to a `USVString`: as `toDOMString`, with U+FFFD for each lone surrogate. */
export function toUSVString(value: unknown): string {
  return toDOMString(value).replace(loneSurrogates, "\uFFFD");
}

const maxUnsignedShort = 0xff_ff;

/** Converts to an `[EnforceRange] unsigned short`: a whole number from 0 to 65535, or a TypeError naming `what`. */
export function toUnsignedShort(value: unknown, what: string): number {
  // `Math.trunc` takes no bigint, where `Number` would. Adding 0 makes +0 of -0.
  const number = Math.trunc(value as number) + 0;
  if (number >= 0 && number <= maxUnsignedShort) return number;
  throw new TypeError(`${what} must be a number from 0 to ${maxUnsignedShort}`);
}

/**
 * Converts to a dictionary: its members are read from what this returns.
 *
 * @throws TypeError for anything but an object, `undefined` and `null`
 */
export function toDictionary(value: unknown, what: string): object {
  if (value === undefined || value === null) return {};
  if (typeof value === "object" || typeof value === "function") return value;
  throw new TypeError(`${what} must be an object`);
}

/**
 * Converts to a `sequence<USVString>`.
 *
 * @throws TypeError for anything that is no object with an iterator, strings among them
 */
export function toSequence(value: unknown, what: string): string[] {
  if ((typeof value === "object" || typeof value === "function") && value !== null && Symbol.iterator in value) {
    return Array.from(value as Iterable<unknown>, toUSVString);
  }
  throw new TypeError(`${what} must be a list of strings`);
}

/**
 * Makes a class look as its interface says: attributes and operations can be enumerated, and its instances have its name.
 *
 * @param members the names of its attributes and operations
 */
export function exposeInterface(prototype: object, name: string, members: readonly string[]): void {
  for (const member of members) Object.defineProperty(prototype, member, { enumerable: true });
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
}
