/** Octets, written and read as a person would. */

/** The octets of a hex string; blanks are for the eye: `octets("81 05 48656c6c6f")`. */
export function octets(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(/\s/gu, ""), "hex"));
}

/** The hex string of octets, without blanks. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** The UTF-8 of a string. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** All octets in one array of their own. */
export function concat(...pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(pieces));
}
