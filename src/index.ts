/**
 * openline: a WebSocket server and client for Node.
 */

export type { BinaryType, WebSocketConstructor, WebSocketEventMap } from "./client/index.js";
export { BlockedPortError, ConnectError, HandshakeTimeoutError, UpgradeRefusedError } from "./client/index.js";
export type { ConnectOptions, ServeOptions, Server, WebSocketInit } from "./node/index.js";
export { connect, prepare, serve, WebSocket } from "./node/index.js";
export type {
  BackpressureEvent,
  ChannelEvent,
  ChannelName,
  CloseEvent,
  ConnectionEvent,
  HandshakeRefusedEvent,
  LimitEvent,
  MessageEvent,
  ObservedEvents,
  RoundTripEvent,
} from "./observe/index.js";
export { channelNames, observe } from "./observe/index.js";
export type { BrokenRule, CloseOutcome, CloseReport, Limits } from "./protocol/index.js";
export {
  CloseCode,
  defaultLimits,
  OpenlineError,
  ProtocolError,
  UpgradeResponseError,
  UsageError,
} from "./protocol/index.js";
export type {
  Accept,
  Acceptance,
  AcceptContext,
  AcceptDecision,
  AdmissionCode,
  DrainOptions,
  DrainReport,
  HostsOption,
  IncomingRequest,
  OriginsOption,
  ProtocolToken,
  PublishOptions,
  PublishResult,
  ServerSocket,
  TrustedProxiesOption,
  UpgradeRefusal,
  UpgradeRefusalCode,
} from "./server/index.js";
export { AdmissionError, bearerToken, cookie, cookies, protocolToken } from "./server/index.js";
export type {
  CompressionReport,
  DeadlineOptions,
  HeartbeatOptions,
  Message,
  PerMessageDeflateOptions,
  PreparedMessage,
  RateLimitOptions,
  RateLimitPolicy,
  RefusalReason,
  SendData,
  SendOptions,
  SendResult,
  Socket,
  SocketHandlers,
  SocketOptions,
} from "./socket/index.js";
export {
  CloseTimeoutError,
  ConnectionClosedError,
  HeartbeatTimeoutError,
  IdleTimeoutError,
  SendTimeoutError,
  SlowPeerError,
} from "./socket/index.js";
