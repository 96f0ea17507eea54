/**
 * How frames become messages and messages become frames.
 */
import type { Frame } from "./frames.js";

/**
 * A codec. Frames are encoded one by one, so that one can be encoded once for many receivers, and put together as they
 * leave.
 */
export interface Codec<Data extends string | Uint8Array = string | Uint8Array> {
  /** The subprotocol of the WebSocket that says so. */
  readonly subprotocol: string;
  /**
   * Encodes a frame. Elements at its end that are `undefined` are left out.
   *
   * @throws TypeError for a value that the codec does not have, such as a bigint or one that contains itself
   * @throws RangeError for one that nests too deep
   */
  encode(frame: Frame): Data;
  /** Puts encoded frames, one at least, together into one message. */
  batch(frames: readonly Data[]): Data;
  /**
   * What a message says, which may be anything.
   *
   * @throws Error for a message that is none of this codec's; its message says why
   */
  decode(message: string | Uint8Array): unknown;
}

/** A frame without the elements at its end that are `undefined`. */
export function withoutTail(frame: Frame): readonly unknown[] {
  let { length } = frame;
  while (length > 1 && frame[length - 1] === undefined) length--;
  return length === frame.length ? frame : frame.slice(0, length);
}
