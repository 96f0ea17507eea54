/**
 * What the messages of the cases are made of.
 */

// One octet to four for each code point, so that wherever a long text is cut often, some code point is cut, too. Both
// patterns have an odd length: a piece of 2^n octets in the wrong place is seen.
const phrase = Buffer.from("Openline says: Grüße, Ελλάδα, 世界, 😀!! ");
const octetPattern = Buffer.from("00ff10fe80c07f", "hex");

/** Valid UTF-8 of exactly so many octets. */
export function text(length: number): Buffer {
  const octets = Buffer.alloc(length, phrase);
  // What is left of the last phrase ends within a code point, perhaps: plain letters instead.
  octets.fill("x", length - (length % phrase.length));
  return octets;
}

/** So many octets that are not UTF-8. */
export function binary(length: number): Buffer {
  return Buffer.alloc(length, octetPattern);
}

/** A short text. */
export const greeting: Buffer = Buffer.from("Hello, world!");

/** Octets written in hexadecimal. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits, "hex");
}
