/**
 * The codec of `openline.v1.msgpack`: octets. Its values are those of JSON, and octets as they are.
 */
import { Decoder, Encoder } from "@msgpack/msgpack";
import type { Codec, Frame, Translation } from "../wire/index.js";
import { arrayHead, decodedDepth, encodedDepth, translated, withoutTail } from "../wire/index.js";
import { flawOf } from "./well-formed.js";

const encoder = new Encoder({ ignoreUndefined: true, maxDepth: encodedDepth + 1 });
const decoder = new Decoder();

const outward: Translation = { octets: (value) => value };
// What is read is a view of the message, whose memory is another's.
const inward: Translation = { octets: (value) => value.slice() };

/** See the head of this file. */
export const msgpackCodec: Codec<Uint8Array> = {
  subprotocol: "openline.v1.msgpack",
  encode: (frame: Frame) => encoder.encode(translated(withoutTail(frame), outward, encodedDepth)),
  batch(frames) {
    const [only] = frames;
    if (frames.length === 1 && only !== undefined) return only;
    const head = arrayHead(frames.length);
    const message = new Uint8Array(frames.reduce((sum, { length }) => sum + length, head.length));
    message.set(head);
    let at = head.length;
    for (const frame of frames) {
      message.set(frame, at);
      at += frame.length;
    }
    return message;
  },
  decode(message) {
    if (typeof message === "string") throw new TypeError("not MessagePack");
    const flaw = flawOf(message, decodedDepth);
    if (flaw !== undefined) throw new TypeError(flaw);
    return translated(decoder.decode(message), inward, decodedDepth);
  },
};
