/**
 * The frames of one direction of a link, found in its octets without the code under test: a stage for what changes whole
 * frames on their way.
 */

/** One frame as it stands on the wire. */
export interface WireFrame {
  readonly octets: Uint8Array;
  readonly headerBytes: number;
  readonly isControl: boolean;
}

/** Takes the octets of a direction as they are written, and gives what shall be sent instead. */
export type FrameStage = (octets: Uint8Array) => readonly Uint8Array[];

/** Makes a stage out of what to do with each frame. The opening handshake passes as it is. */
export function frameStage(change: (frame: WireFrame) => readonly Uint8Array[]): FrameStage {
  let isInHandshake = true;
  let rest = Buffer.alloc(0);
  return (octets) => {
    rest = Buffer.concat([rest, octets]);
    const sent: Uint8Array[] = [];
    if (isInHandshake) {
      const end = rest.indexOf("\r\n\r\n");
      if (end === -1) return [];
      isInHandshake = false;
      sent.push(rest.subarray(0, end + 4));
      rest = rest.subarray(end + 4);
    }
    for (let length = frameBytes(rest); length !== undefined; length = frameBytes(rest)) {
      const [whole, headerBytes] = length;
      const frame = rest.subarray(0, whole);
      rest = rest.subarray(whole);
      sent.push(...change({ octets: frame, headerBytes, isControl: (frame.readUInt8(0) & 0x08) !== 0 }));
    }
    return sent;
  };
}

/** Octets of the whole frame that comes first, and of its header; undefined while it is not all there. */
function frameBytes(bytes: Buffer): readonly [number, number] | undefined {
  if (bytes.byteLength < 2) return undefined;
  const second = bytes.readUInt8(1);
  const short = second & 0x7f;
  const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
  const headerBytes = 2 + lengthBytes + (second >= 0x80 ? 4 : 0);
  if (bytes.byteLength < headerBytes) return undefined;
  const length =
    lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return bytes.byteLength < headerBytes + length ? undefined : [headerBytes + length, headerBytes];
}

/** The header of a frame as it would be written for a payload of `length` octets (RFC 6455 §5.2). */
export function headerFor(firstOctet: number, length: number, key: Uint8Array | undefined): Buffer {
  const maskBit = key === undefined ? 0 : 0x80;
  let header: Buffer;
  if (length < 126) {
    header = Buffer.of(firstOctet, maskBit | length);
  } else if (length < 65_536) {
    header = Buffer.of(firstOctet, maskBit | 126, 0, 0);
    header.writeUInt16BE(length, 2);
  } else {
    header = Buffer.concat([Buffer.of(firstOctet, maskBit | 127), Buffer.alloc(8)]);
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return key === undefined ? header : Buffer.concat([header, key]);
}
