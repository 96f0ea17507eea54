/**
 * Base64 (RFC 4648 §4) as far as the handshake needs it: encoding a key and a digest, and telling whether a key is
 * well-formed. A key is never decoded (RFC 6455 §4.2.2: "It is not necessary for the server to base64-decode").
 */
import { CharacterSet, digits, letters } from "./characters.js";

const alphabet = `${letters}${digits}+/`;
const base64Characters = new CharacterSet(alphabet);

/**
 * Encodes octets in base64 with padding.
 *
 * @param bytes any number of octets
 */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let bitCount = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    bitCount += 8;
    while (bitCount >= 6) {
      bitCount -= 6;
      text += alphabet.charAt((bits >> bitCount) & 0x3f);
    }
  }
  if (bitCount > 0) text += alphabet.charAt((bits << (6 - bitCount)) & 0x3f);
  return text.padEnd(Math.ceil(bytes.length / 3) * 4, "=");
}

/**
 * How many octets `text` decodes to, or `undefined` when it is not `base64-value-non-empty` (RFC 6455 §4.3): whole
 * groups of four characters of the alphabet, padding only at the end, no whitespace, not empty.
 *
 * The bits that padding leaves over may be set. RFC 4648 §3.5 lets a decoder refuse that, but the RFC's own example
 * of a key ("AQIDBAUGBwgJCgsMDQ4PEC==", RFC 6455 §4.1) has one of them set, and the grammar does not forbid it.
 */
export function base64ByteLength(text: string): number | undefined {
  if (text.length === 0 || text.length % 4 !== 0) return undefined;
  const paddingLength = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (!base64Characters.containsAll(text, 0, text.length - paddingLength)) return undefined;
  return (text.length / 4) * 3 - paddingLength;
}
