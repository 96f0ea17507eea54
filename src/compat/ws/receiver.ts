/**
 * `ws`'s Receiver: a stream that octets are written into, and that emits what they say. For those who drive it
 * themselves; our own sockets do without.
 */
import { Blob, type Buffer, isUtf8, Buffer as NodeBuffer } from "node:buffer";
import { Writable } from "node:stream";
import { readCloseBody } from "../../protocol/close-handshake.js";
import {
  type DataOpcode,
  defaultLimits,
  FrameParser,
  type FrameSink,
  Opcode,
  ProtocolError,
  type TextCodec,
} from "../../protocol/index.js";
import { nodePlatform } from "../../transport/node/index.js";
import { type FrameError, frameErrorOf, invalidUtf8Error, tooLongError, tooManyChunksError } from "./frame-errors.js";
import { asArrayBuffer, asBuffer, emptyBuffer } from "./payload.js";
import { type DeflateExtensions, PerMessageDeflate } from "./per-message-deflate.js";
import type { BinaryType } from "./session.js";

/** How a `Receiver` works. */
export interface ReceiverOptions {
  /** Whether more than one event may be emitted in a tick. Default true. */
  allowSynchronousEvents?: boolean | undefined;
  /** In which shape binary messages are handed out. Default "nodebuffer". */
  binaryType?: BinaryType | undefined;
  /** What was negotiated. Default: nothing. */
  extensions?: DeflateExtensions | undefined;
  /** Whether frames must be masked, as those of clients are. Default false: they must not. */
  isServer?: boolean | undefined;
  /** Chunks that an unfinished frame may be held in. Default 0: any number. */
  maxBufferedChunks?: number | undefined;
  /** Frames that a message may be made of. Default 0: any number. */
  maxFragments?: number | undefined;
  /** Octets that a message may have, before and after it is inflated. Default 0: any number. */
  maxPayload?: number | undefined;
  /** Whether text and reasons are handed out without being checked. Default false. */
  skipUTF8Validation?: boolean | undefined;
}

type Done = (error?: Error | null) => void;

const anyNumber = Number.MAX_SAFE_INTEGER;
/** A codec for reasons that nobody wants to be checked. */
const unchecked: TextCodec = { ...nodePlatform.text, isValid: () => true };

/**
 * Emits `message` (data, isBinary), `ping` and `pong` (data), `conclude` (code, reason) for the Close frame, after which
 * it ends, and `error` for the first violation.
 */
export class Receiver extends Writable {
  readonly #isSynchronous: boolean;
  readonly #binaryType: BinaryType;
  readonly #deflate: PerMessageDeflate | undefined;
  readonly #maxBufferedChunks: number;
  readonly #maxPayload: number;
  readonly #skipsUtf8: boolean;
  readonly #parser: FrameParser;
  #opcode: DataOpcode = Opcode.binary;
  #isCompressed = false;
  /** The payload of the frame in progress, in the pieces it came in. */
  #pieces: Buffer[] = [];
  /** The payloads of the message in progress, one for each frame that has any. */
  #fragments: Buffer[] = [];
  #messageBytes = 0;
  /** Whether what follows waits, for zlib or for the next tick. */
  #isWaiting = false;
  #error: FrameError | undefined;
  /** Takes the next chunk, once this one is done with. */
  #done: Done | undefined;

