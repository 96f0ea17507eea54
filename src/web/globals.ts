/**
 * The platform's own classes, under the names that the build for Node has, too.
 */

import type { WebSocketStreamConstructor } from "../client/whatwg/websocket-stream.js";

const platform = globalThis as {
  readonly WebSocketStream?: WebSocketStreamConstructor;
  readonly WebSocketError?: typeof DOMException;
};

/** The platform's own class; undefined where there is none. */
export const WebSocket: typeof globalThis.WebSocket = globalThis.WebSocket;

/** The platform's own class, where it has one: Chromium has. */
export const WebSocketStream: WebSocketStreamConstructor | undefined = platform.WebSocketStream;

/** What the platform's `WebSocketStream` rejects with, where there is one. */
export const WebSocketError: typeof DOMException | undefined = platform.WebSocketError;
