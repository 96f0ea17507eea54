/**
 * UTF-8 as RFC 3629 defines it: checked while it streams, and, for places without a platform codec, read and written.
 */

/**
 * Checks a stream of octets piece by piece and stops at the first one that cannot belong to valid UTF-8
 * (RFC 6455 §8.1). Overlong forms, surrogates and code points above U+10FFFF are bad at their second octet.
 */
export class Utf8Validator {
  /** Continuation octets still owed by the current code point. */
  #owed = 0;
  /** What the next octet may be. It differs from 0x80-0xBF only after E0, ED, F0 and F4. */
  #lowest = 0x80;
  #highest = 0xbf;

  /**
   * @returns the index of the first bad octet, or -1 when everything so far can be the beginning of valid UTF-8
   */
  push(bytes: Uint8Array, start: number, end: number): number {
    let owed = this.#owed;
    let lowest = this.#lowest;
    let highest = this.#highest;
    for (let index = start; index < end; index++) {
      const octet = bytes[index] as number;
      if (owed === 0) {
        if (octet < 0x80) continue;
        if (octet < 0xc2 || octet > 0xf4) return index;
        if (octet < 0xe0) {
          owed = 1;
        } else if (octet < 0xf0) {
          owed = 2;
          if (octet === 0xe0) lowest = 0xa0;
          else if (octet === 0xed) highest = 0x9f;
        } else {
          owed = 3;
          if (octet === 0xf0) lowest = 0x90;
          else if (octet === 0xf4) highest = 0x8f;
        }
      } else {
        if (octet < lowest || octet > highest) return index;
        owed--;
        lowest = 0x80;
        highest = 0xbf;
      }
    }
    this.#owed = owed;
    this.#lowest = lowest;
    this.#highest = highest;
    return -1;
  }

  /** Whether the octets so far end where a code point ends. */
  get isComplete(): boolean {
    return this.#owed === 0;
  }
}

/**
 * Where a code point begins that `end` cuts, in octets that go on.
 *
 * @returns `end` where none is cut, -1 where what is there of it cannot belong to valid UTF-8
 */
export function incompleteEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let index = end - 1; index >= start && index >= end - 3; index--) {
    const octet = bytes[index] as number;
    if (octet < 0x80) return end;
    if (octet < 0xc0) continue;
    const length = octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4;
    if (end - index >= length) return end;
    return new Utf8Validator().push(bytes, index, end) === -1 ? index : -1;
  }
  return end;
}

/** Whether the octets from `start` to `end` are valid UTF-8, whole code points only. */
export function isValidUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  const validator = new Utf8Validator();
  return validator.push(bytes, start, end) === -1 && validator.isComplete;
}

/**
 * How text becomes octets and back. The core checks; a codec only converts. Platforms hand in a fast one.
 */
export interface TextCodec {
  /** Whether the octets are valid UTF-8. */
  isValid(bytes: Uint8Array, start: number, end: number): boolean;
  /**
   * Checks and reads in one go, which costs little more than reading.
   *
   * @returns undefined when the octets are not valid UTF-8, whole code points only
   */
  decodeChecked(bytes: Uint8Array, start: number, end: number): string | undefined;
  /** Reads octets that are known to be valid UTF-8. */
  decode(bytes: Uint8Array, start: number, end: number): string;
  /** Reads octets that are known to be below 0x80. */
  decodeAscii(bytes: Uint8Array, start: number, end: number): string;
  /** Octets that `encodeInto` would write. */
  byteLength(text: string): number;
  /**
   * Writes `text` at `offset`, lone surrogates as U+FFFD, and returns the number of octets written. The caller
   * has made sure that there is room for all of them.
   */
  encodeInto(text: string, target: Uint8Array, offset: number): number;
}

/** Checks text that is handed on piece by piece: most of it by the codec, and by the octet what is cut. */
export class Utf8Pieces {
  readonly #codec: Pick<TextCodec, "isValid">;
  readonly #validator = new Utf8Validator();

  constructor(codec: Pick<TextCodec, "isValid">) {
    this.#codec = codec;
  }