  constructor(options: ReceiverOptions = {}) {
    super();
    const { extensions, isServer = false, maxFragments = 0, maxPayload = 0 } = options;
    this.#isSynchronous = options.allowSynchronousEvents ?? true;
    this.#binaryType = options.binaryType ?? "nodebuffer";
    this.#deflate = extensions?.[PerMessageDeflate.extensionName];
    this.#maxBufferedChunks = options.maxBufferedChunks ?? 0;
    this.#maxPayload = maxPayload > 0 ? maxPayload : anyNumber;
    this.#skipsUtf8 = options.skipUTF8Validation ?? false;
    const limits = {
      ...defaultLimits,
      maxFrameBytes: this.#maxPayload,
      maxMessageBytes: this.#maxPayload,
      maxFragmentsPerMessage: maxFragments > 0 ? maxFragments : anyNumber,
    };
    const claimedBits = this.#deflate === undefined ? 0 : 0x40;
    this.#parser = new FrameParser(
      isServer ? "server" : "client",
      limits,
      this.#sink(),
      nodePlatform.masking,
      claimedBits,
    );
  }

  /** @internal */
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#maxBufferedChunks > 0 && this.#pieces.length >= this.#maxBufferedChunks) {
      done(tooManyChunksError());
      return;
    }
    this.#done = done;
    this.#parser.receive(chunk);
    this.#finishChunk();
  }

  #finishChunk(): void {
    if (this.#isWaiting) return;
    const done = this.#done;
    this.#done = undefined;
    done?.(this.#error);
  }

  #sink(): FrameSink {
    return {
      wholeMessage: (opcode, reserved, bytes, start, end) => {
        this.#begin(opcode, reserved);
        this.#endFrame(asBuffer(bytes, start, end), true);
      },
      frameStart: (opcode, isFirst, reserved) => {
        if (isFirst) this.#begin(opcode, reserved);
      },
      framePayload: (bytes, start, end) => this.#pieces.push(asBuffer(bytes, start, end)),
      frameEnd: (fin) => {
        const payload = joined(this.#pieces);
        this.#pieces = [];
        this.#endFrame(payload, fin);
      },
      control: (opcode, bytes, start, end) => this.#control(opcode, bytes, start, end),
      violation: (error) => this.#fail(frameErrorOf(error)),
    };
  }

  #begin(opcode: DataOpcode, reserved: number): void {
    this.#opcode = opcode;
    this.#isCompressed = reserved !== 0;
  }

  #endFrame(payload: Buffer, fin: boolean): void {
    if (this.#isCompressed) this.#inflate(payload, fin);
    else if (this.#append(payload) && fin) this.#deliver(this.#isSynchronous);
  }

  #inflate(payload: Buffer, fin: boolean): void {
    this.#wait();
    this.#deflate?.decompress(payload, fin, (error, inflated) => {
      if (error !== null) this.#fail(error as FrameError);
      // What has waited for zlib is in a tick of its own.
      else if (this.#append(inflated) && fin) this.#deliver(true);
      this.#goOn();
    });
  }

  #append(payload: Buffer): boolean {
    if (payload.length === 0) return true;
    this.#messageBytes += payload.length;
    if (this.#messageBytes > this.#maxPayload) {
      this.#fail(tooLongError());
      return false;
    }
    this.#fragments.push(payload);
    return true;
  }

  /** Hands out the message, which is complete. */
  #deliver(isNow: boolean): void {
    const fragments = this.#fragments;
    this.#fragments = [];
    this.#messageBytes = 0;
    if (this.#opcode === Opcode.binary) {
      this.#emitted(isNow, "message", shaped(fragments, this.#binaryType), true);
      return;
    }
    const text = joined(fragments);
    if (this.#skipsUtf8 || isUtf8(text)) this.#emitted(isNow, "message", text, false);
    else this.#fail(invalidUtf8Error());
  }

  #emitted(isNow: boolean, ...event: [name: string, ...values: unknown[]]): void {
    if (isNow) {
      this.emit(...event);
      return;
    }
    this.#wait();
    setImmediate(() => {
      this.emit(...event);
      this.#goOn();
    });
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#parser.pause();
  }

  #goOn(): void {
    this.#isWaiting = false;
    this.#parser.resume();
    this.#finishChunk();
  }

  #control(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    if (opcode !== Opcode.close) {
      this.#emitted(this.#isSynchronous, opcode === Opcode.ping ? "ping" : "pong", asBuffer(bytes, start, end));
      return;
    }
    const body = readCloseBody(bytes, start, end, this.#skipsUtf8 ? unchecked : nodePlatform.text);
    if (body instanceof ProtocolError) {
      this.#fail(frameErrorOf(body));
      return;
    }
    this.#parser.stop();
    this.emit("conclude", body.code, start === end ? emptyBuffer : asBuffer(bytes, start + 2, end));
    this.end();
  }

  #fail(error: FrameError): void {
    this.#parser.stop();
    this.#error ??= error;
  }
}

/** Pieces in one. */
function joined(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces;
  if (first === undefined) return emptyBuffer;
  return pieces.length === 1 ? first : NodeBuffer.concat(pieces);
}

function shaped(fragments: Buffer[], binaryType: BinaryType): Buffer | ArrayBufferLike | Buffer[] | Blob {
  if (binaryType === "fragments") return fragments;
  if (binaryType === "blob") return new Blob(fragments);
  const whole = joined(fragments);
  return binaryType === "nodebuffer" ? whole : asArrayBuffer(whole);
}
