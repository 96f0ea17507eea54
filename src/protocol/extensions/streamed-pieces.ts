/**
 * A compressed message that is handed on while it comes, inflated by steps of which each waits until there is room for
 * what it makes. So it holds a piece as it came and a piece inflated, however much becomes of it.
 */
import { copyOctets } from "../octets.js";
import type { StreamedInflation } from "./compressor.js";
import type { PieceTaker, StreamReceiver, TransformFailure } from "./extension.js";
import { isFailure } from "./extension.js";

/** The inflater of the connection, as far as one message needs it. */
export interface StreamedPiecesOwner {
  /** What comes next may refer to these octets. Throws where there is no memory. */
  remember(bytes: Uint8Array, start: number, end: number): void;
  /** The message has been inflated. */
  count(lengthBefore: number, lengthAfter: number): void;
}

/** See the head of this file. */
export class StreamedPieces implements StreamReceiver {
  readonly #inflation: StreamedInflation;
  readonly #owner: StreamedPiecesOwner;
  readonly #taker: PieceTaker;
  #lengthBefore = 0;
  #lengthAfter = 0;
  /** Octets that are being inflated, as they came. */
  #pieceBytes = 0;
  /** Settles when everything so far has been handed on. */
  #last: Promise<TransformFailure | undefined> = Promise.resolve(undefined);
  /** Goes on, where there was no room. */
  #goOn: (() => void) | undefined;
  #isOver = false;

  constructor(inflation: StreamedInflation, owner: StreamedPiecesOwner, taker: PieceTaker) {
    this.#inflation = inflation;
    this.#owner = owner;
    this.#taker = taker;
  }

  get heldBytes(): number {
    return this.#pieceBytes + this.#inflation.heldBytes;
  }

  push(bytes: Uint8Array, start: number, end: number): Promise<TransformFailure | undefined> {
    const piece = copyOctets(bytes, start, end);
    this.#pieceBytes += piece.byteLength;
    return this.#afterLast(() => {
      this.#lengthBefore += piece.byteLength;
      this.#inflation.write(piece, 0, piece.byteLength);
    });
  }

  async finish(): Promise<TransformFailure | undefined> {
    const failure = await this.#afterLast(() => this.#inflation.end());
    if (failure === undefined && !this.#isOver) this.#owner.count(this.#lengthBefore, this.#lengthAfter);
    this.abort();
    return failure;
  }

  room(): void {
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.();
  }

  abort(): void {
    this.#isOver = true;
    this.#inflation.abort();
    this.room();
  }

  #afterLast(begin: () => void): Promise<TransformFailure | undefined> {
    this.#last = this.#last.then((failure) => {
      if (failure !== undefined || this.#isOver) return failure;
      begin();
      return this.#handOn();
    });
    return this.#last;
  }

  /** Hands on everything that becomes of what has been written. */
  async #handOn(): Promise<TransformFailure | undefined> {
    for (;;) {
      const inflated = await this.#inflation.read();
      if (this.#isOver) return undefined;
      if (inflated === undefined) break;
      if (isFailure(inflated)) return inflated;
      const { bytes, start, end } = inflated;
      this.#lengthAfter += end - start;
      try {
        this.#owner.remember(bytes, start, end);
      } catch (cause) {
        return { failure: "message-too-big", observed: this.#lengthAfter, limit: undefined, cause };
      }
      if (this.#taker.piece(bytes, start, end)) continue;
      await new Promise<void>((resolve) => {
        this.#goOn = resolve;
      });
    }
    this.#pieceBytes = 0;
    return undefined;
  }
}
