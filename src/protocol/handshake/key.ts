/**
 * `Sec-WebSocket-Key` and the `Sec-WebSocket-Accept` that answers it (RFC 6455 §1.3, §4.1, §4.2.2).
 */
import { UsageError } from "../errors.js";
import { base64ByteLength, encodeBase64 } from "./base64.js";
import { asciiBytes } from "./characters.js";
import { sha1 } from "./sha1.js";

/** Octets in the nonce that a key encodes (RFC 6455 §4.1). */
const nonceBytes = 16;

const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Makes the value of `Sec-WebSocket-Key`.
 *
 * RFC 6455 §4.1: "The value of this header field MUST be a nonce consisting of a randomly selected 16-byte value that
 * has been base64-encoded […] The nonce MUST be selected randomly for each connection."
 *
 * @param nonce 16 octets, drawn at random by the caller for this connection alone
 * @throws UsageError `invalid-argument` when there are not 16 of them
 */
export function createKey(nonce: Uint8Array): string {
  if (nonce.length !== nonceBytes) {
    throw new UsageError("invalid-argument", nonce.length, nonceBytes, "a nonce has 16 octets");
  }
  return encodeBase64(nonce);
}

/** Whether `value` is "a base64-encoded […] value that, when decoded, is 16 bytes in length" (RFC 6455 §4.2.1). */
export function isKey(value: string): boolean {
  return base64ByteLength(value) === nonceBytes;
}

/**
 * The value of `Sec-WebSocket-Accept` for a key: the base64 of the SHA-1 of the key "(as a string, not
 * base64-decoded)" and a fixed GUID (RFC 6455 §4.2.2).
 *
 * @param key the value of `Sec-WebSocket-Key` without the whitespace around it
 */
export function acceptValue(key: string): string {
  return encodeBase64(sha1(asciiBytes(key + guid)));
}
