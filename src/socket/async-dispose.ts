/**
 * What `await using` calls, also where the platform does not know it yet.
 */

/** Not every platform has the symbol; what compiles `await using` for those looks for this one. */
export const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");
