/**
 * `openline/ws`: the API of `ws` 8, over this library's sockets. One import changed, and a program that was written for
 * `ws` runs on openline; docs/ws.md tells the differences.
 */
import { extension } from "./extension.js";
import { PerMessageDeflate } from "./per-message-deflate.js";
import { Receiver } from "./receiver.js";
import { Sender } from "./sender.js";
import { subprotocol } from "./subprotocol.js";
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
export {
  createWebSocketStream,
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  subprotocol,
  WebSocket,
  WebSocketServer,
  WebSocketServer as Server,
};

// As `ws` hangs everything on its class, for those who have nothing else.
Object.assign(WebSocket, {
  createWebSocketStream,
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  Server: WebSocketServer,
  subprotocol,
  WebSocket,
  WebSocketServer,
});

export default WebSocket;
