/**
 * How many octets a message has.
 */

// A UTF-16 code unit is at most so many octets of UTF-8.
const maxOctetsOfUnit = 3;
const firstOfTwo = 0x80;
const firstOfThree = 0x800;

/** Whether a message has more than `limit` octets, a text as UTF-8. */
export function isLonger(message: string | Uint8Array, limit: number): boolean {
  if (message.length > limit) return true;
  // Most messages are far from it, and are not looked through.
  if (typeof message !== "string" || message.length * maxOctetsOfUnit <= limit) return false;
  let octets = 0;
  for (let index = 0; index < message.length; index++) {
    const unit = message.charCodeAt(index);
    // The two halves of a pair make four octets together.
    const isHalf = unit >= 0xd800 && unit <= 0xdfff;
    octets += unit < firstOfTwo ? 1 : unit < firstOfThree || isHalf ? 2 : maxOctetsOfUnit;
  }
  return octets > limit;
}
