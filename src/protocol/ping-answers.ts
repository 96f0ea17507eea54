/**
 * The answers to the peer's pings (RFC 6455 §5.5.2, §5.5.3).
 *
 * §5.5.2: "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already received a
 * Close frame." §5.5.3: the pong carries the ping's octets, and of several unanswered pings only the latest need be
 * answered, which is what keeps a flood of them from piling up behind a peer that does not read.
 */
import { finBit } from "./frame-header.js";
import type { FrameWriter } from "./frame-writer.js";
import { copyOctets } from "./octets.js";
import { Opcode } from "./opcode.js";

/** See the head of this file. */
export class PingAnswers {
  readonly #writer: FrameWriter;
  #isBlocked = false;
  #owed: Uint8Array | undefined;

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  /** Answers a ping: at once, or, while the stream takes nothing, when it does again. */
  answer(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isBlocked) this.#owed = copyOctets(bytes, start, end);
    else this.#writer.writeFrame(finBit | Opcode.pong, bytes, start, end);
  }

  /**
   * Tells whether the stream takes octets at the moment.
   *
   * @param mayAnswer whether anything may still be sent
   */
  setBlocked(isBlocked: boolean, mayAnswer: boolean): void {
    this.#isBlocked = isBlocked;
    const owed = this.#owed;
    if (isBlocked || owed === undefined) return;
    this.#owed = undefined;
    if (mayAnswer) this.#writer.writeFrame(finBit | Opcode.pong, owed, 0, owed.byteLength);
  }
}
