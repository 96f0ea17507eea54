/**
 * How many octets a message has.
 */

// A UTF-16 code unit is at most so many octets of UTF-8; a pair of them is four.
const maxOctetsOfUnit = 3;

/** Whether an encoded frame has no more than `limit` octets. */
export function fits(data: string | Uint8Array, limit: number): boolean {
  if (typeof data !== "string") return data.length <= limit;
  if (data.length > limit) return false;
  return data.length * maxOctetsOfUnit <= limit || utf8Length(data) <= limit;
}

/** Octets of a text in UTF-8; half of a pair by itself becomes U+FFFD, of three octets. */
function utf8Length(text: string): number {
  let length = 0;
  // By code points.
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return length;
}
