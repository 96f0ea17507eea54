/**
 * `openline/ws`: the API of `ws` 8, over this library's sockets. One import changed, and a program that was written for
 * `ws` runs on openline; docs/ws.md tells the differences.
 */
import { WebSocket } from "./web-socket.js";
import { WebSocketServer } from "./web-socket-server.js";
import { createWebSocketStream } from "./web-socket-stream.js";

export type {
  CloseEvent,
  ErrorEvent,
  Event,
  EventListenerOptions,
  MessageEvent,
} from "./event-listeners.js";
export type {
  AddressInfo,
  CertMeta,
  ClientOptions,
  FinishRequestCallback,
  PerMessageDeflateOptions,
  ServerOptions,
  VerifyClientCallbackAsync,
  VerifyClientCallbackSync,
} from "./option-types.js";
export type { Data, RawData } from "./web-socket-types.js";
export { createWebSocketStream, WebSocket, WebSocketServer, WebSocketServer as Server };

// As `ws` hangs everything on its class, for those who have nothing else.
Object.assign(WebSocket, { createWebSocketStream, Server: WebSocketServer, WebSocket, WebSocketServer });

export default WebSocket;
