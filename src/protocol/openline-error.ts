/**
 * What all errors have in common, in a file without the tables of rules: a build for browsers carries none.
 */

/** What every error of this package has: a stable code and the section of the specification it rests on. */
export abstract class OpenlineError extends Error {
  abstract readonly code: string;
  abstract readonly section: string | undefined;
}

/** The end of an error's message: what was seen, and what is allowed where that is a limit. */
export function seen(observed: unknown, limit: number | undefined): string {
  if (typeof observed !== "number" && typeof observed !== "string") return "";
  return `: got ${observed}${limit === undefined ? "" : `, the limit is ${limit}`}`;
}
