/**
 * The client, however it reaches its server.
 */
export { ConnectError, HandshakeTimeoutError, UpgradeRefusedError } from "./errors.js";
export type { ClientOptions, OpenHooks } from "./open-client.js";
export { openClient } from "./open-client.js";
export { CloseEvent } from "./whatwg/close-event.js";
export { BlockedPortError } from "./whatwg/establish.js";
export type { WebSocketOptions } from "./whatwg/web-socket.js";
export { createWebSocketClass } from "./whatwg/web-socket.js";
export type { BinaryType, WebSocket, WebSocketConstructor, WebSocketEventMap } from "./whatwg/web-socket-types.js";
