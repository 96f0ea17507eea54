/**
 * Checks of what stands in frames. A check is a function that returns where something is wrong: "" for the value itself,
 * ".user" or "[3]" for a part of it; undefined where all is right.
 */
import { maxNameLength } from "./limits.js";

/** See the head of this file. The type parameter is what a value is that passes. */
export interface Check<Value> {
  (value: unknown): string | undefined;
  /** Never there. */
  readonly passes?: Value;
}

function check<Value>(isRight: (value: unknown) => boolean): Check<Value> {
  return (value) => (isRight(value) ? undefined : "");
}

/** Whatever the application likes. */
export const anything: Check<unknown> = () => undefined;

/** A boolean. */
export const flag: Check<boolean> = check((value) => typeof value === "boolean");

/** A string of so many UTF-16 code units. */
export function text(min: number = 0, max: number = Infinity): Check<string> {
  return check((value) => typeof value === "string" && value.length >= min && value.length <= max);
}

/** A name: of a channel, a call, a key. */
export const name: Check<string> = text(1, maxNameLength);

/** A position, an epoch, a revision. */
export const place: Check<string> = text(0, maxNameLength);

/** A whole number in a range, ends included. */
export function whole(min: number, max: number = Infinity): Check<number> {
  return check((value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max);
}

/** A number that is neither infinite nor none. */
export const finite: Check<number> = check(Number.isFinite);

/** Octets. */
export const octets: Check<Uint8Array> = check((value) => value instanceof Uint8Array);

/** What passes one of two checks. */
export function either<A, B>(a: Check<A>, b: Check<B>): Check<A | B> {
  return (value) => (a(value) === undefined ? undefined : b(value));
}

/** `null`, or what passes. */
export function nullable<Value>(inner: Check<Value>): Check<Value | null> {
  return (value) => (value === null ? undefined : inner(value));
}

/** What may be missing. */
export function optional<Value>(inner: Check<Value>): Check<Value | undefined> {
  return (value) => (value === undefined ? undefined : inner(value));
}

/** An array of what passes. */
export function list<Value>(inner: Check<Value>): Check<readonly Value[]> {
  return (value) => {
    if (!Array.isArray(value)) return "";
    for (let index = 0; index < value.length; index++) {
      const fault = inner(value[index]);
      if (fault !== undefined) return `[${index}]${fault}`;
    }
    return undefined;
  };
}

/** An array with a check for each element; more elements are no fault, fewer are those that are missing. */
export function tuple<Values extends readonly unknown[]>(
  ...checks: { readonly [Index in keyof Values]-?: Check<Values[Index]> }
): Check<Values> {
  return (value) => {
    if (!Array.isArray(value)) return "";
    for (let index = 0; index < checks.length; index++) {
      const fault = checks[index]?.(value[index]);
      if (fault !== undefined) return `[${index}]${fault}`;
    }
    return undefined;
  };
}

/** An object with a check for each member that is known; others are no fault. */
export function object<Value extends object>(
  members: {
    readonly [Key in keyof Value]-?: Check<Value[Key]>;
  },
): Check<Value> {
  const entries = Object.entries<Check<unknown>>(members);
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return "";
    for (const [key, inner] of entries) {
      const fault = inner((value as Readonly<Record<string, unknown>>)[key]);
      if (fault !== undefined) return `.${key}${fault}`;
    }
    return undefined;
  };
}
