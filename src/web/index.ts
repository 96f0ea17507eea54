/**
 * openline where the platform has a WebSocket: the client for browsers.
 *
 * Sources of other rooms are imported by their files here, so that what a page loads is what it uses, with a bundler or
 * without.
 */
export { ConnectError, HandshakeTimeoutError } from "../client/connect-errors.js";
export type { WebSocketCloseInfo } from "../client/whatwg/close-info.js";
export type { WebSocketStreamChunk } from "../client/whatwg/outgoing-chunk.js";
export type { WebSocketStreamOptions } from "../client/whatwg/stream-arguments.js";
export type { WebSocketClosedInfo, WebSocketOpenInfo } from "../client/whatwg/stream-connection.js";
export type { WebSocketStreamConstructor } from "../client/whatwg/websocket-stream.js";
export type { BrokenRule } from "../protocol/broken-rule.js";
export { CloseCode } from "../protocol/close-code.js";
export type { CloseOutcome, CloseReport } from "../protocol/close-handshake.js";
export { OpenlineError } from "../protocol/openline-error.js";
export { PlainUsageError as UsageError } from "../protocol/plain-usage-error.js";
export type { ReadableStreamLike, StreamSource } from "../socket/chunk-source.js";
export { CloseTimeoutError, ConnectionClosedError, InboxFullError, SlowPeerError } from "../socket/errors.js";
export type { IncomingMessage, IncomingMessageOptions } from "../socket/incoming-message.js";
export type { SendStreamOptions } from "../socket/outgoing-stream.js";
export type {
  Message,
  RefusalReason,
  SendData,
  SendOptions,
  SendResult,
  SocketHandlers,
} from "../socket/socket.js";
export type { ClientSocket, Socket } from "./client-socket.js";
export { connect } from "./connect.js";
export { WebSocket, WebSocketError, WebSocketStream } from "./globals.js";
export type { ConnectOptions } from "./options.js";
