/**
 * Text on Node: its native UTF-8 functions, which beat TextEncoder and TextDecoder by not allocating; and plain loops
 * where a loop is done before a native call has begun.
 */
import { Buffer, isUtf8 } from "node:buffer";
import type { TextCodec } from "../../protocol/index.js";
import { decodeIntoUnits, isValidUtf8, portableTextCodec } from "../../protocol/index.js";

/** Methods of every Buffer that its type declarations leave out; they work on any Uint8Array. */
interface RawBufferMethods {
  utf8Slice?: (this: Uint8Array, start: number, end: number) => string;
  latin1Slice?: (this: Uint8Array, start: number, end: number) => string;
  ucs2Slice?: (this: Uint8Array, start: number, end: number) => string;
  utf8Write?: (this: Uint8Array, text: string, offset: number, length: number) => number;
}

// Below this length a loop is done before a native call has begun.
const nativeFromBytes = 32;
// The same for octets that are known to be ASCII, where a native call has less to do.
const nativeAsciiFromBytes = 9;
// And for writing, in UTF-16 code units. Up to twelve of them V8 keeps in one piece, however the string was made.
const nativeWriteFromUnits = 13;

// From here on the octets are checked before they are read: finding U+FFFD in a long text can take longer than that.
const longFromBytes = 512;

// Before version 24, Node's decoder took 3 ns for each octet of a text that is not mostly ASCII; a loop takes half of
// that. (`transcode` looks faster still, but its results live outside of the heap, and freeing them costs more.)
const hasSlowDecoder = Number.parseInt(process.versions.node, 10) < 24;
const decodedByLoopBytes = hasSlowDecoder ? 16 * 1024 : nativeFromBytes;
// Such a text has this many octets above 0x7f among its first ones.
const denseFromBytes = 8;

function view(bytes: Uint8Array, start: number, end: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}

function isValid(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start < nativeFromBytes ? isValidUtf8(bytes, start, end) : isUtf8(bytes.subarray(start, end));
}

function byteLength(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/**
 * Decoders put U+FFFD where the octets are not valid. So what has none of them was, and only text that has some, which
 * the sender may have meant, needs to be checked.
 */
function unlessReplaced(text: string, bytes: Uint8Array, start: number, end: number): string | undefined {
  return text.includes("\ufffd") && !isUtf8(bytes.subarray(start, end)) ? undefined : text;
}

/** Whether reading in a loop beats Node's decoder. */
function isLoopFaster(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < nativeFromBytes) return true;
  if (!hasSlowDecoder || length > decodedByLoopBytes) return false;
  let count = 0;
  for (let index = start; index < start + nativeFromBytes; index++) count += (bytes[index] as number) >> 7;
  return count >= denseFromBytes;
}

/** By documented functions only. */
export const documentedNodeText: TextCodec = {
  isValid,
  byteLength,
  decodeChecked: (bytes, start, end) => unlessReplaced(view(bytes, start, end).toString("utf8"), bytes, start, end),
  decode: (bytes, start, end) => view(bytes, start, end).toString("utf8"),
  decodeAscii: (bytes, start, end) => view(bytes, start, end).toString("latin1"),
  encodeInto: (text, target, offset) => view(target, offset, target.byteLength).write(text, "utf8"),
};

/** By Node's own methods where they do what is expected of them, else by documented functions. */
export const nodeText: TextCodec = rawNodeText() ?? documentedNodeText;

function rawNodeText(): TextCodec | undefined {
  const { utf8Slice, latin1Slice, ucs2Slice, utf8Write } = Buffer.prototype as unknown as RawBufferMethods;
  if (utf8Slice === undefined || latin1Slice === undefined || ucs2Slice === undefined || utf8Write === undefined) {
    return undefined;
  }
  const units = new Uint16Array(decodedByLoopBytes);
  const unitOctets = new Uint8Array(units.buffer);

  const decodeByLoop = (bytes: Uint8Array, start: number, end: number): string | undefined => {
    const count = decodeIntoUnits(bytes, start, end, units);
    return count === -1 ? undefined : ucs2Slice.call(unitOctets, 0, count << 1);
  };

  const codec: TextCodec = {
    isValid,
    byteLength,
    decodeChecked(bytes, start, end) {
      if (isLoopFaster(bytes, start, end)) return decodeByLoop(bytes, start, end);
      if (end - start < longFromBytes) return unlessReplaced(utf8Slice.call(bytes, start, end), bytes, start, end);
      return isUtf8(bytes.subarray(start, end)) ? utf8Slice.call(bytes, start, end) : undefined;
    },
    decode: (bytes, start, end) =>
      // What is valid is never refused.
      isLoopFaster(bytes, start, end) ? (decodeByLoop(bytes, start, end) as string) : utf8Slice.call(bytes, start, end),
    decodeAscii: (bytes, start, end) =>
      end - start < nativeAsciiFromBytes ? decodeShortAscii(bytes, start, end) : latin1Slice.call(bytes, start, end),
    encodeInto: (text, target, offset) =>
      text.length < nativeWriteFromUnits
        ? portableTextCodec.encodeInto(text, target, offset)
        : utf8Write.call(target, text, offset, target.byteLength - offset),
  };
  return passesSelfTest(codec) ? codec : undefined;
}

function decodeShortAscii(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let index = start;
  for (const last = end - 3; index < last; index += 4) {
    // A call with its arguments written out is what V8 makes a string of at once.
    text += String.fromCharCode(
      bytes[index] as number,
      bytes[index + 1] as number,
      bytes[index + 2] as number,
      bytes[index + 3] as number,
    );
  }
  for (; index < end; index++) text += String.fromCharCode(bytes[index] as number);
  return text;
}

/** Tries what the codec rests on: short text, longer, and long enough for each way to read. */
function passesSelfTest(codec: TextCodec): boolean {
  try {
    return [1, 4, 64].every((times) => convertsAsExpected(codec, times));
  } catch {
    return false;
  }
}

function convertsAsExpected(codec: TextCodec, times: number): boolean {
  const expectedBytes = 13 * times;
  const bytes = new Uint8Array(expectedBytes + 3);
  const written = codec.encodeInto("aé€😀\ud800".repeat(times), bytes, 1);
  const end = 1 + written;
  const expected = "aé€😀\ufffd".repeat(times);
  return (
    written === expectedBytes &&
    codec.isValid(bytes, 1, end) &&
    codec.decodeChecked(bytes, 1, end) === expected &&
    codec.decode(bytes, 1, end) === expected &&
    codec.decodeAscii(new Uint8Array(times).fill(0x61), 0, times) === "a".repeat(times) &&
    // Cut within the last code point.
    codec.decodeChecked(bytes, 1, end - 1) === undefined
  );
}
