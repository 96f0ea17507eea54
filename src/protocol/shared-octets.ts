/**
 * Frames that many connections send: laid down once, unmasked, and never changed. A server's frames are the same for
 * all its clients (RFC 6455 §5.1: it does not mask), so that a message to many is framed for all of them at once.
 */
import { finBit, frameHeaderBytes, writeFrameHeader } from "./frame-header.js";
import { FrameWriter } from "./frame-writer.js";
import { Opcode } from "./opcode.js";
import type { FrameTarget } from "./output.js";
import type { TextCodec } from "./utf8.js";

/** Octets that are written once and then only read. */
export class SharedOctets {
  readonly bytes: Uint8Array;
  /** The view that was asked for last: mostly, all subscribers of a topic ask for the same one. */
  #view: Uint8Array | undefined;
  #start = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The octets from `start` to `end`; nobody may change them. */
  view(start: number, end: number): Uint8Array {
    const last = this.#view;
    if (last !== undefined && this.#start === start && last.byteLength === end - start) return last;
    const view = new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, end - start);
    this.#view = view;
    this.#start = start;
    return view;
  }
}

/** Where a frame lies. */
export interface SharedFrame {
  readonly shared: SharedOctets;
  readonly start: number;
  readonly end: number;
}

/** A frame that stands for itself, so that a client can mask its payload anew. */
export interface FramedMessage extends SharedFrame {
  readonly type: "text" | "binary";
  /** The reserved bits that extensions have set, in place (0x40 for RSV1). */
  readonly reserved: number;
  readonly payloadStart: number;
}

/**
 * Frames a message (§5.2) in memory of its own.
 *
 * @param data text, whose lone surrogates become U+FFFD, or octets, which are copied
 * @param type what it will be received as. Default: text where it is a string
 * @param reserved the reserved bits that extensions have set
 */
export function frameMessage(
  data: string | Uint8Array,
  text: TextCodec,
  type: "text" | "binary" = typeof data === "string" ? "text" : "binary",
  reserved = 0,
): FramedMessage {
  const length = typeof data === "string" ? text.byteLength(data) : data.byteLength;
  const payloadStart = frameHeaderBytes(length, false);
  const bytes = new Uint8Array(payloadStart + length);
  writeFrameHeader(bytes, 0, finBit | reserved | Opcode[type], length, 0);
  if (typeof data === "string") text.encodeInto(data, bytes, payloadStart);
  else bytes.set(data, payloadStart);
  return { type, reserved, shared: new SharedOctets(bytes), start: 0, end: bytes.byteLength, payloadStart };
}

/** Octets of the unmasked frame header that begins there. */
function headerBytesAt(bytes: Uint8Array, start: number): number {
  const length = bytes[start + 1] as number;
  if (length < 126) return 2;
  return length === 126 ? 4 : 10;
}

// Enough for a turn of many small messages.
const chunkBytes = 64 * 1024;
// So that of a chunk that is left because the next frame does not fit, most is used.
const maxFrameInNewChunk = chunkBytes / 4;

/**
 * Where a server lays down what it publishes, one frame after the other, so that the frames of a turn lie in a row and
 * each subscriber writes them as one piece. A chunk that is full is left to those who still send from it, and then to
 * the garbage collector; no octet is written twice, so that nobody has to count who is done. A long frame that does not
 * fit any more has a chunk to itself, which is not kept: the next frames go on where those before it ended.
 */
export class FrameArena implements FrameTarget {
  readonly #allocate: (byteLength: number) => Uint8Array;
  readonly #writer: FrameWriter;
  /** What is being filled. */
  #chunk: SharedOctets;
  position = 0;
  #isAlone = false;

  /** @param allocate makes memory; it need not be cleared, since only what was written is ever read */
  constructor(text: TextCodec, allocate: (byteLength: number) => Uint8Array) {
    this.#allocate = allocate;
    this.#writer = new FrameWriter(this, text, undefined);
    this.#chunk = new SharedOctets(new Uint8Array(0));
  }

  /**
   * Frames a message (§5.2) behind those before it.
   *
   * @param data text, whose lone surrogates become U+FFFD, or octets, which are copied
   * @param type what it will be received as. Default: text where it is a string
   * @param reserved the reserved bits that extensions have set
   */
  layDown(
    data: string | Uint8Array,
    type: "text" | "binary" = typeof data === "string" ? "text" : "binary",
    reserved = 0,
  ): FramedMessage {
    const before = this.#chunk;
    const from = this.position;
    const firstOctet = finBit | reserved | Opcode[type];
    if (typeof data === "string") this.#writer.writeTextFrame(firstOctet, data);
    else this.#writer.writeFrame(firstOctet, data, 0, data.byteLength);
    const shared = this.#chunk;
    const start = shared === before ? from : 0;
    const end = this.position;
    const frame = { type, reserved, shared, start, end, payloadStart: start + headerBytesAt(shared.bytes, start) };
    if (this.#isAlone) {
      this.#isAlone = false;
      this.#chunk = before;
      this.position = from;
    }
    return frame;
  }

  /** Never: whoever publishes may change what was given, and a frame lies in one piece. */
  refersTo(): boolean {
    return false;
  }

  reserve(size: number): Uint8Array {
    if (this.#chunk.bytes.byteLength - this.position < size) {
      const isAlone = size > maxFrameInNewChunk;
      this.#chunk = new SharedOctets(this.#allocate(isAlone ? size : chunkBytes));
      // Only now: there may have been no memory.
      this.#isAlone = isAlone;
      this.position = 0;
    }
    return this.#chunk.bytes;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.byteLength).set(bytes, this.position);
    this.position += bytes.byteLength;
  }
}
