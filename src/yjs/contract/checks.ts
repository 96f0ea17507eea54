/**
 * What clients may ask documents with, as schemas.
 */
import type { Schema } from "../../realtime/contract/index.js";

/** Says what is wrong with a value; undefined: nothing. */
type Check = (value: unknown) => string | undefined;

/** Characters of a document's name, and of other names. */
export const maxNameLength = 512;

// What no encoding has.
const loneSurrogate = /\p{Surrogate}/u;

/** A name: not empty, and not endless. */
export function name(value: unknown): string | undefined {
  if (typeof value === "string" && value.length > 0 && value.length <= maxNameLength && !loneSurrogate.test(value)) {
    return undefined;
  }
  return `must be a text of 1 to ${maxNameLength} characters`;
}

/** Octets. */
export function octets(value: unknown): string | undefined {
  return value instanceof Uint8Array ? undefined : "must be octets";
}

/** A number that Yjs knows a client by. */
export function clientId(value: unknown): string | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : "must be a whole number from 0";
}

/** What may be left out. */
export function optional(check: Check): Check {
  return (value) => (value === undefined || value === null ? undefined : check(value));
}

/** A schema for objects whose members are checked one by one. Others are not taken over. */
export function membersOf<Value extends object>(checks: { readonly [Member in keyof Value]-?: Check }): Schema<Value> {
  const members = Object.entries<Check>(checks);
  return {
    "~standard": {
      version: 1,
      vendor: "openline",
      validate: (value) => {
        if (typeof value !== "object" || value === null) return { issues: [{ message: "must be an object" }] };
        const given = value as Readonly<Record<string, unknown>>;
        const taken: Record<string, unknown> = {};
        for (const [member, check] of members) {
          const message = check(given[member]);
          if (message !== undefined) return { issues: [{ message: `${member} ${message}`, path: [member] }] };
          if (given[member] !== undefined && given[member] !== null) taken[member] = given[member];
        }
        return { value: taken as Value };
      },
    },
  };
}
