import { UsageError } from "../protocol/index.js";
import type { SendData } from "./socket.js";

/**
 * The octets that `data` is made of, whatever kind of view it is; not a copy.
 *
 * @throws UsageError `invalid-argument` for anything but octets
 */
export function octetsOf(data: Exclude<SendData, string>): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  // By its tag, since a buffer may come from another realm.
  const tag = Object.prototype.toString.call(data);
  if (tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]") return new Uint8Array(data);
  throw new UsageError(
    "invalid-argument",
    undefined,
    undefined,
    "data must be a string, an ArrayBuffer or a view of one",
  );
}
