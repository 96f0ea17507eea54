/**
 * One message that did not arrive in one piece (RFC 6455 §5.4), joined as it comes.
 *
 * All octets go into one buffer, whatever the number of fragments, so that a message in tiny fragments costs no more
 * memory than one in a single frame. The buffer grows with what has arrived, never with what was announced: a peer
 * makes us hold at most four times what it sent. Only up to the length of a message that it has sent before does its
 * word count, so that each octet of its next ones is copied once.
 */
import { ProtocolError } from "./errors.js";
import type { Limits } from "./limits.js";
import type { DataOpcode } from "./opcode.js";
import { Opcode } from "./opcode.js";
import type { TextCodec } from "./utf8.js";
import { incompleteEnd } from "./utf8.js";

/** Octets that the objects around one unfinished message take, beside its octets. */
export const assemblyOverheadBytes = 512;

/** Octets of a message's first buffer, where it is not known to be shorter. */
const firstCapacityBytes = 1024;

/** What all assemblies share. */
export interface AssemblyContext {
  readonly limits: Pick<Limits, "maxBufferedBytes">;
  readonly text: TextCodec;
  /** Makes memory that need not be cleared. Default: a new `Uint8Array`. */
  readonly allocate?: (byteLength: number) => Uint8Array;
}

/** See the head of this file. */
export class MessageAssembly {
  readonly opcode: DataOpcode;
  /** The reserved bits of the message's first frame. */
  readonly reserved: number;
  readonly #context: AssemblyContext;
  readonly #trustedBytes: number;
  #buffer: Uint8Array;
  #used = 0;
  /** Octets of a text that are known to be valid UTF-8, whole code points. */
  #checked = 0;
  #announced = 0;
  #isLastFrame = false;
  #ascii = true;

  /**
   * @param reserved the reserved bits of the message's first frame
   * @param trustedBytes octets up to which memory is taken for what was only announced
   */
  constructor(opcode: DataOpcode, reserved: number, context: AssemblyContext, trustedBytes: number) {
    this.opcode = opcode;
    this.reserved = reserved;
    this.#context = context;
    this.#trustedBytes = trustedBytes;
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

  /** What has come so far, where it lies. */
  get octets(): Uint8Array {
    return this.#buffer.subarray(0, this.#used);
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
    const isChecked = this.#checked === this.#used;
    this.#used = needed;
    if (ascii && isChecked) this.#checked = needed;
    else if (this.opcode === Opcode.text) return this.#check();
    return undefined;
  }

  /** Checks what has come since the last time, from the beginning of its first code point. */
  #check(): ProtocolError | undefined {
    this.#ascii = false;
    const from = this.#checked;
    const rest = incompleteEnd(this.#buffer, from, this.#used);
    if (rest === -1 || !this.#context.text.isValid(this.#buffer, from, rest)) return new ProtocolError("invalid-utf8");
    this.#checked = rest;
    return undefined;
  }

  #grow(needed: number): ProtocolError | undefined {
    const { maxBufferedBytes } = this.#context.limits;
    const current = this.#buffer.byteLength;
    // Where the end is known, no further than there; but in steps of at most four times what has arrived.
    const step = Math.max(needed, firstCapacityBytes, current * 4);
    let capacity = Math.min(Math.max(step, this.#trustedBytes), this.#announced);
    if (!this.#isLastFrame) capacity = Math.max(capacity, firstCapacityBytes, Math.min(step, current * 2));
    // Both buffers live while one is copied into the other. Room to grow further is taken only as far as there is any:
    // a message that the limit can hold is never refused for it.
    const room = maxBufferedBytes - assemblyOverheadBytes - current;
    if (needed > room) {
      const held = current + needed + assemblyOverheadBytes;
      return new ProtocolError("too-much-buffered", held, maxBufferedBytes);
    }
    capacity = Math.min(capacity, room);
    return this.#moveTo(capacity);
  }

  /** Goes on in a buffer of another size, unless there is no memory: then it is this connection that ends for it. */
  #moveTo(capacity: number): ProtocolError | undefined {
    const { allocate } = this.#context;
    let buffer: Uint8Array;
    try {
      buffer = allocate === undefined ? new Uint8Array(capacity) : allocate(capacity);
    } catch (cause) {
      return new ProtocolError("too-much-buffered", capacity, undefined, cause);
    }
    buffer.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = buffer;
    return undefined;
  }

  /**
   * The message, complete: text that ends within a code point fails here.
   *
   * @returns a binary message in memory of its own, exactly as long as it is; text, which is read at once, where it lies
   */
  finish(): Uint8Array | ProtocolError {
    if (this.opcode === Opcode.text) {
      if (this.#checked !== this.#used) return new ProtocolError("invalid-utf8");
      return this.octets;
    }
    if (this.#used === this.#buffer.byteLength) return this.#buffer;
    // A view would pin the whole buffer for as long as the message is kept, and nobody would count it. And whoever sends
    // `message.buffer` on, which works with messages that came whole, would send what memory held before.
    return this.#moveTo(this.#used) ?? this.#buffer;
  }
}
