/**
 * One message that did not arrive in one piece (RFC 6455 §5.4), joined as it comes.
 *
 * All octets go into one buffer, whatever the number of fragments, so that a message in tiny fragments costs no more
 * memory than one in a single frame. The buffer grows with what has arrived, never with what was announced: a peer
 * makes us hold at most four times what it sent.
 */
import { ProtocolError } from "./errors.js";
import type { DataOpcode } from "./opcode.js";
import { Opcode } from "./opcode.js";
import { Utf8Validator } from "./utf8.js";

/** Octets that the objects around one unfinished message take, beside its octets. */
export const assemblyOverheadBytes = 512;

/** Octets of a message's first buffer, where it is not known to be shorter. */
const firstCapacityBytes = 1024;

/** See the head of this file. */
export class MessageAssembly {
  readonly opcode: DataOpcode;
  /** The reserved bits of the message's first frame. */
  readonly reserved: number;
  readonly #maxBufferedBytes: number;
  readonly #validator: Utf8Validator | undefined;
  #buffer: Uint8Array;
  #used = 0;
  #announced = 0;
  #isLastFrame = false;
  #ascii = true;

  constructor(opcode: DataOpcode, reserved: number, maxBufferedBytes: number) {
    this.opcode = opcode;
    this.reserved = reserved;
    this.#maxBufferedBytes = maxBufferedBytes;
    this.#validator = opcode === Opcode.text ? new Utf8Validator() : undefined;
    this.#buffer = new Uint8Array(0);
  }

  /** Octets of memory held, with overhead. */
  get heldBytes(): number {
    return this.#buffer.byteLength + assemblyOverheadBytes;
  }

  /** Whether every octet so far is known to be ASCII. */
  get isAscii(): boolean {
    return this.#ascii;
  }

  /** The next frame's length is known. */
  frameStart(length: number, fin: boolean): void {
    this.#announced = this.#used + length;
    this.#isLastFrame = fin;
  }

  /** Adds a piece. Text is checked at once, and fails at its first bad octet (§8.1). */
  append(bytes: Uint8Array, start: number, end: number, ascii: boolean): ProtocolError | undefined {
    const needed = this.#used + end - start;
    if (needed > this.#buffer.byteLength) {
      const error = this.#grow(needed);
      if (error !== undefined) return error;
    }
    this.#buffer.set(bytes.subarray(start, end), this.#used);
    this.#used = needed;
    if (this.#validator !== undefined && !(ascii && this.#validator.isComplete)) {
      this.#ascii = false;
      if (this.#validator.push(bytes, start, end) !== -1) return new ProtocolError("invalid-utf8");
    }
    return undefined;
  }

  #grow(needed: number): ProtocolError | undefined {
    const current = this.#buffer.byteLength;
    // Where the end is known, no further than there; but in steps of at most four times what has arrived.
    const step = Math.max(needed, firstCapacityBytes, current * 4);
    let capacity = Math.min(step, this.#announced);
    if (!this.#isLastFrame) capacity = Math.max(capacity, firstCapacityBytes, Math.min(step, current * 2));
    // Both buffers live while one is copied into the other. Room to grow further is taken only as far as there is any:
    // a message that the limit can hold is never refused for it.
    const room = this.#maxBufferedBytes - assemblyOverheadBytes - current;
    if (needed > room) {
      const held = current + needed + assemblyOverheadBytes;
      return new ProtocolError("too-much-buffered", held, this.#maxBufferedBytes);
    }
    capacity = Math.min(capacity, room);
    const buffer = new Uint8Array(capacity);
    buffer.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = buffer;
    return undefined;
  }

  /** The message, complete: text that ends within a code point fails here. */
  finish(): Uint8Array | ProtocolError {
    if (this.#validator !== undefined && !this.#validator.isComplete) return new ProtocolError("invalid-utf8");
    // A view would pin the whole buffer for as long as the message is kept, and nobody would count it.
    const isMostlyFull = this.#used * 2 > this.#buffer.byteLength;
    return isMostlyFull ? this.#buffer.subarray(0, this.#used) : this.#buffer.slice(0, this.#used);
  }
}
