/**
 * Reads frames (RFC 6455 §5.2-§5.5) from octets in any chunking.
 *
 * One pass over each chunk: every complete frame in it is handed to the sink before `receive` returns, unmasked in
 * place. A header is judged octet by octet, so a bad one is reported as soon as it is there and never waits for a
 * payload. Nothing is kept of a chunk after `receive` returns, save what is copied here: a header cut in two, a
 * control payload cut in two, and, while paused, what came behind the message that caused the pause.
 *
 * The parser never throws, whatever the octets. At the first violation it tells the sink and ignores what follows.
 */

import type { ViolationCode } from "./errors.js";
import { ProtocolError } from "./errors.js";
import {
  finBit,
  maskBit,
  maxControlPayloadBytes,
  maxHeaderBytes,
  readInt32,
  readUint32,
  reservedBits,
} from "./frame-header.js";
import type { Limits } from "./limits.js";
import type { Masking } from "./masking.js";
import { advanceMaskingKey, portableMasking } from "./masking.js";
import { copyOctets } from "./octets.js";
import type { DataOpcode, Role } from "./opcode.js";
import { Opcode } from "./opcode.js";

/** What a parser hands on. Octets are lent for the call only: they belong to the chunk. */
export interface FrameSink {
  /**
   * A message in a single frame that lay whole in one chunk: the usual case.
   *
   * @param ascii true when every octet is known to be below 0x80; false says nothing
   */
  wholeMessage(
    opcode: DataOpcode,
    reserved: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    ascii: boolean,
  ): void;
  /**
   * A data frame begins that cannot be handed on whole.
   *
   * @param opcode the message's opcode, also for its continuation frames
   * @param isFirst whether the frame opens the message
   * @param reserved the reserved bits that are set, in place (0x40 for RSV1)
   * @param length octets of payload that the header announces
   */
  frameStart(opcode: DataOpcode, isFirst: boolean, reserved: number, length: number, fin: boolean): void;
  /** A piece of that frame's payload. */
  framePayload(bytes: Uint8Array, start: number, end: number, ascii: boolean): void;
  /** That frame is complete; with `fin`, so is the message. */
  frameEnd(fin: boolean): void;
  /** A control frame, whole. */
  control(opcode: number, bytes: Uint8Array, start: number, end: number): void;
  /** The peer broke a rule. Nothing more is read. */
  violation(error: ProtocolError): void;
  /**
   * A frame passes a limit of sizes, and nobody knows yet whether it holds: the parser has paused before that frame. Needed
   * where `sizes` may be "wait".
   */
  sizeInDoubt?(): void;
}

/**
 * What a frame that passes a limit of sizes comes to. "fail": the connection fails. "wait": the parser pauses before that
 * frame. "ignore": nothing, since what comes is handed on and not held.
 */
export type SizeJudgement = "fail" | "wait" | "ignore";

const Stage = { header: 0, dataPayload: 1, controlPayload: 2 } as const;
type Stage = (typeof Stage)[keyof typeof Stage];

// Longer text is looked at by the text codec, which is faster at it than a loop here.
const asciiCheckedBytes = 64;

/**
 * What a limit for messages is for those that are compressed: what does not get shorter gets a little longer. (The longest
 * that has been seen is a 500th, of zlib.) What comes out of it is held against the limit itself.
 */
function withTransformRoom(limit: number): number {
  return limit + Math.floor(limit / 128) + 64;
}

/** See the head of this file. */
export class FrameParser {
  /** What a frame comes to that passes a limit of sizes. Looked at only then. */
  sizes: SizeJudgement = "fail";
  readonly #limits: Limits;
  readonly #sink: FrameSink;
  /** The MASK bit that this side must see: set from clients, clear from servers (§5.1). */
  readonly #requiredMaskBit: number;
  /** Reserved bits that extensions claim. */
  readonly #claimedBits: number;
  readonly #masking: Masking;

  #stage: Stage = Stage.header;
  #isStopped = false;
  #isPaused = false;
  /** Octets that arrived while paused, in order. */
  #held: Uint8Array[] | undefined;

  // The message in progress, when it is fragmented.
  #messageOpcode: DataOpcode | 0 = 0;
  /** Whether it has reserved bits, so that it is not what an extension will make of it. */
  #isTransformed = false;
  #messageBytes = 0;
  #messageFragments = 0;

  // The frame in progress.
  #firstOctet = 0;
  #remaining = 0;
  #maskingKey = 0;

  // A header or a control payload that was cut in two. Allocated when needed, dropped when complete.
  #stash: Uint8Array | undefined;
  #stashed = 0;

