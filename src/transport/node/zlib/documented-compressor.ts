/**
 * Deflate and inflate by the calls that Node documents, for runtimes where `hot-compressor.ts` finds no handles. They
 * make a zlib stream for each message and throw it away.
 */
import { Buffer } from "node:buffer";
import type { ZlibOptions } from "node:zlib";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import type { DeflateSettings, OctetRange, TransformFailure } from "../../../protocol/extensions/index.js";
import { maxStreamsPerMessage, messageTail } from "../../../protocol/extensions/index.js";
import { Earlier, heedsDictionaries } from "./dictionaries.js";
import { incomplete, invalid, tooBig, tooManyStreams } from "./failures.js";

const finishFlush = constants.Z_SYNC_FLUSH;
/** What can be referred back to at most. */
export const longestWindowBytes: number = 32 * 1024;

/** What `inflateRawSync` returns when it is asked for `info`. */
interface InflatedWithInfo {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

/** The octets as zlib takes them for a dictionary; none for an empty one. */
export function dictionaryOf(history: OctetRange | undefined): Uint8Array | undefined {
  return history === undefined || history.start === history.end
    ? undefined
    : history.bytes.subarray(history.start, history.end);
}

/**
 * zlib cannot deflate with a window of 8 bits. One of 9 does: it never refers back further than its 512 octets less the
 * 262 that it looks ahead, which is 250.
 */
export function zlibWindowBits(windowBits: number): number {
  return Math.max(9, windowBits);
}

/** Options that make zlib deflate so. */
export function deflateOptions({ windowBits, level }: DeflateSettings, history: OctetRange | undefined): ZlibOptions {
  const dictionary = dictionaryOf(history);
  const options = { windowBits: zlibWindowBits(windowBits), level, finishFlush };
  return dictionary === undefined ? options : { ...options, dictionary };
}

/** See the head of this file. */
export class DocumentedCompressor {
  readonly #heedsDictionaries: () => boolean;

  /** @param heeds whether zlib heeds dictionaries; where it does not, deflating is worse for it, and as right */
  constructor(heeds: () => boolean = heedsDictionaries) {
    this.#heedsDictionaries = heeds;
  }

  /** As `Compressor.deflate`. */
  deflate(
    bytes: Uint8Array,
    start: number,
    end: number,
    history: OctetRange | undefined,
    settings: DeflateSettings,
  ): OctetRange {
    const deflated = deflateRawSync(bytes.subarray(start, end), deflateOptions(settings, history));
    return { bytes: deflated, start: 0, end: deflated.byteLength };
  }

  /** As `Compressor.inflate`. */
  inflate(
    bytes: Uint8Array,
    start: number,
    end: number,
    history: OctetRange | undefined,
    maxBytes: number,
  ): OctetRange | TransformFailure {
    const pieces: Uint8Array[] = [];
    let length = 0;
    let rest: Uint8Array = Buffer.concat([bytes.subarray(start, end), messageTail]);
    let dictionary = dictionaryOf(history);
    for (let streams = 1; streams <= maxStreamsPerMessage; streams++) {
      const earlier = new Earlier(dictionary, this.#heedsDictionaries());
      rest = earlier.before(rest);
      let inflated: InflatedWithInfo;
      try {
        const maxOutputLength = Math.max(1, maxBytes - length) + earlier.excess;
        const options = { info: true, finishFlush, maxOutputLength, ...earlier.options };
        inflated = inflateRawSync(rest, options) as unknown as InflatedWithInfo;
      } catch (cause) {
        return isTooLarge(cause) ? tooBig(maxBytes + 1, maxBytes) : invalid(cause);
      }
      const piece = earlier.own(inflated.buffer);
      pieces.push(piece);
      length += piece.byteLength;
      if (length > maxBytes) return tooBig(length, maxBytes);
      const left = rest.byteLength - inflated.engine.bytesWritten;
      if (left === 0) return incomplete();
      if (left <= messageTail.byteLength) {
        return endsWhole(left) ? { bytes: Buffer.concat(pieces), start: 0, end: length } : incomplete();
      }
      rest = rest.subarray(rest.byteLength - left);
      dictionary = lastOctets([...(dictionary === undefined ? [] : [dictionary]), piece]);
    }
    return tooManyStreams(maxStreamsPerMessage + 1);
  }
}

/** The one of this process. */
export const documentedCompressor: DocumentedCompressor = new DocumentedCompressor();

/**
 * Whether a message was whole, by how many octets of `messageTail` were left unread: one; or all, or all but the four
 * that its sender took away, where a final block ends there.
 */
export function endsWhole(left: number): boolean {
  return left === 1 || left === messageTail.byteLength || left === messageTail.byteLength - 4;
}

/** What can be referred to after these octets. */
export function lastOctets(pieces: readonly Uint8Array[]): Uint8Array {
  // From the end: there may be thousands of them, and a message has many streams.
  let first = pieces.length;
  let length = 0;
  while (first > 0 && length < longestWindowBytes) length += pieces[--first]?.byteLength ?? 0;
  const last = Buffer.concat(pieces.slice(first));
  return last.subarray(Math.max(0, last.byteLength - longestWindowBytes));
}

function isTooLarge(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
}
