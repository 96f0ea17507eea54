/**
 * How long structs are, and cutting those that are too long.
 */
import * as Y from "yjs";
import type { Struct } from "./source.js";

// The head of an item: its info, its neighbours, its parent.
const headBytes = 24;

/** How many octets a struct takes, about, from an offset on. */
export function bytesOf(struct: Struct, offset: number): number {
  if (!(struct instanceof Y.Item)) return headBytes;
  const { content } = struct;
  if (content instanceof Y.ContentString) return headBytes + content.str.length - offset;
  if (content instanceof Y.ContentBinary) return headBytes + content.content.byteLength;
  if (content instanceof Y.ContentAny) return headBytes + sum(content.arr, offset);
  if (content instanceof Y.ContentJSON) return headBytes + sum(content.arr, offset);
  if (content instanceof Y.ContentEmbed) return headBytes + bytesOfValue(content.embed);
  if (content instanceof Y.ContentFormat) return headBytes + content.key.length + bytesOfValue(content.value);
  return headBytes;
}

function sum(values: readonly unknown[], from: number): number {
  let total = 0;
  for (let index = from; index < values.length; index++) total += bytesOfValue(values[index]);
  return total;
}

function bytesOfValue(value: unknown): number {
  if (typeof value === "string") return 3 + value.length;
  if (value instanceof Uint8Array) return 3 + value.byteLength;
  if (typeof value !== "object" || value === null) return 5;
  let total = 3;
  for (const [key, member] of Object.entries(value)) total += key.length + 1 + bytesOfValue(member);
  return total;
}

/**
 * Where to cut a struct that is too long.
 *
 * @returns an offset behind `offset` and before the struct's end; undefined where there is no good place
 */
export function cutOf(struct: Struct, offset: number, maxBytes: number): number | undefined {
  if (!(struct instanceof Y.Item)) return undefined;
  const { content } = struct;
  if (content instanceof Y.ContentString) return cutOfText(content.str, offset + Math.max(maxBytes, 2));
  if (!(content instanceof Y.ContentAny) && !(content instanceof Y.ContentJSON)) return undefined;
  const { arr } = content;
  let bytes = 0;
  for (let index = offset; index < arr.length - 1; index++) {
    bytes += bytesOfValue(arr[index]);
    if (bytes >= maxBytes) return index + 1;
  }
  return undefined;
}

/** Never between the two halves of a character: Yjs would put another in their place. */
function cutOfText(text: string, at: number): number | undefined {
  if (at >= text.length) return undefined;
  const code = text.charCodeAt(at - 1);
  return code >= 0xd800 && code <= 0xdbff ? at - 1 : at;
}

/** The piece of a struct between two offsets, by itself. */
export function pieceOf(struct: Struct, from: number, to: number): Struct {
  if (!(struct instanceof Y.Item) || (from === 0 && to === struct.length)) return struct;
  const content = struct.content.copy();
  if (to < struct.length) content.splice(to);
  const rest = from > 0 ? content.splice(from) : content;
  const { client, clock } = struct.id;
  const origin = from > 0 ? Y.createID(client, clock + from - 1) : struct.origin;
  return new Y.Item(
    Y.createID(client, clock + from),
    null,
    origin,
    null,
    struct.rightOrigin,
    struct.parent,
    struct.parentSub,
    rest,
  );
}
