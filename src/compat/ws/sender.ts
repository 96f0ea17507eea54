/**
 * `ws`'s Sender: frames what it is given, compresses it where that was negotiated, and writes it into a stream. For those
 * who drive it themselves; our own sockets do without.
 */
import { Blob, Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { frameHeaderBytes, maskBit, readInt32, writeFrameHeader, writeUint32 } from "../../protocol/frame-header.js";
import { isCloseCodeOnWire, Opcode } from "../../protocol/index.js";
import { nodePlatform } from "../../transport/node/index.js";
import { type DeflateExtensions, PerMessageDeflate } from "./per-message-deflate.js";

/** Fills a buffer of four octets with a masking key. */
export type GenerateMask = (mask: Buffer) => void;

/** What a frame is to be like. Everything but `opcode` is false where it is left out. */
export interface FrameOptions {
  readonly opcode: number;
  /** Whether it is the last one of its message. */
  readonly fin?: boolean | undefined;
  /** Whether it is masked, as a client's has to be. */
  readonly mask?: boolean | undefined;
  /** Default: keys that nobody can foresee. */
  readonly generateMask?: GenerateMask | undefined;
  /** Where to put the key. */
  readonly maskBuffer?: Buffer | undefined;
  /** Whether the octets must stay as they are. They always do. */
  readonly readOnly?: boolean | undefined;
  /** Whether the first reserved bit is set: compressed. */
  readonly rsv1?: boolean | undefined;
}

/** How a message is sent. Everything is false where it is left out. */
export interface SenderOptions {
  readonly binary?: boolean | undefined;
  readonly compress?: boolean | undefined;
  readonly fin?: boolean | undefined;
  readonly mask?: boolean | undefined;
}

/** What can be sent: anything else becomes what `Buffer.from` makes of it. */
export type SenderData = string | ArrayBufferLike | ArrayBufferView | Blob | readonly number[];

/** Called when a frame has been handed over, or cannot be. */
export type Sent = (error?: Error | null) => void;

type Payload = string | Buffer | Blob;

interface Job {
  readonly payload: Payload;
  readonly compress: boolean;
  readonly options: FrameOptions;
  readonly sent: Sent | undefined;
}

const finBit = 0x80;
const compressedBit = 0x40;

/** See the head of this file. */
export class Sender {
  /** Told where a Blob cannot be read. */
  onerror: (error: Error) => void = () => undefined;
  readonly #socket: Duplex;
  readonly #deflate: PerMessageDeflate | undefined;
  readonly #generateMask: GenerateMask | undefined;
  #isFirstFragment = true;
  /** Whether the message in progress is compressed. */
  #compresses = false;
  /** Whether a Blob is being read, or something compressed; what is sent meanwhile waits. */
  #isBusy = false;
  #waiting: Job[] = [];

  /**
   * @param socket where frames are written; it stays the caller's
   * @param extensions what was negotiated
   * @param generateMask makes masking keys. Default: keys that nobody can foresee
   */
  constructor(socket: Duplex, extensions: DeflateExtensions = {}, generateMask?: GenerateMask) {
    this.#socket = socket;
    this.#deflate = extensions[PerMessageDeflate.extensionName];
    this.#generateMask = generateMask;
  }

  /**
   * Frames octets, or text.
   *
   * @returns what to write: the header and the payload; or both in one, which is a copy, where it is masked
   */
  static frame(data: string | Uint8Array, options: FrameOptions): Buffer[] {
    const payload = typeof data === "string" ? Buffer.from(data) : data;
    const { length } = payload;
    if (options.mask !== true) {
      const header = unmaskedHeader(length, options);
      return length === 0 ? [header] : [header, payload as Buffer];
    }
    const payloadAt = frameHeaderBytes(length, true);
    const frame = Buffer.allocUnsafe(payloadAt + length);
    const keyAt = writeFrameHeader(frame, 0, firstOctet(options), length, maskBit);
    writeKey(frame, keyAt, options);
    frame.set(payload, payloadAt);
    nodePlatform.masking.apply(frame, payloadAt, payloadAt + length, readInt32(frame, keyAt));
    return [frame];
  }

  /**
   * Sends a Close frame.
   *
   * @param code a status code that may be sent; none makes an empty frame
   * @param data the reason, at most 123 octets
   * @throws TypeError for another code or reason, RangeError for a longer one
   */
  close(code?: number, data?: string | Uint8Array, mask?: boolean, sent?: Sent): void {
    this.#send(Opcode.close, closeBody(code, data), mask, sent);
  }

  /**
   * Sends a ping.
   *
   * @throws RangeError for more than 125 octets
   */
  ping(data: SenderData, mask?: boolean, sent?: Sent): void {
    this.#send(Opcode.ping, controlPayload(data), mask, sent);
  }

  /** Sends a pong. As `ping`. */
  pong(data: SenderData, mask?: boolean, sent?: Sent): void {
    this.#send(Opcode.pong, controlPayload(data), mask, sent);
  }

  #send(opcode: number, payload: Payload, mask: boolean | undefined, sent: Sent | undefined): void {
    this.#enqueue({ payload, compress: false, options: { opcode, fin: true, mask }, sent });
  }

  /** Sends a message, or a fragment of one: `options.fin` says whether it is the last. */
  send(data: SenderData, { binary = false, compress = false, fin = false, mask }: SenderOptions, sent?: Sent): void {
    const payload = payloadOf(data);
    const isFirst = this.#isFirstFragment;
    this.#isFirstFragment = fin;
    if (isFirst) this.#compresses = compress && this.#isWorthIt(payload);
    const opcode = isFirst ? (binary ? Opcode.binary : Opcode.text) : Opcode.continuation;
    const options = { opcode, fin, mask, rsv1: isFirst && this.#compresses };
    this.#enqueue({ payload, compress: this.#compresses, options, sent });
  }

  #isWorthIt(payload: Payload): boolean {
    const deflate = this.#deflate;
    if (deflate === undefined) return false;
    const { params, isServer, threshold } = deflate;
    const isEmptied = isServer ? params?.server_no_context_takeover : params?.client_no_context_takeover;
    return isEmptied !== true || sizeOf(payload) >= threshold;
  }

  #enqueue(job: Job): void {
    if (this.#isBusy) this.#waiting.push(job);
    else this.#run(job);
  }

  #run(job: Job): void {
    const { payload, compress, options, sent } = job;
    if (payload instanceof Blob) this.#read(payload, job);
    else if (compress && this.#deflate !== undefined) this.#compress(payload, job, this.#deflate);
    else this.#write(payload, options, sent);
  }

  #read(blob: Blob, job: Job): void {
    this.#isBusy = true;
    // In the next tick: what a callback throws is not to end up in this promise.
    blob.arrayBuffer().then(
      (octets) =>
        process.nextTick(() => this.#goOn("the blob was being read", { ...job, payload: Buffer.from(octets) })),
      (error: unknown) => process.nextTick(() => this.#unreadable(error as Error, job)),
    );
  }

  #compress(payload: string | Buffer, job: Job, deflate: PerMessageDeflate): void {
    this.#isBusy = true;
    deflate.compress(payload, job.options.fin === true, (_error, deflated) =>
      this.#goOn("data was being compressed", { ...job, payload: deflated, compress: false }),
    );
  }

  #goOn(during: string, job: Job): void {
    if (this.#socket.destroyed) {
      this.#giveUp(new Error(`The socket was closed while ${during}`), job);
      return;
    }
    this.#isBusy = false;
    this.#run(job);
    while (!this.#isBusy) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#run(next);
    }
  }

  #unreadable(error: Error, job: Job): void {
    this.#giveUp(error, job);
    this.onerror(error);
  }

  #giveUp(error: Error, job: Job): void {
    for (const { sent } of [job, ...this.#waiting]) sent?.(error);
  }

  #write(payload: string | Buffer, options: FrameOptions, sent: Sent | undefined): void {
    const isPlainText = typeof payload === "string" && payload !== "" && options.mask !== true;
    // The stream may know better how to write text than by way of octets.
    const parts = isPlainText
      ? [unmaskedHeader(Buffer.byteLength(payload), options), payload]
      : Sender.frame(payload, { ...options, generateMask: this.#generateMask });
    const socket = this.#socket;
    socket.cork();
    for (const [index, part] of parts.entries()) socket.write(part, index === parts.length - 1 ? sent : undefined);
    socket.uncork();
  }
}

function firstOctet({ opcode, fin, rsv1 }: FrameOptions): number {
  return opcode | (fin === true ? finBit : 0) | (rsv1 === true ? compressedBit : 0);
}

function unmaskedHeader(length: number, options: FrameOptions): Buffer {
  const header = Buffer.allocUnsafe(frameHeaderBytes(length, false));
  writeFrameHeader(header, 0, firstOctet(options), length, 0);
  return header;
}

function writeKey(frame: Buffer, keyAt: number, { generateMask, maskBuffer }: FrameOptions): void {
  if (generateMask === undefined) {
    writeUint32(frame, keyAt, nodePlatform.maskingKeys.next());
  } else {
    const key = maskBuffer ?? Buffer.alloc(4);
    generateMask(key);
    frame.set(key, keyAt);
  }
}

function payloadOf(data: SenderData): Payload {
  if (typeof data === "string" || data instanceof Blob || Buffer.isBuffer(data)) return data;
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.from(data as ArrayBuffer);
}

function sizeOf(payload: Payload): number {
  return payload instanceof Blob ? payload.size : Buffer.byteLength(payload);
}

function controlPayload(data: SenderData): Payload {
  const payload = payloadOf(data);
  if (sizeOf(payload) > 125) throw new RangeError("The data size must not be greater than 125 bytes");
  return payload;
}

function closeBody(code: number | undefined, reason: string | Uint8Array | undefined): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  if (typeof code !== "number" || !isCloseCodeOnWire(code)) {
    throw new TypeError("First argument must be a valid error code number");
  }
  const octets = reason === undefined || typeof reason === "string" ? Buffer.from(reason ?? "") : reason;
  if (octets.byteLength > 123) throw new RangeError("The message must not be greater than 123 bytes");
  if (!(octets instanceof Uint8Array)) throw new TypeError("Second argument must be a string or a Uint8Array");
  const body = Buffer.allocUnsafe(2 + octets.byteLength);
  body.writeUInt16BE(code, 0);
  body.set(octets, 2);
  return body;
}