  /** @returns whether everything so far can be the beginning of valid UTF-8 */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    let from = start;
    while (from < end && !this.#validator.isComplete) {
      if (this.#validator.push(bytes, from, from + 1) !== -1) return false;
      from++;
    }
    const rest = incompleteEnd(bytes, from, end);
    if (rest === -1 || !this.#codec.isValid(bytes, from, rest)) return false;
    this.#validator.push(bytes, rest, end);
    return true;
  }

  /** Whether the octets so far end where a code point ends. */
  get isComplete(): boolean {
    return this.#validator.isComplete;
  }
}

const replacementCharacter = 0xfffd;

/** The code point at `index`, a lone surrogate replaced as the USVString conversion demands. */
function scalarAt(text: string, index: number): number {
  const codePoint = text.codePointAt(index) as number;
  return codePoint >= 0xd800 && codePoint <= 0xdfff ? replacementCharacter : codePoint;
}

/**
 * Checks octets and turns them into UTF-16 code units in one pass.
 *
 * @param units takes the code units, from its beginning on; there are at most as many as octets
 * @returns the number of code units, or -1 when the octets are not valid UTF-8, whole code points only
 */
export function decodeIntoUnits(bytes: Uint8Array, start: number, end: number, units: Uint16Array): number {
  let count = 0;
  for (let index = start; index < end; ) {
    const lead = bytes[index++] as number;
    if (lead < 0x80) {
      units[count++] = lead;
    } else if (lead < 0xe0) {
      if (lead < 0xc2 || index >= end) return -1;
      // A continuation octet is 10xxxxxx: with its mark flipped, it is below 0x40.
      const second = (bytes[index++] as number) ^ 0x80;
      if (second > 0x3f) return -1;
      units[count++] = ((lead & 0x1f) << 6) | second;
    } else if (lead < 0xf0) {
      if (index + 1 >= end) return -1;
      const second = (bytes[index++] as number) ^ 0x80;
      const third = (bytes[index++] as number) ^ 0x80;
      const unit = ((lead & 0x0f) << 12) | (second << 6) | third;
      if ((second | third) > 0x3f || unit < 0x800 || (unit & 0xf800) === 0xd800) return -1;
      units[count++] = unit;
    } else {
      if (index + 2 >= end) return -1;
      const second = (bytes[index++] as number) ^ 0x80;
      const third = (bytes[index++] as number) ^ 0x80;
      const fourth = (bytes[index++] as number) ^ 0x80;
      const codePoint = ((lead & 0x0f) << 18) | (second << 12) | (third << 6) | fourth;
      if ((second | third | fourth) > 0x3f || codePoint < 0x10000 || codePoint > 0x10ffff) return -1;
      units[count++] = 0xd7c0 + (codePoint >> 10);
      units[count++] = 0xdc00 | (codePoint & 0x3ff);
    }
  }
  return count;
}

// Arguments that a call takes on every engine.
const maxUnitsPerCall = 4096;

/** The text of UTF-16 code units, or of octets below 0x80. */
function textOf(units: Uint8Array | Uint16Array, start: number, end: number): string {
  let text = "";
  for (let index = start; index < end; index += maxUnitsPerCall) {
    const piece = units.subarray(index, Math.min(index + maxUnitsPerCall, end));
    // Spreading would ask the view's iterator for each of them.
    text += Reflect.apply(String.fromCharCode, null, piece) as string;
  }
  return text;
}

function decodeChecked(bytes: Uint8Array, start: number, end: number): string | undefined {
  const units = new Uint16Array(end - start);
  const count = decodeIntoUnits(bytes, start, end, units);
  return count === -1 ? undefined : textOf(units, 0, count);
}

function byteLength(text: string): number {
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const codePoint = scalarAt(text, index);
    if (codePoint < 0x80) length += 1;
    else if (codePoint < 0x800) length += 2;
    else if (codePoint < 0x10000) length += 3;
    else {
      length += 4;
      index++;
    }
  }
  return length;
}

function encodeInto(text: string, target: Uint8Array, offset: number): number {
  let position = offset;
  for (let index = 0; index < text.length; index++) {
    const codePoint = scalarAt(text, index);
    if (codePoint < 0x80) {
      target[position++] = codePoint;
      continue;
    }
    if (codePoint < 0x800) {
      target[position++] = 0xc0 | (codePoint >> 6);
    } else {
      if (codePoint < 0x10000) {
        target[position++] = 0xe0 | (codePoint >> 12);
      } else {
        target[position++] = 0xf0 | (codePoint >> 18);
        target[position++] = 0x80 | ((codePoint >> 12) & 0x3f);
        index++;
      }
      target[position++] = 0x80 | ((codePoint >> 6) & 0x3f);
    }
    target[position++] = 0x80 | (codePoint & 0x3f);
  }
  return position - offset;
}

/** A codec in plain ECMAScript: correct everywhere, fast nowhere. */
export const portableTextCodec: TextCodec = {
  isValid: isValidUtf8,
  decodeChecked,
  // What is valid is never refused.
  decode: (bytes, start, end) => decodeChecked(bytes, start, end) as string,
  decodeAscii: textOf,
  byteLength,
  encodeInto,
};
