/**
 * The life of one `WebSocket` object: its state, what it sends over its link, and the events that it emits.
 */
import { Buffer } from "node:buffer";
import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { SendQueue } from "../../client/index.js";
import type { CloseBody, CloseReport, ProtocolError } from "../../protocol/index.js";
import { CloseCode, isCloseCodeOnWire } from "../../protocol/index.js";
import type { SendOptions as Hints } from "../../socket/index.js";
import type { Link, LinkOwner } from "./link.js";
import { asArrayBuffer, emptyBuffer, isBlob, octetsFrom } from "./payload.js";
import { notOpenError, type ReadyState, readyStates } from "./ready-state.js";
import type { SendCallback } from "./written-callbacks.js";
import { wsErrorOf } from "./ws-error.js";

/** In which form binary messages are given. */
export type BinaryType = "nodebuffer" | "arraybuffer" | "fragments" | "blob";

/** Options of one message. */
export interface SendOptions {
  /** Whether it is sent as a binary message. Default: unless it is a string. */
  binary?: boolean | undefined;
  /** Whether it may be compressed. Default true. */
  compress?: boolean | undefined;
  /** Whether it is the last fragment of its message. Default true. */
  fin?: boolean | undefined;
  /** Taken, and of no consequence: a client masks, and a server does not. */
  mask?: boolean | undefined;
}

/** The opening handshake of a client, as far as its session needs it. */
export interface OpeningHandshake {
  /** Gives it up. */
  abort(message: string): void;
}

// RFC 6455 §5.5: a control frame has at most 125 octets, two of which are the status code.
const maxControlPayloadBytes = 125;
const maxReasonBytes = 123;

const uncompressed: Hints = { compress: false };

/** Under which a `WebSocket` object has its session. The types do not tell of it: what looks like one of `ws` fits then. */
const key = Symbol("session");

/** The session of a `WebSocket` object. */
export function sessionOf(webSocket: object): Session {
  return (webSocket as { readonly [key]: Session })[key];
}

/** See the head of this file. */
export class Session implements LinkOwner {
  readyState: ReadyState = readyStates.CONNECTING;
  binaryType: BinaryType = "nodebuffer";
  isPaused = false;
  /** What was agreed on. */
  protocol = "";
  extensions = "";
  url: string | undefined;
  /** The opening handshake of a client, while there is one. */
  opening: OpeningHandshake | undefined;
  /** Whether both Close frames have passed. */
  wasClean = false;
  /** What the connection came over. */
  socket: Duplex | null = null;
  readonly #emitter: EventEmitter;
  #link: Link | undefined;
  #closeCode: number = CloseCode.abnormalClosure;
  #closeReason = emptyBuffer;
  /** Octets of what was sent too late. */
  #lateBytes = 0;
  /** While a message goes out in fragments: whether it is text. */
  #fragmentsAreText: boolean | undefined;
  /** Made for the first `Blob` that is sent. */
  #blobs: SendQueue | undefined;

  constructor(emitter: EventEmitter) {
    this.#emitter = emitter;
    Object.defineProperty(emitter, key, { value: this });
  }

  get bufferedAmount(): number {
    return this.#lateBytes + (this.#link?.waitingBytes ?? 0);
  }

  /** The connection is there. The link is to be opened behind this. */
  begin(link: Link, socket: Duplex): void {
    this.#link = link;
    this.socket = socket;
    this.readyState = readyStates.OPEN;
  }

  /** The opening handshake has failed. */
  fail(error: Error): void {
    this.readyState = readyStates.CLOSING;
    this.#emitter.emit("error", error);
    this.end();
  }

  /** There is no connection, and will be none. */
  end(): void {
    this.readyState = readyStates.CLOSED;
    this.#emitter.emit("close", this.#closeCode, this.#closeReason);
  }

  // Sending

  /** Sends a message, or a fragment of one. */
  send(given: unknown, options: SendOptions | undefined, callback: SendCallback | undefined): void {
    if (this.readyState === readyStates.CONNECTING) throw notOpenError(this.readyState);
    const data = typeof given === "number" ? String(given) : given;
    if (this.readyState !== readyStates.OPEN) {
      this.#sendTooLate(data, callback);
      return;
    }
    const isText = options?.binary === undefined ? typeof data === "string" : !options.binary;
    const fin = options?.fin ?? true;
    const hints = options?.compress === false ? uncompressed : undefined;
    // Asked last, since hardly anything is one.
    if (typeof data !== "string" && !(data instanceof Uint8Array) && isBlob(data)) {
      this.#readBlob(data, callback, (octets) => this.#transmit(octets, isText, fin, hints, callback));
      return;
    }
    const payload = payloadOf(data);
    if (this.#blobs === undefined) this.#transmit(payload, isText, fin, hints, callback);
    else this.#blobs.run(() => this.#transmit(payload, isText, fin, hints, callback));
  }

  #transmit(
    payload: string | Uint8Array,
    isText: boolean,
    fin: boolean,
    hints: Hints | undefined,
    callback: SendCallback | undefined,
  ): void {
    const link = this.#link as Link;
    if (this.#blobs !== undefined && !link.canSend) {
      // The connection has ended while a blob was read.
      this.#sendTooLate(payload, callback);
      return;
    }
    if (fin && this.#fragmentsAreText === undefined) {
      const isOctets = isText || typeof payload !== "string";
      link.sendMessage(isOctets ? payload : Buffer.from(payload), isText, hints);
    } else {
      const isTextMessage = (this.#fragmentsAreText ??= isText);
      link.sendFragment(payload, isTextMessage, fin, hints);
      if (fin) this.#fragmentsAreText = undefined;
    }
    if (callback !== undefined) link.whenWritten(callback);
  }

  #sendTooLate(data: unknown, callback: SendCallback | undefined): void {
    if (data !== undefined && data !== null && data !== "") {
      this.#lateBytes += isBlob(data) ? data.size : octetsFrom(data).byteLength;
    }
    if (callback !== undefined) process.nextTick(callback, notOpenError(this.readyState));
  }

