/**
 * One message that is handed on while it comes. Nothing of it is held here; text is checked as it passes (RFC 6455 §8.1).
 */
import type { PieceSink } from "./connection-context.js";
import { ProtocolError } from "./errors.js";
import type { DataOpcode } from "./opcode.js";
import { Opcode } from "./opcode.js";
import type { TextCodec } from "./utf8.js";
import { Utf8Pieces } from "./utf8.js";

/** See the head of this file. */
export class MessagePieces {
  /** Whether an extension changes it. */
  readonly isTransformed: boolean;
  readonly #sink: PieceSink;
  readonly #text: Utf8Pieces | undefined;

  constructor(sink: PieceSink, opcode: DataOpcode, isTransformed: boolean, codec: TextCodec) {
    this.isTransformed = isTransformed;
    this.#sink = sink;
    if (opcode === Opcode.text) this.#text = new Utf8Pieces(codec);
  }

  /** Tells the sink of it. */
  start(): void {
    this.#sink.messageStarted(this.#text === undefined ? "binary" : "text", this.isTransformed);
  }

  /** Hands on the next octets. Returns whether there is room for more, or what is wrong with them. */
  push(bytes: Uint8Array, start: number, end: number, isOwned: boolean): boolean | ProtocolError {
    if (this.#text?.push(bytes, start, end) === false) return new ProtocolError("invalid-utf8");
    return this.#sink.messagePiece(bytes, start, end, isOwned);
  }

  /** The message is complete. Returns why it cannot be. */
  end(): ProtocolError | undefined {
    if (this.#text?.isComplete === false) return new ProtocolError("invalid-utf8");
    this.#sink.messageEnded();
    return undefined;
  }
}
