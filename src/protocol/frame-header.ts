/**
 * The frame header as it is written (RFC 6455 §5.2). Reading it is the parser's business.
 */

/** Octet 0: FIN. */
export const finBit = 0x80;
/** Octet 0: the three reserved bits. */
export const reservedBits = 0x70;
/** Octet 1: MASK. */
export const maskBit = 0x80;

/** RFC 6455 §5.5: "All control frames MUST have a payload length of 125 bytes or less". */
export const maxControlPayloadBytes = 125;
/** A Close frame's reason: what remains of 125 octets after the status code. */
export const maxCloseReasonBytes = 123;
/** Octets of the longest header: two, eight of extended length, four of masking key. */
export const maxHeaderBytes = 14;

/** Octets of the header of a frame with `length` octets of payload. */
export function frameHeaderBytes(length: number, isMasked: boolean): number {
  return (length < 126 ? 2 : length < 65536 ? 4 : 10) + (isMasked ? 4 : 0);
}

/**
 * Writes the header of an unmasked frame. RFC 6455 §5.2: "the minimal number of bytes MUST be used to encode the
 * length".
 *
 * @param firstOctet FIN, reserved bits and opcode
 * @param length octets of payload, up to 2^53 - 1
 * @param maskFlag `maskBit` when a masking key will follow, else 0
 * @returns the position after the header
 */
export function writeFrameHeader(
  target: Uint8Array,
  offset: number,
  firstOctet: number,
  length: number,
  maskFlag: number,
): number {
  target[offset] = firstOctet;
  if (length < 126) {
    target[offset + 1] = maskFlag | length;
    return offset + 2;
  }
  if (length < 65536) {
    target[offset + 1] = maskFlag | 126;
    target[offset + 2] = length >>> 8;
    target[offset + 3] = length & 0xff;
    return offset + 4;
  }
  target[offset + 1] = maskFlag | 127;
  writeUint32(target, offset + 2, Math.floor(length / 0x1_0000_0000));
  writeUint32(target, offset + 6, length % 0x1_0000_0000);
  return offset + 10;
}

/** Writes 32 bits, most significant octet first. */
export function writeUint32(target: Uint8Array, offset: number, value: number): number {
  target[offset] = value >>> 24;
  target[offset + 1] = (value >>> 16) & 0xff;
  target[offset + 2] = (value >>> 8) & 0xff;
  target[offset + 3] = value & 0xff;
  return offset + 4;
}

/** Reads 32 bits, most significant octet first, as an unsigned integer. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset) >>> 0;
}

/** Reads 32 bits, most significant octet first, as a signed integer. */
export function readInt32(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] as number) << 24) |
    ((bytes[offset + 1] as number) << 16) |
    ((bytes[offset + 2] as number) << 8) |
    (bytes[offset + 3] as number)
  );
}
