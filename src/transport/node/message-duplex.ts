/**
 * A pipe of messages as a stream of `node:stream` in both directions.
 *
 * Backpressure: a message is taken when the readable side wants one, and a write is done when there is room for the next.
 */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { TextDecoder } from "node:util";
import { CloseCode, UsageError } from "../../protocol/index.js";
import type { DuplexOptions, MessagePipe } from "../message-pipe.js";

declare module "../platform-types.js" {
  interface PlatformTypes {
    readonly duplex: Duplex;
  }
}

// As long as the chunks of files that Node reads. Peers limit the length of messages, but not that of a stream.
const maxPieceBytes = 64 * 1024;

// Messages may be long: no more than one waits outside of the socket's own limits.
const messagesAhead = 1;

type Callback = (error?: Error | null) => void;

class MessageDuplex extends Duplex {
  readonly #pipe: MessagePipe;
  readonly #objectMode: boolean;
  /** Checks that what is sent as text is UTF-8; undefined where octets are sent as they are. */
  readonly #decoder: TextDecoder | undefined;
  #isTaking = false;
  /** Whether the peer has closed, and everything before that was taken. */
  #hasPeerClosed = false;

  constructor(pipe: MessagePipe, { objectMode = false, type, allowHalfOpen = false }: DuplexOptions) {
    super({ objectMode, allowHalfOpen, ...(objectMode ? { readableHighWaterMark: messagesAhead } : {}) });
    this.#pipe = pipe;
    this.#objectMode = objectMode;
    if (type === "text") this.#decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    // What a peer does must not end the process of somebody who does not listen.
    this.on("error", () => undefined);
    void pipe.ended.then(({ isInOrder, error }) => {
      // Whoever reads hears of it after the last message; nobody else would.
      if (!isInOrder && this.readableFlowing === null) this.destroy(error);
    });
    // As a socket of `node:net` does, so that the peer's end is noticed while nobody reads.
    this.read(0);
  }

  override _read(): void {
    if (this.#isTaking) return;
    this.#isTaking = true;
    // In a turn of their own, so that what a listener throws is thrown as from any other stream.
    this.#pipe.read().then(
      (message) => process.nextTick(() => this.#took(message)),
      (error: unknown) => this.destroy(error as Error),
    );
  }

  #took(message: string | Uint8Array | undefined): void {
    this.#isTaking = false;
    if (this.destroyed) return;
    if (message === undefined) {
      this.#hasPeerClosed = true;
      this.push(null);
      // The end is told to those, too, who do not read, if there is nothing to be read.
      this.read(0);
    } else if (this.#objectMode) {
      this.push(message);
    } else if (message.length === 0) {
      this._read();
    } else {
      this.push(octetsOf(message));
    }
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, callback: Callback): void {
    let room: Promise<void> | undefined;
    try {
      room = this.#objectMode ? this.#pipe.write(chunk) : this.#writeOctets(chunk as Buffer);
    } catch (error) {
      callback(error as Error);
      return;
    }
    if (room === undefined) callback();
    else answer(room, callback);
  }

  /** Sends octets, in pieces. */
  #writeOctets(octets: Buffer): Promise<void> | undefined {
    if (octets.byteLength > maxPieceBytes) return this.#writePieces(octets);
    const piece = this.#decoder === undefined ? octets : decoded(() => this.#decoder?.decode(octets, { stream: true }));
    return piece.length === 0 ? undefined : this.#pipe.write(piece);
  }

  async #writePieces(octets: Buffer): Promise<void> {
    for (let start = 0; start < octets.byteLength; start += maxPieceBytes) {
      await this.#writeOctets(octets.subarray(start, start + maxPieceBytes));
    }
  }

  override _final(callback: Callback): void {
    try {
      // A code point may have been begun.
      decoded(() => this.#decoder?.decode());
    } catch (error) {
      callback(error as Error);
      return;
    }
    answer(this.#pipe.end(), callback);
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#pipe.abandon(this.#closeCode(error));
    callback(error);
  }

  /** What tells the peer whether it has had everything, and we have. */
  #closeCode(error: Error | null): number {
    // Loops over a stream destroy it when they are through, or left, and that is an AbortError, as it is for a signal.
    if (error !== null && error.name !== "AbortError") return CloseCode.internalError;
    return this.#hasPeerClosed && this.writableLength === 0 ? CloseCode.normalClosure : CloseCode.goingAway;
  }
}

function octetsOf(message: string | Uint8Array): Buffer {
  if (typeof message === "string") return Buffer.from(message);
  return Buffer.from(message.buffer, message.byteOffset, message.byteLength);
}

/** What a decoder makes of octets. Throws UsageError `text-not-utf8`. */
function decoded(decode: () => string | undefined): string {
  try {
    return decode() ?? "";
  } catch {
    throw new UsageError("text-not-utf8");
  }
}

function answer(result: Promise<void>, callback: Callback): void {
  // In a turn of their own, as above.
  result.then(
    () => process.nextTick(callback),
    (error: unknown) => process.nextTick(callback, error),
  );
}

/** Makes the stream. */
export function createMessageDuplex(pipe: MessagePipe, options: DuplexOptions): Duplex {
  return new MessageDuplex(pipe, options);
}
