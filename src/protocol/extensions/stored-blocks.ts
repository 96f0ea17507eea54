/**
 * Octets as blocks without compression (RFC 1951 §3.2.4), for when there is nothing to compress with.
 */
import type { OctetRange } from "./extension.js";

const maxBlockBytes = 65_535;
const blockHeaderBytes = 5;

/** Wraps octets, and flushes: the result ends with an empty block, as the compressor's does, and may be kept. */
export function storedBlocks(bytes: Uint8Array, start: number, end: number): OctetRange {
  const blocks = Math.ceil((end - start) / maxBlockBytes);
  const wrapped = new Uint8Array(end - start + (blocks + 1) * blockHeaderBytes);
  let position = 0;
  for (let from = start; from < end; from += maxBlockBytes) {
    const to = Math.min(from + maxBlockBytes, end);
    position = writeBlockHeader(wrapped, position, to - from);
    wrapped.set(bytes.subarray(from, to), position);
    position += to - from;
  }
  return { bytes: wrapped, start: 0, end: writeBlockHeader(wrapped, position, 0) };
}

/**
 * Writes what stands before the octets of a block that begins at a whole octet.
 *
 * @param length from 0 to 65,535
 * @returns the position after it
 */
export function writeBlockHeader(target: Uint8Array, position: number, length: number): number {
  target[position] = 0;
  target[position + 1] = length & 0xff;
  target[position + 2] = length >>> 8;
  target[position + 3] = ~length & 0xff;
  target[position + 4] = (~length >>> 8) & 0xff;
  return position + blockHeaderBytes;
}
