/**
 * What went wrong, and who is told.
 */

/** What the server says when it does not want this client. */
export const refusals: ReadonlySet<unknown> = new Set([
  "forbidden",
  "not-found",
  "wrong-kind",
  "unauthenticated",
  "client-closed",
]);

/** The code of an error; undefined where it has none. */
export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

/** Of what nobody listens to. */
export function printError(error: unknown): void {
  // eslint-disable-next-line no-console -- an error that nobody handles has no better place
  console.error("openline: document", error);
}
