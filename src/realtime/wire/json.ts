/**
 * The codec of `openline.v1.json`: text. Octets are `{"$b": "<base64>"}`, and an object that would be mistaken for them
 * has one more `$`.
 */
import { base64, fromBase64 } from "./base64.js";
import { type Codec, withoutTail } from "./codec.js";
import type { Frame } from "./frames.js";
import { decodedDepth, encodedDepth, type Translation, translated } from "./values.js";

const marked = /^\$+b$/;

function onlyKey(value: Readonly<Record<string, unknown>>): string | undefined {
  const keys = Object.keys(value);
  const [key] = keys;
  return keys.length === 1 && key !== undefined && marked.test(key) ? key : undefined;
}

const outward: Translation = {
  octets: (value) => ({ $b: base64(value) }),
  object(value) {
    const key = onlyKey(value);
    return key === undefined ? value : { [`$${key}`]: value[key] };
  },
};

const inward: Translation = {
  octets: (value) => value,
  object(value) {
    const key = onlyKey(value);
    if (key === undefined) return value;
    return key === "$b" ? fromBase64(value[key]) : { [key.slice(1)]: value[key] };
  },
};

/** See the head of this file. */
export const jsonCodec: Codec<string> = {
  subprotocol: "openline.v1.json",
  encode: (frame: Frame) => JSON.stringify(translated(withoutTail(frame), outward, encodedDepth)),
  batch: (frames) => (frames.length === 1 ? (frames[0] ?? "[]") : `[${frames.join(",")}]`),
  decode(message) {
    if (typeof message !== "string") throw new TypeError("not text");
    return translated(JSON.parse(message), inward, decodedDepth);
  },
};
