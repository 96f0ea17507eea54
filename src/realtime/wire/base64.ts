/**
 * Base64 (RFC 4648 §4) by what every platform has.
 */

/** What every platform has; no library of types that this room may use tells of it. */
interface Base64Functions {
  btoa(binary: string): string;
  atob(text: string): string;
}

const platform = globalThis as unknown as Base64Functions;

// As many arguments as a call takes everywhere.
const sliceOctets = 8192;

/** Octets as text. */
export function base64(octets: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < octets.length; at += sliceOctets) {
    binary += String.fromCharCode(...octets.subarray(at, at + sliceOctets));
  }
  return platform.btoa(binary);
}

const wellFormed = /^(?:[\w+/]{4})*(?:[\w+/]{2}==|[\w+/]{3}=)?$/;

/**
 * Text as octets.
 *
 * @throws TypeError for what is not base64
 */
export function fromBase64(text: unknown): Uint8Array {
  // `atob` forgives more: white space, and padding that is missing. `\w` has "_", which it does not take.
  if (typeof text !== "string" || !wellFormed.test(text) || text.includes("_")) throw new TypeError("not base64");
  const binary = platform.atob(text);
  const octets = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) octets[at] = binary.charCodeAt(at);
  return octets;
}
