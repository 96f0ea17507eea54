/**
 * `WebSocketStream` of the WHATWG standard: a WebSocket as web streams.
 * https://github.com/whatwg/websockets/pull/48, "The WebSocketStream interface"
 *
 * What it does is in `stream-connection.ts`; here is what it looks like.
 */
import { checkProtocols, parseUrl } from "./arguments.js";
import type { WebSocketCloseInfo } from "./close-info.js";
import { toCloseInfo } from "./close-info.js";
import type { WebSocketStreamOptions } from "./stream-arguments.js";
import { toStreamOptions } from "./stream-arguments.js";
import type { StreamHost, WebSocketClosedInfo, WebSocketOpenInfo } from "./stream-connection.js";
import { StreamConnection } from "./stream-connection.js";
import { layOutInterface, toUSVString } from "./web-idl.js";

/** A WebSocket as web streams, with backpressure in both directions. */
export interface WebSocketStream {
  /** The URL that is connected to. */
  readonly url: string;
  /** Resolves to the streams when the handshake is done; rejects when there is none to be. */
  readonly opened: Promise<WebSocketOpenInfo>;
  /**
   * Resolves when the connection was closed cleanly; otherwise rejects with a `WebSocketError`. It need not be handled.
   */
  readonly closed: Promise<WebSocketClosedInfo>;
  /**
   * Closes the connection, or gives up the handshake. What the server sends afterwards is dropped.
   *
   * @throws DOMException InvalidAccessError for a code that must not be sent, SyntaxError for a reason that is too long
   */
  close(closeInfo?: WebSocketCloseInfo): void;
}

/** The class `WebSocketStream`. */
export interface WebSocketStreamConstructor {
  /**
   * Connects.
   *
   * @param url a URL with the scheme ws, wss, http or https
   * @param options subprotocols, and a signal that gives up the handshake
   * @throws DOMException SyntaxError for a URL or subprotocols that make no sense; TypeError for what cannot be converted
   */
  new (url: string | URL, options?: WebSocketStreamOptions): WebSocketStream;
  readonly prototype: WebSocketStream;
}

/**
 * Makes the class, for a platform.
 *
 * @param host how its connections come about
 */
export function defineWebSocketStream(host: StreamHost): WebSocketStreamConstructor {
  class WebSocketStreamClass implements WebSocketStream {
    readonly #connection: StreamConnection;

    // Only what has no default counts for the `length` of an interface object: the URL.
    constructor(url: string | URL, options: WebSocketStreamOptions = {}) {
      // biome-ignore lint/complexity/noArguments: only this tells undefined from nothing
      if (arguments.length === 0) throw new TypeError("a WebSocketStream needs a URL");
      const converted = toUSVString(url);
      const { protocols, signal } = toStreamOptions(options);
      // 1, 2
      const urlRecord = parseUrl(converted);
      // 3, 4
      checkProtocols(protocols);
      // 5 to 10
      this.#connection = new StreamConnection(urlRecord, protocols, signal, host);
    }

    get url(): string {
      return this.#connection.url.href;
    }

    get opened(): Promise<WebSocketOpenInfo> {
      // Web IDL: an attribute that is a promise does not throw on a foreign object, but rejects.
      return #connection in this ? this.#connection.opened : foreignObject();
    }

    get closed(): Promise<WebSocketClosedInfo> {
      return #connection in this ? this.#connection.closed : foreignObject();
    }

    close(closeInfo: WebSocketCloseInfo = {}): void {
      const connection = this.#connection;
      connection.closeWebSocket(toCloseInfo(closeInfo));
    }
  }
  layOutInterface(WebSocketStreamClass.prototype, "WebSocketStream", ["url", "opened", "closed", "close"]);
  Object.defineProperty(WebSocketStreamClass, "name", { value: "WebSocketStream", configurable: true });
  return WebSocketStreamClass;
}

function foreignObject(): Promise<never> {
  return Promise.reject(new TypeError("this is no WebSocketStream"));
}
