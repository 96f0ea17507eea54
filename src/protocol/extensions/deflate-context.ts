/**
 * What all connections of a server or client share that use permessage-deflate.
 */
import type { Compressor, DeflateSettings } from "./compressor.js";
import { flushTailBytes } from "./compressor.js";
import type { OctetRange } from "./extension.js";
import { InflationMemory } from "./inflation-memory.js";
import { WindowMemory } from "./window-memory.js";

/** What has been compressed so far. Octets before and after are those of the messages that were. */
export interface CompressionCounters {
  sentMessages: number;
  sentBytesBefore: number;
  sentBytesAfter: number;
  /** Messages that were tried in vain: they did not get shorter, and went out as they were. */
  sentInVain: number;
  receivedMessages: number;
  receivedBytesBefore: number;
  receivedBytesAfter: number;
}

/** See the head of this file. */
export interface DeflateContext {
  readonly compressor: Compressor;
  readonly memory: WindowMemory;
  /** What messages that are not complete may become. */
  readonly inflationMemory: InflationMemory;
  readonly counters: CompressionCounters;
  /** How hard to try, from 1 to 9. */
  readonly level: number;
  /** Octets of a message below which it goes out as it is. */
  readonly thresholdBytes: number;
  /**
   * Octets of input from which on another thread does the work. Below `stableFromBytes`, whoever sends has to leave
   * shorter octets as they are, too.
   */
  readonly laterFromBytes: number;
  /** Octets that are inflated on the calling thread; for a message that is longer, another one begins again. */
  readonly maxInflatedAtOnceBytes: number;
}

/** What of it may be left out. */
export type DeflateContextOptions = Partial<Omit<DeflateContext, "compressor" | "counters">>;

/**
 * On Node, levels up to 3 are one for messages below 64 KiB. Measured on four kinds of JSON of 1 KiB behind a window of
 * 4 KiB: level 6 takes 2.2 to 2.6 times as long, and makes up to a seventh less of it.
 */
export const defaultLevel = 3;
/** What a shorter message would save is less than the headers of the packet that carries it. */
export const defaultThresholdBytes = 256;
/** From here on, to give the work to another thread costs less than a third of the work. */
export const defaultLaterFromBytes: number = 64 * 1024;
/** To inflate so much takes one to two milliseconds. */
export const defaultMaxInflatedAtOnceBytes: number = 1024 * 1024;

/** Fills in the defaults. */
export function createDeflateContext(compressor: Compressor, options: DeflateContextOptions = {}): DeflateContext {
  return {
    compressor,
    memory: options.memory ?? new WindowMemory(),
    inflationMemory: options.inflationMemory ?? new InflationMemory(),
    counters: {
      sentMessages: 0,
      sentBytesBefore: 0,
      sentBytesAfter: 0,
      sentInVain: 0,
      receivedMessages: 0,
      receivedBytesBefore: 0,
      receivedBytesAfter: 0,
    },
    level: options.level ?? defaultLevel,
    thresholdBytes: options.thresholdBytes ?? defaultThresholdBytes,
    laterFromBytes: options.laterFromBytes ?? defaultLaterFromBytes,
    maxInflatedAtOnceBytes: options.maxInflatedAtOnceBytes ?? defaultMaxInflatedAtOnceBytes,
  };
}

/** Deflates a message where that makes it shorter, and counts. Octets as those of `Compressor.deflate`. */
export function deflateOnce(
  context: DeflateContext,
  { bytes, start, end }: OctetRange,
  history: OctetRange | undefined,
  settings: DeflateSettings,
): OctetRange | undefined {
  let deflated: OctetRange;
  try {
    deflated = context.compressor.deflate(bytes, start, end, history, settings);
  } catch {
    // A platform that is out of memory: the message can always go out as it is.
    return undefined;
  }
  return shorter(context, deflated, end - start);
}

/** The same on another thread. Never rejects. */
export async function deflateOnceLater(
  context: DeflateContext,
  { bytes, start, end }: OctetRange,
  history: OctetRange | undefined,
  settings: DeflateSettings,
): Promise<OctetRange | undefined> {
  let deflated: OctetRange;
  try {
    deflated = await context.compressor.deflateLater(bytes, start, end, history, settings);
  } catch {
    return undefined;
  }
  return shorter(context, deflated, end - start);
}

/** Takes the tail off a deflated message, and counts; undefined where it did not get shorter. */
function shorter(context: DeflateContext, deflated: OctetRange, lengthBefore: number): OctetRange | undefined {
  const { counters } = context;
  const { bytes, start } = deflated;
  const end = deflated.end - flushTailBytes;
  if (end - start >= lengthBefore) {
    counters.sentInVain++;
    return undefined;
  }
  counters.sentMessages++;
  counters.sentBytesBefore += lengthBefore;
  counters.sentBytesAfter += end - start;
  return { bytes, start, end };
}
