/**
 * Masking (RFC 6455 §5.3): "Octet i of the transformed data is the XOR of octet i of the original data with octet
 * at index i modulo 4 of the masking key."
 *
 * A masking key is a 32-bit integer whose most significant octet is the key's first.
 */

import { writeUint32 } from "./frame-header.js";

/** Where masking keys come from. RFC 6455 §5.3: "The masking key needs to be unpredictable". */
export interface MaskingKeySource {
  /** A fresh key of 32 random bits, as a signed integer. */
  next(): number;
}

/** The two loops that run over whole payloads. Platforms may hand in faster ones. */
export interface Masking {
  /**
   * Masks or unmasks the octets from `start` to `end` in place; both are the same operation.
   *
   * @param key the masking key, its first octet applying to `bytes[start]`
   * @returns whether every octet of the result is ASCII, found out on the way
   */
  apply(bytes: Uint8Array, start: number, end: number, key: number): boolean;
  /** Whether every octet from `start` to `end` is ASCII, which is below 0x80. */
  isAscii(bytes: Uint8Array, start: number, end: number): boolean;
}

// From this length on, the set-up of a view is paid back by four octets a step.
const wordwiseFrom = 80;

// One word seen as octets, so that the key falls into the machine's own byte order.
const scratchOctets = new Uint8Array(4);
const scratchWord = new Int32Array(scratchOctets.buffer);

/** The key as it stands `octets` further on, for a payload that comes in pieces. */
export function advanceMaskingKey(key: number, octets: number): number {
  const bits = (octets & 3) << 3;
  return (key << bits) | (key >>> (32 - bits));
}

/**
 * Masks or unmasks in place; both are the same operation.
 *
 * @param key the masking key, its first octet applying to `bytes[start]`
 * @returns whether every octet of the result is ASCII, found out on the way
 */
export function applyMask(bytes: Uint8Array, start: number, end: number, key: number): boolean {
  // Words are read from the buffer, whose other octets are not ours even by mistake.
  return end - start < wordwiseFrom || end > bytes.byteLength
    ? applyByOctets(bytes, start, end, key)
    : applyByWords(bytes, start, end, key);
}

function applyByOctets(bytes: Uint8Array, start: number, end: number, key: number): boolean {
  const key0 = key >>> 24;
  const key1 = (key >>> 16) & 0xff;
  const key2 = (key >>> 8) & 0xff;
  const key3 = key & 0xff;
  let seen = 0;
  let index = start;
  for (const last = end - 3; index < last; index += 4) {
    const octet0 = (bytes[index] as number) ^ key0;
    const octet1 = (bytes[index + 1] as number) ^ key1;
    const octet2 = (bytes[index + 2] as number) ^ key2;
    const octet3 = (bytes[index + 3] as number) ^ key3;
    bytes[index] = octet0;
    bytes[index + 1] = octet1;
    bytes[index + 2] = octet2;
    bytes[index + 3] = octet3;
    seen |= octet0 | octet1 | octet2 | octet3;
  }
  if (index < end) seen |= bytes[index] = (bytes[index] as number) ^ key0;
  if (++index < end) seen |= bytes[index] = (bytes[index] as number) ^ key1;
  if (++index < end) seen |= bytes[index] = (bytes[index] as number) ^ key2;
  return seen < 0x80;
}

function applyByWords(bytes: Uint8Array, start: number, end: number, key: number): boolean {
  const wordsStart = start + (-(bytes.byteOffset + start) & 3);
  const wordCount = (end - wordsStart) >> 2;
  const wordsEnd = wordsStart + (wordCount << 2);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + wordsStart, wordCount);
  const wordsKey = advanceMaskingKey(key, wordsStart - start);
  writeUint32(scratchOctets, 0, wordsKey);
  const wordKey = scratchWord[0] as number;

  const headIsAscii = applyByOctets(bytes, start, wordsStart, key);
  let seen = 0;
  for (let index = 0; index < wordCount; index++) {
    seen |= words[index] = (words[index] as number) ^ wordKey;
  }
  const tailIsAscii = applyByOctets(bytes, wordsEnd, end, wordsKey);
  return headIsAscii && tailIsAscii && (seen & 0x80808080) === 0;
}

/** Whether every octet is below 0x80. */
export function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let index = start;
  for (const last = end - 3; index < last; index += 4) {
    const seen = (bytes[index] as number) | (bytes[index + 1] as number) | (bytes[index + 2] as number);
    if ((seen | (bytes[index + 3] as number)) >= 0x80) return false;
  }
  for (; index < end; index++) {
    if ((bytes[index] as number) >= 0x80) return false;
  }
  return true;
}

/** In plain ECMAScript, for any memory and everywhere. */
export const portableMasking: Masking = { apply: applyMask, isAscii };
