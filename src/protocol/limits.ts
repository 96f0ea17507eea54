/**
 * Every limit of the protocol core, with its default and the reason for it. All are inclusive.
 */
import { UsageError } from "./errors.js";

/** The limits of the protocol core. */
export interface Limits {
  /**
   * Octets in one message, all its fragments together. 1009 beyond it. Of a compressed one, octets after inflating; before
   * that it may be longer by a 128th and 64 octets.
   */
  readonly maxMessageBytes: number;
  /** Octets in one frame's payload, known from its header; of a compressed message's as above. 1009 beyond it. */
  readonly maxFrameBytes: number;
  /** Frames that make up one message. 1008 beyond it. */
  readonly maxFragmentsPerMessage: number;
  /**
   * Octets of memory that one unfinished message may hold, with the overhead of the objects that hold it
   * (capacity, not only what has arrived). 1009 beyond it.
   */
  readonly maxBufferedBytes: number;
  /** Header lines in a request or response of the opening handshake. */
  readonly maxHeaderCount: number;
  /** Octets of all header names and values of the opening handshake together. */
  readonly maxHeaderBytes: number;
}

/** The limits where none are given: fit for the open internet, and for the whole Autobahn suite. */
export const defaultLimits: Limits = {
  // The largest message of the Autobahn suite (9.1.6), which every implementation is expected to take. A peer has
  // to send what it makes us hold: memory is taken in steps as octets arrive, not when a length is announced.
  maxMessageBytes: 16 * 1024 * 1024,
  maxFrameBytes: 16 * 1024 * 1024,
  // Autobahn 9.3.1 sends 4 MiB in 65,536 fragments of 64 octets; twice that. Fragments are joined as they come, so
  // this bounds processor time (a message of endless empty fragments), not memory.
  maxFragmentsPerMessage: 131_072,
  // The largest message twice, while a full buffer is copied into the next one, and room for that one to grow ahead.
  maxBufferedBytes: 40 * 1024 * 1024,
  // Node's own defaults are 2,000 lines and 16 KiB; a browser's upgrade has some 15 lines and, with cookies, 4 KiB.
  maxHeaderCount: 128,
  maxHeaderBytes: 16 * 1024,
};

/**
 * Fills in the defaults and refuses what is no limit.
 *
 * @param given the limits to change; the others keep their defaults
 * @throws UsageError `invalid-limit` for a value that is not a whole number from 0 to 2^53 - 1
 */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  const resolved: Record<string, number> = { ...defaultLimits };
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    if (value === undefined) continue;
    if (!Object.hasOwn(defaultLimits, name)) {
      throw new UsageError("invalid-limit", name, undefined, "there is no limit of this name");
    }
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
      throw new UsageError("invalid-limit", typeof value === "number" ? value : typeof value, undefined, name);
    }
    resolved[name] = value;
  }
  return resolved as unknown as Limits;
}