  /** Reads a `Blob`, behind everything that was sent before, and before everything that is sent after. */
  #readBlob(blob: Blob, callback: SendCallback | undefined, then: (octets: Uint8Array) => void): void {
    this.#blobs ??= new SendQueue();
    this.#blobs.runWithOctets(
      blob,
      (octets) => then(new Uint8Array(octets)),
      (reason) => {
        const error = reason as Error;
        if (callback !== undefined) process.nextTick(callback, error);
        if (this.readyState === readyStates.OPEN) this.#link?.terminate();
        this.#emitter.emit("error", error);
      },
    );
  }

  /** Sends a ping or a pong. */
  sendControl(type: "ping" | "pong", given: unknown, callback: SendCallback | undefined): void {
    if (this.readyState === readyStates.CONNECTING) throw notOpenError(this.readyState);
    const data = typeof given === "number" ? String(given) : given;
    if (this.readyState !== readyStates.OPEN) {
      this.#sendTooLate(data, callback);
      return;
    }
    if (isBlob(data)) {
      requireControlPayload(data.size);
      this.#readBlob(data, callback, (octets) => this.#transmitControl(type, octets, callback));
      return;
    }
    const payload = payloadOf(data);
    const octets = typeof payload === "string" ? Buffer.from(payload) : payload;
    requireControlPayload(octets.byteLength);
    if (this.#blobs === undefined) this.#transmitControl(type, octets, callback);
    else this.#blobs.run(() => this.#transmitControl(type, octets, callback));
  }

  #transmitControl(type: "ping" | "pong", octets: Uint8Array, callback: SendCallback | undefined): void {
    const link = this.#link as Link;
    if (!link.canSend) {
      this.#sendTooLate(octets, callback);
      return;
    }
    link.sendControl(type, octets);
    if (callback !== undefined) link.whenWritten(callback);
  }

  // Ending

  /** Begins the closing handshake. */
  close(code: number | undefined, data: string | Uint8Array | undefined): void {
    if (this.readyState === readyStates.CONNECTING) {
      this.opening?.abort("WebSocket was closed before the connection was established");
      return;
    }
    if (this.readyState !== readyStates.OPEN) return;
    const reason = checkClose(code, data);
    this.readyState = readyStates.CLOSING;
    const begin = (): void => this.#link?.beginClose(code, reason);
    if (this.#blobs === undefined) begin();
    else this.#blobs.run(begin);
  }

  /** Cuts the connection. */
  terminate(): void {
    if (this.readyState === readyStates.CLOSED) return;
    if (this.readyState === readyStates.CONNECTING) {
      this.opening?.abort("WebSocket was closed before the connection was established");
      return;
    }
    this.readyState = readyStates.CLOSING;
    this.#link?.terminate();
  }

  pause(): void {
    if (this.#link === undefined || this.readyState === readyStates.CLOSED) return;
    this.isPaused = true;
    this.#link.stopReading();
  }

  resume(): void {
    if (this.#link === undefined || this.readyState === readyStates.CLOSED) return;
    this.isPaused = false;
    this.#link.readOn();
  }

  // From the link

  messageCame(data: Buffer, isBinary: boolean): void {
    if (!isBinary || this.binaryType === "nodebuffer") this.#emitter.emit("message", data, isBinary);
    else if (this.binaryType === "arraybuffer") this.#emitter.emit("message", asArrayBuffer(data), true);
    else this.#emitter.emit("message", this.binaryType === "blob" ? new Blob([data]) : [data], true);
  }

  controlCame(type: "ping" | "pong", data: Buffer): void {
    this.#emitter.emit(type, data);
  }

  ruleBroken(error: ProtocolError): void {
    this.readyState = readyStates.CLOSING;
    this.#emitter.emit("error", wsErrorOf(error));
  }

  closeCame({ code, reason }: CloseBody): void {
    this.readyState = readyStates.CLOSING;
    this.#closeCode = code;
    if (reason !== "") this.#closeReason = Buffer.from(reason);
  }

  streamEnds(): void {
    if (this.readyState === readyStates.OPEN) this.readyState = readyStates.CLOSING;
  }

  connectionOver({ wasClean }: CloseReport): void {
    this.wasClean = wasClean;
    this.end();
  }
}

/** What a message is made of; nothing for `undefined` and `null`. */
function payloadOf(data: unknown): string | Uint8Array {
  if (typeof data === "string") return data;
  return data === undefined || data === null ? emptyBuffer : octetsFrom(data);
}

function requireControlPayload(byteLength: number): void {
  if (byteLength > maxControlPayloadBytes) {
    throw new RangeError("The data size must not be greater than 125 bytes");
  }
}

/** Checks what `close` was given, and returns the reason as text. */
function checkClose(code: unknown, data: unknown): string {
  if (code === undefined) return "";
  if (typeof code !== "number" || !isCloseCodeOnWire(code)) {
    throw new TypeError("First argument must be a valid error code number");
  }
  if (data === undefined || data === "") return "";
  if (typeof data !== "string" && !(data instanceof Uint8Array)) {
    throw new TypeError("Second argument must be a string or a Uint8Array");
  }
  const octets = Buffer.from(data as Uint8Array);
  if (octets.byteLength > maxReasonBytes) throw new RangeError("The message must not be greater than 123 bytes");
  return octets.toString();
}
