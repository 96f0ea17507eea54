/**
 * How messages are compressed: the options of permessage-deflate (RFC 7692 §7.1), and what both ends make of them.
 */
import type { DeflateContext, WantedParameters } from "../protocol/index.js";
import {
  type CompressionCounters,
  createDeflateContext,
  maxWindowBits,
  minWindowBits,
  UsageError,
  WindowMemory,
} from "../protocol/index.js";
import type { Platform } from "../transport/index.js";

/** What can be set about permessage-deflate (RFC 7692). */
export interface PerMessageDeflateOptions {
  /** Whether the server begins each message with an empty window, which keeps no memory for it. Default false. */
  readonly serverNoContextTakeover?: boolean;
  /** Whether the client does. Default false. */
  readonly clientNoContextTakeover?: boolean;
  /** The longest window of the server's, as the base-2 logarithm of its octets, from 8 to 15. Default 12: 4 KiB. */
  readonly serverMaxWindowBits?: number;
  /** The longest window of the client's. From 8 to 15. Default 12. */
  readonly clientMaxWindowBits?: number;
  /** Octets of a message below which it goes out as it is. Default 256. */
  readonly thresholdBytes?: number;
  /**
   * How hard to try, from 1, the fastest, to 9, the smallest. On Node, 1 to 3 are one for messages below 64 KiB.
   * Default 3.
   */
  readonly level?: number;
  /**
   * Octets that all windows together may take, in a budget of its own. Default: 96 MiB that all servers and clients of
   * the process share.
   */
  readonly maxWindowMemoryBytes?: number;
}

/** The options with every default filled in, but those that `createDeflateContext` knows. */
export interface ResolvedDeflateOptions {
  readonly wanted: WantedParameters;
  readonly thresholdBytes: number | undefined;
  readonly level: number | undefined;
  readonly maxWindowMemoryBytes: number | undefined;
}

// Eight times as much takes twice as long for JSON of 1 KiB, 1.3 to 1.5 times for 4 KiB. Of four kinds of JSON, one got no
// shorter by it, two a tenth, and one, whose long values come again after many messages, two fifths.
const defaultWindowBits = 12;

/**
 * Fills in the defaults.
 *
 * @returns undefined where nothing is to be compressed
 * @throws UsageError `invalid-limit`, `invalid-argument`
 */
export function resolveDeflateOptions(
  given: boolean | PerMessageDeflateOptions | undefined,
): ResolvedDeflateOptions | undefined {
  if (given === false) return undefined;
  const options = given === undefined || given === true ? {} : given;
  if (typeof options !== "object" || options === null) {
    throw new UsageError("invalid-argument", typeof given, undefined, "perMessageDeflate is a boolean or options");
  }
  const bits = (name: "serverMaxWindowBits" | "clientMaxWindowBits"): number =>
    inRange(name, options[name], minWindowBits, maxWindowBits) ?? defaultWindowBits;
  return {
    wanted: {
      serverNoContextTakeover: options.serverNoContextTakeover === true,
      clientNoContextTakeover: options.clientNoContextTakeover === true,
      serverMaxWindowBits: bits("serverMaxWindowBits"),
      clientMaxWindowBits: bits("clientMaxWindowBits"),
    },
    thresholdBytes: inRange("thresholdBytes", options.thresholdBytes, 0, Number.MAX_SAFE_INTEGER),
    level: inRange("level", options.level, 1, 9),
    maxWindowMemoryBytes: inRange("maxWindowMemoryBytes", options.maxWindowMemoryBytes, 0, Number.MAX_SAFE_INTEGER),
  };
}

function inRange(name: string, given: number | undefined, min: number, max: number): number | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "number" || !Number.isInteger(given) || given < min || given > max) {
    throw new UsageError("invalid-limit", String(given), max, name);
  }
  return given;
}

/** What the connections of one server or client share; undefined where nothing is to be, or can be, compressed. */
export function createCompression(
  options: ResolvedDeflateOptions | undefined,
  { compression }: Platform,
): DeflateContext | undefined {
  if (options === undefined || compression === undefined) return undefined;
  const { thresholdBytes, level, maxWindowMemoryBytes } = options;
  return createDeflateContext(compression.compressor(), {
    inflationMemory: compression.inflations,
    memory: maxWindowMemoryBytes === undefined ? compression.windows : new WindowMemory(maxWindowMemoryBytes),
    ...(thresholdBytes === undefined ? {} : { thresholdBytes }),
    ...(level === undefined ? {} : { level }),
  });
}

/** What has been compressed so far, and what is kept for it. */
export interface CompressionReport extends Readonly<CompressionCounters> {
  /** Milliseconds that compressing and inflating on this thread took, for the whole process. */
  readonly spentMs: number;
  /** Octets reserved for peers' windows, in the budget that counts here. */
  readonly reservedBytes: number;
  /** Octets that senders' windows hold. */
  readonly lentBytes: number;
  /** Senders that hold a window. */
  readonly lentCount: number;
  /** How often a sender had to forget its window for others. */
  readonly forgottenCount: number;
}

/** Reads it. */
export function reportCompression(context: DeflateContext, { compression }: Platform): CompressionReport {
  const { reservedBytes, lentBytes, lentCount, forgottenCount } = context.memory;
  const spentMs = compression?.spentMs() ?? 0;
  return { ...context.counters, spentMs, reservedBytes, lentBytes, lentCount, forgottenCount };
}
