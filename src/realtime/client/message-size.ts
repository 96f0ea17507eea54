/**
 * How many octets a message has.
 */

// A UTF-16 code unit is at most so many octets of UTF-8.
const maxOctetsOfUnit = 3;

const encoder = new TextEncoder();

/** Whether an encoded frame has no more than `limit` octets. */
export function fits(data: string | Uint8Array, limit: number): boolean {
  if (typeof data !== "string") return data.length <= limit;
  return data.length * maxOctetsOfUnit <= limit || encoder.encode(data).length <= limit;
}
