/**
 * The client, however it reaches its server.
 */
export type { ClientSocket } from "./client-socket.js";
export { ConnectError, HandshakeTimeoutError } from "./connect-errors.js";
export type { CookieJar } from "./cookies.js";
export type { CookieJarCode, RedirectCode } from "./errors.js";
export {
  CookieJarError,
  cookieJarCodes,
  RedirectError,
  redirectCodes,
  UpgradeRefusedError,
} from "./errors.js";
export type { UrlCredentialsOption } from "./hop.js";
export type { ClientOptions, OpenHooks } from "./open-client.js";
export { checkClient, openClient } from "./open-client.js";
export type { RedirectOptions } from "./redirects.js";
export { BlockedPortError } from "./whatwg/blocked-ports.js";
export { CloseEvent } from "./whatwg/close-event.js";
export type { WebSocketCloseInfo } from "./whatwg/close-info.js";
export type { WebSocketStreamChunk } from "./whatwg/outgoing-chunk.js";
export { SendQueue } from "./whatwg/send-queue.js";
export type { WebSocketStreamOptions } from "./whatwg/stream-arguments.js";
export type { OpenSocket, WebSocketClosedInfo, WebSocketOpenInfo } from "./whatwg/stream-connection.js";
export type { WebSocketOptions } from "./whatwg/web-socket.js";
export { createWebSocketClass } from "./whatwg/web-socket.js";
export type { BinaryType, WebSocket, WebSocketConstructor, WebSocketEventMap } from "./whatwg/web-socket-types.js";
export { WebSocketError } from "./whatwg/websocket-error.js";
export type { WebSocketStream, WebSocketStreamConstructor } from "./whatwg/websocket-stream.js";
export { defineWebSocketStream } from "./whatwg/websocket-stream.js";
