/**
 * The types of `WebSocket`, interchangeable with those of TypeScript's `lib.dom`.
 */
import type { CloseEvent } from "./close-event.js";

// As the platform has them, Node's types or the DOM's.
type AnyListener = NonNullable<Parameters<EventTarget["addEventListener"]>[1]>;
type AddOptions = Parameters<EventTarget["addEventListener"]>[2];
type RemoveOptions = Parameters<EventTarget["removeEventListener"]>[2];

/** How binary messages are handed out. */
export type BinaryType = "blob" | "arraybuffer";

/** The events of a `WebSocket`. */
export interface WebSocketEventMap {
  readonly open: Event;
  readonly message: MessageEvent;
  readonly error: Event;
  readonly close: CloseEvent;
}

/** A WebSocket connection (https://websockets.spec.whatwg.org/#the-websocket-interface). */
export interface WebSocket extends EventTarget {
  /** The URL that was used to establish the connection. */
  readonly url: string;
  /** CONNECTING (0), OPEN (1), CLOSING (2) or CLOSED (3). */
  readonly readyState: 0 | 1 | 2 | 3;
  /** Octets of payload that were given to `send` and have not been transmitted. Never resets once the connection closes. */
  readonly bufferedAmount: number;
  /** The extensions that the server has chosen, or "". */
  readonly extensions: string;
  /** The subprotocol that the server has chosen, or "". */
  readonly protocol: string;
  /** How binary messages are handed out. Default "blob". */
  binaryType: BinaryType;
  onopen: ((this: WebSocket, event: Event) => unknown) | null;
  onmessage: ((this: WebSocket, event: MessageEvent) => unknown) | null;
  onerror: ((this: WebSocket, event: Event) => unknown) | null;
  onclose: ((this: WebSocket, event: CloseEvent) => unknown) | null;
  /**
   * Closes the connection, after everything that was sent before.
   *
   * @param code 1000 or 3000-4999
   * @param reason at most 123 octets of UTF-8
   * @throws "InvalidAccessError" or "SyntaxError" DOMException
   */
  close(code?: number, reason?: string): void;
  /**
   * Sends a message. What is sent when the connection is closing or closed is discarded.
   *
   * @throws "InvalidStateError" DOMException while the connection is being established
   */
  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void;
  addEventListener<Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: (this: WebSocket, event: WebSocketEventMap[Type]) => unknown,
    options?: AddOptions,
  ): void;
  addEventListener(type: string, listener: AnyListener, options?: AddOptions): void;
  removeEventListener<Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: (this: WebSocket, event: WebSocketEventMap[Type]) => unknown,
    options?: RemoveOptions,
  ): void;
  removeEventListener(type: string, listener: AnyListener, options?: RemoveOptions): void;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
}

/** The interface object of `WebSocket`. */
export interface WebSocketConstructor<Options> {
  readonly prototype: WebSocket;
  /**
   * Begins to establish a connection.
   *
   * @param url absolute, or relative to `location` where there is one; `ws:`, `wss:`, `http:` or `https:`
   * @param protocols subprotocols, the most wanted first; the server has to choose one of them
   * @param options what the standard does not have: headers, TLS, limits
   * @throws "SyntaxError" DOMException for a URL or subprotocols that are not valid; UsageError for options that make no
   *   sense
   */
  new (url: string | URL, protocols?: string | Iterable<string>, options?: Options): WebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
}