  /**
   * @param role the role of this side: a server's parser demands masked frames, a client's refuses them
   * @param masking how payloads are unmasked
   * @param claimedBits reserved bits of data frames that negotiated extensions claim, in place (0x40 for RSV1)
   */
  constructor(role: Role, limits: Limits, sink: FrameSink, masking: Masking = portableMasking, claimedBits = 0) {
    this.#requiredMaskBit = role === "server" ? maskBit : 0;
    this.#limits = limits;
    this.#sink = sink;
    this.#masking = masking;
    this.#claimedBits = claimedBits;
  }

  /** Octets that wait for `resume`. */
  get heldBytes(): number {
    let total = 0;
    if (this.#held !== undefined) for (const piece of this.#held) total += piece.byteLength;
    return total;
  }

  /** Whether a message has begun that did not come whole, and is not complete. */
  get isMidMessage(): boolean {
    return this.#messageOpcode !== 0;
  }

  /** Reads no more, for good: what was held is dropped and what comes is ignored. */
  stop(): void {
    this.#isStopped = true;
    this.#held = undefined;
    this.#stash = undefined;
  }

  /** Hands on nothing more until `resume`, not even what is left of the chunk being read. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on where `pause` stopped. May be called from within the sink. */
  resume(): void {
    this.#isPaused = false;
    // Within the sink nothing is held yet: what is left of the chunk is read on.
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    // What a sink pauses again at is held again, in the same order, by receive.
    for (const piece of held) this.receive(piece);
  }

  /**
   * Reads the octets from `start` to `end`. They may be changed (unmasked in place) and are not kept.
   */
  receive(chunk: Uint8Array, start: number = 0, end: number = chunk.byteLength): void {
    if (this.#isStopped || start === end) return;
    if (this.#isPaused) {
      this.#hold(chunk, start, end);
      return;
    }
    let position = start;
    while (position < end) {
      position = this.#step(chunk, position, end);
      if (this.#isStopped) break;
      if (this.#isPaused) {
        if (position < end) this.#hold(chunk, position, end);
        break;
      }
    }
  }

  #hold(chunk: Uint8Array, start: number, end: number): void {
    this.#held ??= [];
    // A copy: the chunk is the transport's, and may be its only read buffer.
    this.#held.push(copyOctets(chunk, start, end));
  }

  /** Reads one header with as much of its payload as is there, or one more piece of a payload. */
  #step(chunk: Uint8Array, position: number, chunkEnd: number): number {
    if (this.#stage === Stage.dataPayload) return this.#readDataPayload(chunk, position, chunkEnd);
    if (this.#stage === Stage.controlPayload) return this.#readControlPayload(chunk, position, chunkEnd);
    if (this.#stashed > 0 || chunkEnd - position < 2) return this.#stashHeader(chunk, position, chunkEnd);

    const firstOctet = chunk[position] as number;
    const secondOctet = chunk[position + 1] as number;
    if (!this.#acceptFirstOctet(firstOctet) || !this.#acceptSecondOctet(firstOctet, secondOctet)) return position;
    const headerEnd = position + headerBytesFor(secondOctet);
    if (headerEnd > chunkEnd) return this.#stashHeader(chunk, position, chunkEnd);
    if (!this.#acceptHeader(chunk, position)) return position;
    return this.#beginPayload(chunk, headerEnd, chunkEnd);
  }

  /** Collects a header that is cut in two, judging each part of it as it comes. */
  #stashHeader(chunk: Uint8Array, from: number, chunkEnd: number): number {
    this.#stash ??= new Uint8Array(maxHeaderBytes);
    const stash = this.#stash;
    for (let position = from; position < chunkEnd; position++) {
      stash[this.#stashed++] = chunk[position] as number;
      const firstOctet = stash[0] as number;
      const secondOctet = stash[1] as number;
      if (this.#stashed === 1) {
        if (!this.#acceptFirstOctet(firstOctet)) return position;
      } else if (this.#stashed === 2 && !this.#acceptSecondOctet(firstOctet, secondOctet)) {
        return position;
      }
      if (this.#stashed < 2) continue;
      const headerBytes = headerBytesFor(secondOctet);
      // The length is judged when it is there; the masking key behind it may still be on its way.
      const lengthEnd = headerBytes - (secondOctet & maskBit ? 4 : 0);
      if (this.#stashed === lengthEnd && !this.#acceptHeader(stash, 0)) {
        // Where it was only put off, the octet that completed the length comes again.
        this.#stashed--;
        return position;
      }
      if (this.#stashed === headerBytes) {
        if (headerBytes !== lengthEnd) this.#maskingKey = readInt32(stash, lengthEnd);
        this.#stash = undefined;
        this.#stashed = 0;
        return this.#beginPayload(chunk, position + 1, chunkEnd);
      }
    }
    return chunkEnd;
  }

  #acceptFirstOctet(firstOctet: number): boolean {
    const opcode = firstOctet & 0x0f;
    // RFC 6455 §5.2: "If a nonzero value is received and none of the negotiated extensions defines the meaning of
    // such a nonzero value, the receiving endpoint MUST _Fail the WebSocket Connection_." Extensions claim bits of
    // a message's first frame only: RFC 7692 §6 "An endpoint MUST NOT set the "Per-Message Compressed" bit of control
    // frames and non-first fragments of a data message. An endpoint receiving such a frame MUST _Fail the WebSocket
    // Connection_."
    const reserved = firstOctet & reservedBits;
    const mayClaim = opcode !== Opcode.continuation && opcode < Opcode.close;
    if (reserved !== 0 && (!mayClaim || (reserved & ~this.#claimedBits) !== 0)) {
      return this.#fail("reserved-bit-set", reserved >> 4);
    }
    if (opcode >= Opcode.close) {
      // §5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_."
      if (opcode > Opcode.pong) return this.#fail("reserved-opcode", opcode);
      // §5.5: control frames "MUST NOT be fragmented".
      return (firstOctet & finBit) !== 0 || this.#fail("control-frame-fragmented", opcode);
    }
    if (opcode > Opcode.binary) return this.#fail("reserved-opcode", opcode);
    // §5.4: "The fragments of one message MUST NOT be interleaved between the fragments of another message unless an
    // extension has been negotiated that can interpret the interleaving."
    if (opcode === Opcode.continuation) {
      return this.#messageOpcode !== 0 || this.#fail("continuation-without-start", opcode);
    }
    return this.#messageOpcode === 0 || this.#fail("continuation-expected", opcode);
  }

  #acceptSecondOctet(firstOctet: number, secondOctet: number): boolean {
    // §5.1: "The server MUST close the connection upon receiving a frame that is not masked." "A client MUST close a
    // connection if it detects a masked frame."
    if ((secondOctet & maskBit) !== this.#requiredMaskBit) {
      return this.#fail(this.#requiredMaskBit === 0 ? "mask-present" : "mask-missing");
    }
    // §5.5: "All control frames MUST have a payload length of 125 bytes or less".
    const length = secondOctet & 0x7f;
    if ((firstOctet & 0x08) !== 0 && length > maxControlPayloadBytes) {
      return this.#fail("control-frame-too-long", length, maxControlPayloadBytes);
    }
    return true;
  }

  /** Reads the length, and the masking key where it is there already, and holds the length against the limits. */
  #acceptHeader(bytes: Uint8Array, at: number): boolean {
    const firstOctet = bytes[at] as number;
    const secondOctet = bytes[at + 1] as number;
    const shortLength = secondOctet & 0x7f;
    let length = shortLength;
    let lengthEnd = at + 2;
    // §5.2: "in all cases, the minimal number of bytes MUST be used to encode the length".
    if (shortLength === 126) {
      length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
      if (length < 126) return this.#fail("length-not-minimal", length);
      lengthEnd = at + 4;
    } else if (shortLength === 127) {
      const high = readUint32(bytes, at + 2);
      length = high * 0x1_0000_0000 + readUint32(bytes, at + 6);
      // §5.2: "the most significant bit MUST be 0".
      if (high > 0x7fffffff) return this.#fail("length-top-bit-set", length);
      if (!Number.isSafeInteger(length)) return this.#fail("length-not-representable", length, Number.MAX_SAFE_INTEGER);
      if (length < 65536) return this.#fail("length-not-minimal", length);
      lengthEnd = at + 10;
    }
    if ((firstOctet & 0x08) === 0 && !this.#isWithinLimits(firstOctet, length)) return false;
    this.#firstOctet = firstOctet;
    this.#remaining = length;
    if ((secondOctet & maskBit) !== 0) this.#maskingKey = readInt32(bytes, lengthEnd);
    return true;
  }

  #isWithinLimits(firstOctet: number, length: number): boolean {
    const limits = this.#limits;
    const isContinuation = (firstOctet & 0x0f) === Opcode.continuation;
    const isTransformed = isContinuation ? this.#isTransformed : (firstOctet & reservedBits) !== 0;
    const maxFrameBytes = isTransformed ? withTransformRoom(limits.maxFrameBytes) : limits.maxFrameBytes;
    if (length > maxFrameBytes) return this.#passesLimit("frame-too-big", length, maxFrameBytes);
    const maxMessageBytes = isTransformed ? withTransformRoom(limits.maxMessageBytes) : limits.maxMessageBytes;
    const messageBytes = this.#messageBytes + length;
    if (messageBytes > maxMessageBytes) return this.#passesLimit("message-too-big", messageBytes, maxMessageBytes);
    if (this.#messageFragments >= limits.maxFragmentsPerMessage) {
      return this.#passesLimit("too-many-fragments", this.#messageFragments + 1, limits.maxFragmentsPerMessage);
    }
    return true;
  }

  /** @returns whether the frame is read all the same */
  #passesLimit(code: ViolationCode, observed: number, limit: number): boolean {
    if (this.sizes === "ignore") return true;
    if (this.sizes === "fail") return this.#fail(code, observed, limit);
    // The header stays where it is, and is judged again by `resume`.
    this.pause();
    this.#sink.sizeInDoubt?.();
    return false;
  }

  #beginPayload(chunk: Uint8Array, position: number, chunkEnd: number): number {
    const firstOctet = this.#firstOctet;
    if ((firstOctet & 0x08) !== 0) {
      this.#stage = Stage.controlPayload;
      return this.#readControlPayload(chunk, position, chunkEnd);
    }
    const opcode = firstOctet & 0x0f;
    const fin = (firstOctet & finBit) !== 0;
    const end = position + this.#remaining;
    if (fin && opcode !== Opcode.continuation && end <= chunkEnd) {
      const ascii = this.#unmask(chunk, position, end);
      this.#sink.wholeMessage(opcode as DataOpcode, firstOctet & reservedBits, chunk, position, end, ascii);
      return end;
    }
    const isFirst = opcode !== Opcode.continuation;
    if (isFirst) {
      this.#messageOpcode = opcode as DataOpcode;
      this.#isTransformed = (firstOctet & reservedBits) !== 0;
    }
    this.#messageBytes += this.#remaining;
    this.#messageFragments++;
    this.#stage = Stage.dataPayload;
    this.#sink.frameStart(this.#messageOpcode as DataOpcode, isFirst, firstOctet & reservedBits, this.#remaining, fin);
    return this.#isStopped ? position : this.#readDataPayload(chunk, position, chunkEnd);
  }

  #readDataPayload(chunk: Uint8Array, position: number, chunkEnd: number): number {
    const end = Math.min(position + this.#remaining, chunkEnd);
    const length = end - position;
    this.#remaining -= length;
    if (length > 0) {
      const ascii = this.#unmask(chunk, position, end);
      this.#maskingKey = advanceMaskingKey(this.#maskingKey, length);
      this.#sink.framePayload(chunk, position, end, ascii);
      if (this.#isStopped) return end;
    }
    if (this.#remaining === 0) {
      const fin = (this.#firstOctet & finBit) !== 0;
      this.#stage = Stage.header;
      if (fin) {
        this.#messageOpcode = 0;
        this.#messageBytes = 0;
        this.#messageFragments = 0;
      }
      this.#sink.frameEnd(fin);
    }
    return end;
  }

  #readControlPayload(chunk: Uint8Array, position: number, chunkEnd: number): number {
    const opcode = this.#firstOctet & 0x0f;
    const end = Math.min(position + this.#remaining, chunkEnd);
    this.#unmask(chunk, position, end);
    this.#maskingKey = advanceMaskingKey(this.#maskingKey, end - position);
    this.#remaining -= end - position;
    if (this.#remaining === 0 && this.#stashed === 0) {
      this.#stage = Stage.header;
      this.#sink.control(opcode, chunk, position, end);
      return end;
    }
    this.#stash ??= new Uint8Array(maxControlPayloadBytes);
    for (let index = position; index < end; index++) this.#stash[this.#stashed++] = chunk[index] as number;
    if (this.#remaining === 0) {
      const payload = this.#stash;
      const length = this.#stashed;
      this.#stash = undefined;
      this.#stashed = 0;
      this.#stage = Stage.header;
      this.#sink.control(opcode, payload, 0, length);
    }
    return end;
  }

  /** Unmasks what a client sent; only looks at what a server sent. Returns whether it is known to be all ASCII. */
  #unmask(chunk: Uint8Array, start: number, end: number): boolean {
    if (this.#requiredMaskBit !== 0) return this.#masking.apply(chunk, start, end, this.#maskingKey);
    return end - start <= asciiCheckedBytes && this.#masking.isAscii(chunk, start, end);
  }

  #fail(code: ViolationCode, observed?: number, limit?: number): false {
    this.stop();
    this.#sink.violation(new ProtocolError(code, observed, limit));
    return false;
  }
}

/** Octets of the header that a second octet announces. */
function headerBytesFor(secondOctet: number): number {
  const length = secondOctet & 0x7f;
  return 2 + (length < 126 ? 0 : length === 126 ? 2 : 8) + (secondOctet & maskBit ? 4 : 0);
}
