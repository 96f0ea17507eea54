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

/**
 * Text as octets.
 *
 * @throws Error for what is not base64
 */
export function fromBase64(text: unknown): Uint8Array {
  const binary = platform.atob(text as string);
  // `atob` forgives white space, padding that is missing, and what is no text.
  if (platform.btoa(binary) !== text) throw new TypeError("not base64");
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
