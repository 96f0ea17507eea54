/**
 * Frames whose entries have been encoded before: what many clients get, each in another combination, is encoded once and
 * put together for each.
 */
import type { Codec } from "./codec.js";
import type { Frame } from "./frames.js";
import { jsonCodec } from "./json.js";

/** An encoded array. */
export type EncodedArray = string | Uint8Array;

// MessagePack's formats: fixarray has up to 15 elements, array 16 up to 65,535, array 32 the rest.
const maxFixArray = 15;
const maxArray16 = 0xffff;
const fixArrayFormat = 0x90;
const array16Format = 0xdc;
const array32Format = 0xdd;

/** How MessagePack begins an array. */
export function arrayHead(length: number): readonly number[] {
  if (length <= maxFixArray) return [fixArrayFormat | length];
  if (length <= maxArray16) return [array16Format, length >>> 8, length & 0xff];
  return [array32Format, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
}

/** How many elements an array of MessagePack has, and where the first of them stands. */
function readHead(array: Uint8Array): readonly [count: number, start: number] {
  const [format = 0, a = 0, b = 0, c = 0, d = 0] = array;
  if (format === array16Format) return [(a << 8) | b, 3];
  if (format === array32Format) return [((a << 24) | (b << 16) | (c << 8) | d) >>> 0, 5];
  return [format & maxFixArray, 1];
}

/** Encodes an array that is no frame. No codec tells the difference. */
export function encodedArray(codec: Codec, elements: readonly unknown[]): EncodedArray {
  return codec.encode(elements as unknown as Frame);
}

/**
 * Encodes a frame that has the elements of `head`, an array with the elements of all `parts`, and the elements of `tail`.
 *
 * @param parts encoded by the same codec; none of them is empty
 * @returns undefined where it is not known how the codec writes. A subprotocol of the protocol says it, whosever codec it is
 */
export function spliced(
  codec: Codec,
  head: readonly unknown[],
  parts: readonly EncodedArray[],
  tail: readonly unknown[],
): EncodedArray | undefined {
  const [before, after] = [encodedArray(codec, head), encodedArray(codec, tail)];
  switch (codec.subprotocol) {
    case jsonCodec.subprotocol:
      return splicedJson(before as string, parts as readonly string[], after as string);
    case "openline.v1.msgpack":
      return splicedMessagePack(before as Uint8Array, parts as readonly Uint8Array[], after as Uint8Array);
    default:
      return undefined;
  }
}

function splicedJson(head: string, parts: readonly string[], tail: string): string {
  const entries = parts.map((part) => part.slice(1, -1)).join(",");
  const end = tail === "[]" ? "]" : `,${tail.slice(1)}`;
  return `${head.slice(0, -1)},[${entries}]${end}`;
}

function splicedMessagePack(head: Uint8Array, parts: readonly Uint8Array[], tail: Uint8Array): Uint8Array {
  const [headCount, headStart] = readHead(head);
  const [tailCount, tailStart] = readHead(tail);
  let count = 0;
  let length = 0;
  for (const part of parts) {
    const [elements, start] = readHead(part);
    count += elements;
    length += part.length - start;
  }
  const frameHead = arrayHead(headCount + 1 + tailCount);
  const entriesHead = arrayHead(count);
  const frame = new Uint8Array(
    frameHead.length + head.length - headStart + entriesHead.length + length + tail.length - tailStart,
  );
  frame.set(frameHead);
  let at = frameHead.length;
  const add = (octets: Uint8Array | readonly number[]): void => {
    frame.set(octets, at);
    at += octets.length;
  };
  add(head.subarray(headStart));
  add(entriesHead);
  for (const part of parts) add(part.subarray(readHead(part)[1]));
  add(tail.subarray(tailStart));
  return frame;
}
