/**
 * The socket that servers and clients share.
 */

export { Burst } from "./burst.js";
export { callAside } from "./calling.js";
export type { ReadableStreamLike, StreamSource } from "./chunk-source.js";
export { closeWith } from "./closing.js";
export type { CompressionReport, PerMessageDeflateOptions } from "./compression.js";
export { createCompression, reportCompression } from "./compression.js";
export type { SocketContext, SocketDetails } from "./context.js";
export { createSocketContext } from "./context.js";
export type { DeadlineOptions, HeartbeatOptions } from "./deadline-options.js";
export { maxTimerMs } from "./deadline-options.js";
export { Endpoint } from "./endpoint.js";
export {
  CloseTimeoutError,
  ConnectionClosedError,
  HeartbeatTimeoutError,
  IdleTimeoutError,
  InboxFullError,
  SendTimeoutError,
  SlowPeerError,
  UnfinishedMessageError,
} from "./errors.js";
export { reportTo } from "./handler-error.js";
export type { HeadersInput } from "./headers.js";
export { rawHeadersOf } from "./headers.js";
export type { IncomingMessage, IncomingMessageOptions } from "./incoming-message.js";
export type { AnySocket, ObservedRefusal, Observer } from "./observer.js";
export { octetsOf } from "./octets.js";
export type { ResolvedSocketOptions, SocketOptions } from "./options.js";
export { resolveSocketOptions, wholeNumber } from "./options.js";
export type { SendStreamOptions } from "./outgoing-stream.js";
export { PreparedMessage, prepareMessage } from "./prepared-message.js";
export type { RateLimitOptions, RateLimitPolicy } from "./rate-limit.js";
export { PauseReason } from "./reading.js";
export { Receipt, type ReceiptOwner, type ReceiptParts } from "./receipt.js";
export type { Message, RefusalReason, SendData, SendOptions, SendResult, Socket, SocketHandlers } from "./socket.js";
export { isThenable } from "./thenable.js";
export type { WebStreams } from "./web-streams.js";
