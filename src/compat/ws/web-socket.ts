/**
 * The class `WebSocket` of `ws`, over our own sockets. What it does is in its session.
 */
import { EventEmitter } from "node:events";
import type { ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";
import type * as Listeners from "./event-listeners.js";
import { addListener, attributeListener, removeListener, setAttributeListener } from "./event-listeners.js";
import { openOver } from "./given-socket.js";
import type { LinkOptions } from "./link-options.js";
import { openingOf } from "./opening.js";
import type * as Options from "./option-types.js";
import { defineReadyStates, type ReadyState } from "./ready-state.js";
import type { BinaryType, SendOptions } from "./session.js";
import { Session, sessionOf } from "./session.js";
import type * as Types from "./web-socket-types.js";
import type { BufferLike, WebSocketEmitter } from "./web-socket-types.js";
import type { SendCallback } from "./written-callbacks.js";

// The class emits what the interface says, which the types of an emitter cannot tell.
const Emitter = EventEmitter as unknown as Omit<typeof EventEmitter, "prototype"> & (new () => WebSocketEmitter);

const binaryTypes: readonly BinaryType[] = ["nodebuffer", "arraybuffer", "fragments", "blob"];

/** One end of a WebSocket connection, as `ws` has it. */
export class WebSocket extends Emitter {
  /** The connection is not there yet. */
  declare static readonly CONNECTING: 0;
  /** Messages can be sent. */
  declare static readonly OPEN: 1;
  /** The connection is about to end. */
  declare static readonly CLOSING: 2;
  /** It has ended. */
  declare static readonly CLOSED: 3;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;

  /** What a server makes of a handshake. */
  constructor(address: null, protocols?: undefined, options?: unknown);
  /**
   * Connects.
   *
   * @param address with the scheme `ws:`, `wss:`, `http:`, `https:` or `ws+unix:`
   * @throws SyntaxError for a URL or subprotocols that make no sense; RangeError for another `protocolVersion` than 8
   *   and 13; UsageError for an option out of range
   */
  constructor(address: string | URL, options?: Options.ClientOptions | ClientRequestArgs);
  constructor(
    address: string | URL,
    protocols?: string | string[],
    options?: Options.ClientOptions | ClientRequestArgs,
  );
  constructor(address: string | URL | null, protocols?: unknown, options?: unknown) {
    super();
    const session = new Session(this);
    if (address !== null) openingOf(this, session, address, protocols, options).begin();
  }

  get binaryType(): "nodebuffer" | "arraybuffer" | "fragments" {
    // "blob" is missing in the types of `ws`.
    return sessionOf(this).binaryType as "nodebuffer";
  }

  set binaryType(type: BinaryType) {
    if (binaryTypes.includes(type)) sessionOf(this).binaryType = type;
  }

  /** Octets that wait to be sent, those among them that were sent too late. */
  get bufferedAmount(): number {
    return sessionOf(this).bufferedAmount;
  }

  /** The names of the extensions in use. */
  get extensions(): string {
    return sessionOf(this).extensions;
  }

  /** Whether reading has stopped because of `pause`. */
  get isPaused(): boolean {
    return sessionOf(this).isPaused;
  }

  /** The subprotocol that was agreed on, or "". */
  get protocol(): string {
    return sessionOf(this).protocol;
  }

  get readyState(): ReadyState {
    return sessionOf(this).readyState;
  }

  /** The URL of a client. */
  get url(): string {
    return sessionOf(this).url as string;
  }

  get onopen(): ((event: Listeners.Event) => void) | null {
    return attributeListener(this, "open") as ((event: Listeners.Event) => void) | null;
  }

  set onopen(listener: ((event: Listeners.Event) => void) | null) {
    setAttributeListener(this, "open", listener);
  }

  get onerror(): ((event: Listeners.ErrorEvent) => void) | null {
    return attributeListener(this, "error") as ((event: Listeners.ErrorEvent) => void) | null;
  }

  set onerror(listener: ((event: Listeners.ErrorEvent) => void) | null) {
    setAttributeListener(this, "error", listener);
  }

  get onclose(): ((event: Listeners.CloseEvent) => void) | null {
    return attributeListener(this, "close") as ((event: Listeners.CloseEvent) => void) | null;
  }

  set onclose(listener: ((event: Listeners.CloseEvent) => void) | null) {
    setAttributeListener(this, "close", listener);
  }

  get onmessage(): ((event: Listeners.MessageEvent) => void) | null {
    return attributeListener(this, "message") as ((event: Listeners.MessageEvent) => void) | null;
  }

  set onmessage(listener: ((event: Listeners.MessageEvent) => void) | null) {
    setAttributeListener(this, "message", listener);
  }

  /**
   * Begins the closing handshake.
   *
   * @param code 1000, 1001-1003, 1007-1014 or 3000-4999; none makes an empty Close frame
   * @param data the reason: at most 123 octets of UTF-8
   * @throws TypeError, RangeError for others
   */
  close(code?: number, data?: string | Buffer): void {
    sessionOf(this).close(code, data);
  }

  /** Reads no more, until `resume`. */
  pause(): void {
    sessionOf(this).pause();
  }

  /** Reads on. */
  resume(): void {
    sessionOf(this).resume();
  }

  /**
   * Sends a ping.
   *
   * @param data at most 125 octets
   * @param mask taken, and of no consequence
   * @param cb called when it has left, or with an error
   * @throws Error while the connection is not there yet; RangeError
   */
  ping(data?: unknown, mask?: boolean, cb?: (error: Error) => void): void {
    sendControl(this, "ping", data, mask, cb);
  }

  /** Sends a pong. As `ping`. */
  pong(data?: unknown, mask?: boolean, cb?: (error: Error) => void): void {
    sendControl(this, "pong", data, mask, cb);
  }

  /**
   * Sends a message, or, with `fin: false`, a fragment of one. What is sent during a turn leaves in one write.
   *
   * @param data a string, octets in any form, or what `Buffer.from` makes octets of
   * @param options see `SendOptions`
   * @param cb called when it has left, or with an error
   * @throws Error while the connection is not there yet; TypeError for what is no data
   */
  send(data: BufferLike, cb?: (error?: Error) => void): void;
  send(data: BufferLike, options: SendOptions, cb?: (error?: Error) => void): void;
  send(data: BufferLike, options?: SendOptions | SendCallback, cb?: SendCallback): void {
    if (typeof options === "function") sessionOf(this).send(data, undefined, options);
    else sessionOf(this).send(data, options, cb);
  }

  /** Cuts the connection. */
  terminate(): void {
    sessionOf(this).terminate();
  }

  /** As in browsers, for `open`, `message`, `close` and `error`. */
  addEventListener<Type extends keyof Listeners.WebSocketEventMap>(
    type: Type,
    listener: Listeners.EventListener<Type>,
    options?: Listeners.EventListenerOptions,
  ): void {
    addListener(this, type, listener as Listeners.EventListener<keyof Listeners.WebSocketEventMap>, options);
  }

  /** As in browsers. */
  removeEventListener<Type extends keyof Listeners.WebSocketEventMap>(
    type: Type,
    listener: Listeners.EventListener<Type>,
  ): void {
    removeListener(this, type, listener as Listeners.EventListener<keyof Listeners.WebSocketEventMap>);
  }
}

/** Callbacks may stand in the place of any argument. */
function sendControl(webSocket: WebSocket, type: "ping" | "pong", data: unknown, mask: unknown, cb: unknown): void {
  const session = sessionOf(webSocket);
  if (typeof data === "function") session.sendControl(type, undefined, data as SendCallback);
  else if (typeof mask === "function") session.sendControl(type, data, mask as SendCallback);
  else session.sendControl(type, data, cb as SendCallback | undefined);
}

for (const target of [WebSocket, WebSocket.prototype]) defineReadyStates(target);
for (const name of ["binaryType", "bufferedAmount", "extensions", "isPaused", "protocol", "readyState", "url"]) {
  Object.defineProperty(WebSocket.prototype, name, { enumerable: true });
}
for (const name of ["onopen", "onerror", "onclose", "onmessage"]) {
  Object.defineProperty(WebSocket.prototype, name, { enumerable: true });
}

// No part of the API, but others have come to rely on it: the stream that the connection came over, or null; and how one
// that was made without an address gets a stream.
Object.defineProperties(WebSocket.prototype, {
  _socket: {
    get(this: WebSocket) {
      return sessionOf(this).socket;
    },
  },
  setSocket: {
    value(this: WebSocket, socket: Duplex, head: Buffer, options: LinkOptions = {}) {
      openOver(this, socket, head, options);
    },
  },
});

// The types that `ws` has under the name of its class.
// eslint-disable-next-line @typescript-eslint/no-namespace -- there is no other way to put types under a class
export declare namespace WebSocket {
  export type AddressInfo = Options.AddressInfo;
  export type CertMeta = Options.CertMeta;
  export type ClientOptions = Options.ClientOptions;
  export type CloseEvent = Listeners.CloseEvent;
  export type Data = Types.Data;
  export type ErrorEvent = Listeners.ErrorEvent;
  export type Event = Listeners.Event;
  export type EventListenerOptions = Listeners.EventListenerOptions;
  export type FinishRequestCallback = Options.FinishRequestCallback;
  export type MessageEvent = Listeners.MessageEvent;
  export type PerMessageDeflateOptions = Options.PerMessageDeflateOptions;
  export type RawData = Types.RawData;
  export type ServerOptions = Options.ServerOptions;
  export type VerifyClientCallbackAsync = Options.VerifyClientCallbackAsync;
  export type VerifyClientCallbackSync = Options.VerifyClientCallbackSync;
  export type WebSocketEventMap = Listeners.WebSocketEventMap;
}
