/** The ways in which the same octets can arrive. */
import { seededRandom } from "./random.js";

/** One way of cutting octets into chunks. */
export interface Chunking {
  readonly name: string;
  readonly chunks: readonly Uint8Array[];
}

/** Cuts octets at the given positions; positions out of range are taken modulo the length. */
export function cutAt(bytes: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const cuts = positions.map((position) => position % (bytes.byteLength + 1)).sort((left, right) => left - right);
  return [0, ...cuts].map((from, index) => bytes.slice(from, cuts[index] ?? bytes.byteLength));
}

/** Whole, byte by byte, and at random splits (always the same ones). Every chunk is a copy. */
export function everyChunking(bytes: Uint8Array, randomSplits = 12): Chunking[] {
  const random = seededRandom(bytes.byteLength + 1);
  return [
    { name: "whole", chunks: [bytes.slice()] },
    { name: "byte by byte", chunks: Array.from(bytes, (octet) => Uint8Array.of(octet)) },
    ...Array.from({ length: randomSplits }, (_, round) => ({
      name: `random split ${round}`,
      chunks: cutAt(
        bytes,
        Array.from({ length: 1 + (round % 6) }, () => Math.floor(random() * (bytes.byteLength + 1))),
      ),
    })),
  ];
}
