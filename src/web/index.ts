/**
 * openline where the platform has a WebSocket: the client for browsers.
 *
 * Sources of other rooms are imported by their files here, so that what a page loads is what it uses, with a bundler or
 * without.
 */
export { ConnectError, HandshakeTimeoutError } from "../client/errors.js";
export type { BrokenRule } from "../protocol/broken-rule.js";
export { CloseCode } from "../protocol/close-code.js";
export type { CloseOutcome, CloseReport } from "../protocol/close-handshake.js";
export { OpenlineError } from "../protocol/openline-error.js";
export { PlainUsageError as UsageError } from "../protocol/plain-usage-error.js";
export { CloseTimeoutError, ConnectionClosedError, InboxFullError, SlowPeerError } from "../socket/errors.js";
export type {
  Message,
  RefusalReason,
  SendData,
  SendOptions,
  SendResult,
  Socket,
  SocketHandlers,
} from "../socket/socket.js";
export type { SendStreamOptions, StreamSource } from "./collecting.js";
export { connect } from "./connect.js";
export type { WebSocketStreamConstructor } from "./globals.js";
export { WebSocket, WebSocketError, WebSocketStream } from "./globals.js";
export type { ConnectOptions } from "./options.js";
export type { StreamingSocket } from "./platform-socket.js";
export type { IncomingMessage, IncomingMessageOptions } from "./whole-message.js";
