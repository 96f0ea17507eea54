/**
 * What a user can mend, so that it is said in a line and without where in the program it was found.
 */

/** See the head of this file. Its `stack`, which is what comes from a worker, is that line. */
export class KnownError extends Error {
  override readonly name = "KnownError";

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.stack = message;
  }
}

/** What is printed of something that was thrown. */
export function reportOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
