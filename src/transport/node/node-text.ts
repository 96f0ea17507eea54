/**
 * Text on Node: its native UTF-8 functions, which beat TextEncoder and TextDecoder by not allocating.
 */
import { Buffer, isUtf8 } from "node:buffer";
import type { TextCodec } from "../../protocol/index.js";
import { isValidUtf8 } from "../../protocol/index.js";

/** Methods of every Buffer that its type declarations leave out; they work on any Uint8Array. */
interface RawBufferMethods {
  utf8Slice?: (this: Uint8Array, start: number, end: number) => string;
  latin1Slice?: (this: Uint8Array, start: number, end: number) => string;
  utf8Write?: (this: Uint8Array, text: string, offset: number, length: number) => number;
}

// Below this length a loop is done before a native call has begun.
const nativeFromBytes = 32;

function view(bytes: Uint8Array, start: number, end: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}

function isValid(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start < nativeFromBytes ? isValidUtf8(bytes, start, end) : isUtf8(bytes.subarray(start, end));
}

function byteLength(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** By documented functions only. */
export const documentedNodeText: TextCodec = {
  isValid,
  byteLength,
  decode: (bytes, start, end) => view(bytes, start, end).toString("utf8"),
  decodeAscii: (bytes, start, end) => view(bytes, start, end).toString("latin1"),
  encodeInto: (text, target, offset) => view(target, offset, target.byteLength).write(text, "utf8"),
};

/** By Node's own methods where they do what is expected of them, else by documented functions. */
export const nodeText: TextCodec = rawNodeText() ?? documentedNodeText;

function rawNodeText(): TextCodec | undefined {
  const { utf8Slice, latin1Slice, utf8Write } = Buffer.prototype as unknown as RawBufferMethods;
  if (utf8Slice === undefined || latin1Slice === undefined || utf8Write === undefined) return undefined;
  const codec: TextCodec = {
    isValid,
    byteLength,
    decode: (bytes, start, end) => utf8Slice.call(bytes, start, end),
    decodeAscii: (bytes, start, end) => latin1Slice.call(bytes, start, end),
    encodeInto: (text, target, offset) => utf8Write.call(target, text, offset, target.byteLength - offset),
  };
  return passesSelfTest(codec) ? codec : undefined;
}

function passesSelfTest(codec: TextCodec): boolean {
  try {
    const bytes = new Uint8Array(16);
    const written = codec.encodeInto("aé€😀\ud800", bytes, 1);
    return (
      written === 13 &&
      codec.decode(bytes, 1, 14) === "aé€😀\ufffd" &&
      codec.decodeAscii(bytes, 1, 2) === "a" &&
      codec.isValid(bytes, 1, 14)
    );
  } catch {
    return false;
  }
}
