// The checksum of an order book, as exchanges have one: both ends write down all levels, the best first, and compare what
// CRC-32 makes of it.

/** A level: the price as it is written, and the size. */
export type WrittenLevel = readonly [price: string, size: string];

/** The reversed polynomial of CRC-32 (IEEE 802.3). */
const POLYNOMIAL = 0xedb88320;

const TABLE = Uint32Array.from({ length: 256 }, (_, octet) => {
  let crc = octet;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/**
 * CRC-32 of a text.
 * @param text ASCII.
 * @returns 0 to 2^32 - 1
 */
export function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let index = 0; index < text.length; index += 1) {
    crc = (TABLE[(crc ^ text.charCodeAt(index)) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** The checksum of a book: its bids and its asks, the best of each first. */
export function bookChecksum(bids: Iterable<WrittenLevel>, asks: Iterable<WrittenLevel>): number {
  let text = "";
  for (const [price, size] of bids) text += `${price}:${size},`;
  text += "|";
  for (const [price, size] of asks) text += `${price}:${size},`;
  return crc32(text);
}
