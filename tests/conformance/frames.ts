/**
 * Frames as the fuzzing peer writes and reads them (RFC 6455 §5.2). Written for the tests, apart from src/protocol, so
 * that a mistake there cannot cancel itself out here. Slow and plain; it writes whatever it is told to, legal or not,
 * and reads nothing that is not.
 */
import assert from "node:assert/strict";
import type { Wire } from "./wire.js";

export const Opcode = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** RSV1 among the three reserved bits. */
export const rsv1 = 4;

/** A frame to write. */
export interface FrameToWrite {
  /** 0 to 15. */
  readonly opcode: number;
  readonly payload?: Uint8Array;
  /** Default true. */
  readonly fin?: boolean;
  /** The three reserved bits as a number, RSV1 the highest. Default 0. */
  readonly rsv?: number;
}

/** A frame that was read. */
export interface ReceivedFrame {
  readonly opcode: number;
  readonly fin: boolean;
  /** RFC 7692 §6: whether it begins a compressed message. */
  readonly isCompressed: boolean;
  readonly payload: Buffer;
}

/**
 * Makes a frame's octets.
 *
 * @param maskingKey four octets to mask it with; undefined for a frame that is not masked
 */
export function encodeFrame(frame: FrameToWrite, maskingKey: Uint8Array | undefined): Buffer {
  const { opcode, payload = new Uint8Array(0), fin = true, rsv = 0 } = frame;
  const { length } = payload;
  const lengthOctets = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const payloadAt = 2 + lengthOctets + (maskingKey?.length ?? 0);
  const octets = Buffer.alloc(payloadAt + length);
  octets.writeUInt8((fin ? 0x80 : 0) + rsv * 0x10 + opcode, 0);
  octets.writeUInt8(
    (maskingKey === undefined ? 0 : 0x80) + (lengthOctets === 0 ? length : lengthOctets === 2 ? 126 : 127),
    1,
  );
  if (lengthOctets === 2) octets.writeUInt16BE(length, 2);
  if (lengthOctets === 8) octets.writeBigUInt64BE(BigInt(length), 2);
  octets.set(payload, payloadAt);
  if (maskingKey !== undefined) {
    octets.set(maskingKey, payloadAt - 4);
    xor(octets.subarray(payloadAt), maskingKey);
  }
  return octets;
}

/** RFC 6455 §5.3: "transformed-octet-i = original-octet-i XOR masking-key-octet-j", j being i modulo 4. */
function xor(octets: Uint8Array, key: Uint8Array): void {
  for (let index = 0; index < octets.length; index++) octets[index]! ^= key[index % 4]!;
}

/** Reads frames off a wire, and refuses every one that the other side must not send. */
export class FrameReader {
  readonly #wire: Wire;
  readonly #isMasked: boolean;
  readonly #mayCompress: boolean;
  #pieces: Buffer[] = [];
  #available = 0;

  /**
   * @param isMasked whether the other side must mask its frames, or must not (§5.1)
   * @param mayCompress whether permessage-deflate was negotiated
   */
  constructor(wire: Wire, isMasked: boolean, mayCompress: boolean) {
    this.#wire = wire;
    this.#isMasked = isMasked;
    this.#mayCompress = mayCompress;
  }

  /** Whether anything has arrived that was not read. */
  get hasUnread(): boolean {
    return this.#available > 0 || this.#wire.hasUnread;
  }

  /** The next frame, or undefined when the stream has ended between two frames. */
  async read(): Promise<ReceivedFrame | undefined> {
    const start = await this.#take(2);
    if (start === undefined) {
      assert.equal(this.#available, 0, "the stream ended within a frame's header");
      return undefined;
    }
    const first = start.readUInt8(0);
    const second = start.readUInt8(1);
    const opcode = first & 0x0f;
    const fin = first >= 0x80;
    const isControl = opcode >= 8;
    const reserved = (first >> 4) & 7;
    // RFC 7692 §6: "the first fragment of the message" has it, of data only.
    const isCompressed = this.#mayCompress && reserved === rsv1 && (opcode === Opcode.text || opcode === Opcode.binary);
    assert.ok(reserved === 0 || isCompressed, "a reserved bit is set that no extension was negotiated for (§5.2)");
    assert.ok(Object.values<number>(Opcode).includes(opcode), `the opcode ${opcode} is reserved (§5.2)`);
    assert.ok(!isControl || fin, "a control frame is fragmented (§5.5)");
    assert.equal(second >= 0x80, this.#isMasked, "clients mask their frames and servers do not (§5.1)");

    const length = await this.#readLength(second & 0x7f);
    assert.ok(!isControl || length <= 125, `a control frame has ${length} octets of payload (§5.5)`);
    const key = this.#isMasked ? await this.#takeWithin(4) : undefined;
    const payload = await this.#takeWithin(length);
    if (key !== undefined) xor(payload, key);
    return { opcode, fin, isCompressed, payload };
  }

  async #readLength(short: number): Promise<number> {
    if (short < 126) return short;
    const isLong = short === 127;
    const octets = await this.#takeWithin(isLong ? 8 : 2);
    const length = isLong ? Number(octets.readBigUInt64BE(0)) : octets.readUInt16BE(0);
    assert.ok(length >= (isLong ? 65_536 : 126), `the length ${length} takes more octets than it needs (§5.2)`);
    return length;
  }

  async #takeWithin(count: number): Promise<Buffer> {
    const octets = await this.#take(count);
    assert.ok(octets, "the stream ended within a frame");
    return octets;
  }

  /** The next `count` octets, or undefined when the stream ends before them. */
  async #take(count: number): Promise<Buffer | undefined> {
    while (this.#available < count) {
      const piece = await this.#wire.read();
      if (piece === undefined) return undefined;
      this.#pieces.push(piece);
      this.#available += piece.length;
    }
    const all = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    const rest = all.subarray(count);
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#available = rest.length;
    return all.subarray(0, count);
  }
}
