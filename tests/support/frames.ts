/**
 * Frames built and taken apart without the code under test (RFC 6455 §5.2), so that one mistake cannot hide in both.
 */

/** What a frame is made of. */
export interface FrameParts {
  /** Default true. */
  readonly fin?: boolean;
  /** The three reserved bits as a number from 0 to 7, RSV1 being 4. Default 0. */
  readonly rsv?: number;
  readonly opcode: number;
  /** Default empty; a string is sent as UTF-8. */
  readonly payload?: Uint8Array | string;
  /** Masks the payload with this key. Default: no mask. */
  readonly key?: Uint8Array | undefined;
  /** Writes the length in this many octets (1, 3 or 9) instead of the fewest. */
  readonly lengthOctets?: 1 | 3 | 9;
  /** Announces this length instead of the payload's. */
  readonly length?: bigint;
}

/** A frame read back. */
export interface Frame {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly isMasked: boolean;
  readonly key: Uint8Array | undefined;
  /** Unmasked. */
  readonly payload: Uint8Array;
  /** Octets of the length field. */
  readonly lengthOctets: 1 | 3 | 9;
}

/** A key that masks nothing away: no octet of it is zero, and no two are the same. */
export const sampleKey: Uint8Array = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

/** The octets of one frame. */
export function frame(parts: FrameParts): Uint8Array {
  const payload = Buffer.from(parts.payload ?? "");
  const length = parts.length ?? BigInt(payload.byteLength);
  const lengthOctets = parts.lengthOctets ?? (length < 126n ? 1 : length < 65536n ? 3 : 9);
  const header = Buffer.alloc(1 + lengthOctets);
  header[0] = (parts.fin === false ? 0 : 0x80) | ((parts.rsv ?? 0) << 4) | parts.opcode;
  header[1] = parts.key === undefined ? 0 : 0x80;
  if (lengthOctets === 1) {
    header[1] |= Number(length);
  } else if (lengthOctets === 3) {
    header[1] |= 126;
    header.writeUInt16BE(Number(length), 2);
  } else {
    header[1] |= 127;
    header.writeBigUInt64BE(length, 2);
  }
  const { key } = parts;
  if (key === undefined) return Uint8Array.from(Buffer.concat([header, payload]));
  return Uint8Array.from(Buffer.concat([header, key, masked(payload, key)]));
}

/** Octets under a masking key, by the letter of §5.3. */
export function masked(bytes: Uint8Array, key: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes, (octet, index) => octet ^ (key[index % 4] ?? 0));
}

/** Takes octets apart into whole frames; what does not end with a whole frame is an error. */
export function readFrames(bytes: Uint8Array): Frame[] {
  const source = Buffer.from(bytes);
  const frames: Frame[] = [];
  let position = 0;
  while (position < source.byteLength) {
    const first = source.readUInt8(position);
    const second = source.readUInt8(position + 1);
    let length = second & 0x7f;
    let lengthOctets: Frame["lengthOctets"] = 1;
    if (length === 126) {
      length = source.readUInt16BE(position + 2);
      lengthOctets = 3;
    } else if (length === 127) {
      length = Number(source.readBigUInt64BE(position + 2));
      lengthOctets = 9;
    }
    position += 1 + lengthOctets;
    let key: Uint8Array | undefined;
    if (second >= 0x80) {
      key = Uint8Array.from(source.subarray(position, position + 4));
      position += 4;
    }
    if (position + length > source.byteLength) throw new Error("the octets end within a frame");
    const payload = source.subarray(position, position + length);
    position += length;
    frames.push({
      fin: first >= 0x80,
      rsv: (first >> 4) & 7,
      opcode: first & 0x0f,
      isMasked: key !== undefined,
      key,
      payload: key === undefined ? Uint8Array.from(payload) : masked(payload, key),
      lengthOctets,
    });
  }
  return frames;
}
