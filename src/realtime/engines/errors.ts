/**
 * What an engine may refuse, and why.
 */

/** The codes of `EngineError`. */
export const engineErrorCodes = [
  /** The engine cannot be reached, or cannot promise that what it is given is kept. The same may succeed later. */
  "unavailable",
  /** A compare-and-set found another revision; a group of media is not the newest any more. */
  "conflict",
  /** What would have to be kept is more than there is room for, and nothing may be dropped for it. */
  "full",
  /** A media frame that belongs to no group: none has begun with a key frame. */
  "no-key-frame",
  /** A media frame with which its group would be longer than `groupBytesMax`. */
  "too-large",
  /** The contract wants what this engine, as it is set up, cannot give. It is said at the start, and never later. */
  "not-guaranteed",
  /** The engine has been closed. */
  "closed",
] as const;

/** One of them. */
export type EngineErrorCode = (typeof engineErrorCodes)[number];

/** What a compare-and-set found in place of what it expected. */
export interface CurrentEntry {
  /** Absent when the key has none. */
  readonly value?: unknown;
  /** `null` when the key has no value. */
  readonly revision: string | null;
}

/** A request that an engine has not done. Nothing of it has been done then, unless the code is "unavailable". */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code: EngineErrorCode;
  /** With "conflict": what is there. */
  readonly current: CurrentEntry | undefined;

  constructor(code: EngineErrorCode, message: string, details: { current?: CurrentEntry; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.current = details.current;
  }
}
