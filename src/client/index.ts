/**
 * The client, however it reaches its server.
 */
export { ConnectError, HandshakeTimeoutError, UpgradeRefusedError } from "./errors.js";
export type { ClientOptions } from "./open-client.js";
export { openClient } from "./open-client.js";
export type { WebSocketCloseInfo } from "./whatwg/close-info.js";
export type { WebSocketStreamChunk } from "./whatwg/outgoing-chunk.js";
export type { WebSocketStreamOptions } from "./whatwg/stream-arguments.js";
export type { OpenSocket, StreamHost, WebSocketClosedInfo, WebSocketOpenInfo } from "./whatwg/stream-connection.js";
export { WebSocketError } from "./whatwg/websocket-error.js";
export type { WebSocketStream, WebSocketStreamConstructor } from "./whatwg/websocket-stream.js";
export { defineWebSocketStream } from "./whatwg/websocket-stream.js";
