/**
 * Frames whose entries have been encoded before: what many clients get, each in another combination, is encoded once and
 * put together for each.
 */
import type { Codec } from "./codec.js";
import type { Frame } from "./frames.js";
import { jsonCodec } from "./json.js";

/** Elements of an array, encoded as they stand in it. There is one at least. */
export interface EncodedElements<Data extends string | Uint8Array = string | Uint8Array> {
  readonly count: number;
  readonly data: Data;
}

/** Puts frames together as one codec writes them. */
export interface Splicer<Data extends string | Uint8Array = string | Uint8Array> {
  /** Encodes elements of an array; one at least. */
  elements(elements: readonly unknown[]): EncodedElements<Data>;
  /** A frame that has the elements of `head`, an array with the elements of all `parts`, and those of `tail`, if there are any. */
  frame(
    head: EncodedElements<Data>,
    parts: readonly EncodedElements<Data>[],
    tail: EncodedElements<Data> | undefined,
  ): Data;
}

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

/** Where the elements of an array of MessagePack begin. */
function headLength(array: Uint8Array): number {
  const [format] = array;
  if (format === array16Format) return 3;
  return format === array32Format ? 5 : 1;
}

/** @returns undefined where it is not known how the codec writes. A subprotocol of ours says it, whosever codec it is */
export function splicerOf(codec: Codec): Splicer | undefined {
  // No codec tells an array from a frame.
  const encode = (elements: readonly unknown[]): string | Uint8Array => codec.encode(elements as unknown as Frame);
  if (codec.subprotocol === jsonCodec.subprotocol) return jsonSplicer(encode as (array: readonly unknown[]) => string);
  if (codec.subprotocol !== "openline.v1.msgpack") return undefined;
  return messagePackSplicer(encode as (array: readonly unknown[]) => Uint8Array);
}

function jsonSplicer(encode: (elements: readonly unknown[]) => string): Splicer<string> {
  return {
    elements: (elements) => ({ count: elements.length, data: encode(elements).slice(1, -1) }),
    frame(head, parts, tail) {
      const end = tail === undefined ? "]" : `,${tail.data}]`;
      return `[${head.data},[${parts.map(({ data }) => data).join(",")}]${end}`;
    },
  };
}

function messagePackSplicer(encode: (elements: readonly unknown[]) => Uint8Array): Splicer<Uint8Array> {
  return {
    elements(elements) {
      const array = encode(elements);
      return { count: elements.length, data: array.subarray(headLength(array)) };
    },
    frame(head, parts, tail) {
      const entriesHead = arrayHead(parts.reduce((sum, { count }) => sum + count, 0));
      const frameHead = arrayHead(head.count + 1 + (tail?.count ?? 0));
      const pieces = [frameHead, head.data, entriesHead, ...parts.map(({ data }) => data)];
      if (tail !== undefined) pieces.push(tail.data);
      const frame = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const piece of pieces) {
        frame.set(piece, at);
        at += piece.length;
      }
      return frame;
    },
  };
}
