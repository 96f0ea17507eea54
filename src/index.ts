/**
 * openline: a WebSocket server and client for Node.
 */

export type {
  BinaryType,
  ClientSocket,
  CookieJar,
  CookieJarCode,
  RedirectCode,
  RedirectOptions,
  UrlCredentialsOption,
  WebSocketClosedInfo,
  WebSocketCloseInfo,
  WebSocketConstructor,
  WebSocketEventMap,
  WebSocketOpenInfo,
  WebSocketStreamChunk,
  WebSocketStreamConstructor,
  WebSocketStreamOptions,
} from "./client/index.js";
export {
  BlockedPortError,
  ConnectError,
  CookieJarError,
  HandshakeTimeoutError,
  RedirectError,
  UpgradeRefusedError,
  WebSocketError,
} from "./client/index.js";
export type {
  AnswerHealth,
  ConnectOptions,
  HealthCheck,
  HealthCheckOptions,
  Http2Choice,
  LoadProbe,
  Overload,
  OverloadOptions,
  OverloadReport,
  ProxyChoice,
  ProxyOption,
  ProxyOptions,
  ReachOptions,
  ReconnectingOptions,
  ServeOptions,
  Server,
  TakeRequest,
  WebSocketInit,
} from "./node/index.js";
export {
  connect,
  healthChecks,
  overload,
  prepare,
  reconnecting,
  serve,
  WebSocket,
  WebSocketStream,
} from "./node/index.js";
export type {
  BackpressureEvent,
  BytesEvent,
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
  DropReason,
  EndReport,
  Fresh,
  Loss,
  OutboxOptions,
  ReconnectingHandlers,
  ReconnectingSendResult,
  ReconnectingSocket,
  ReconnectingState,
  ReconnectOptions,
} from "./reconnect/index.js";
export { AttemptTimeoutError, ReconnectEndedError } from "./reconnect/index.js";
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
  PathOption,
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
  IncomingMessage,
  IncomingMessageOptions,
  Message,
  PerMessageDeflateOptions,
  PreparedMessage,
  RateLimitOptions,
  RateLimitPolicy,
  ReadableStreamLike,
  RefusalReason,
  SendData,
  SendOptions,
  SendResult,
  SendStreamOptions,
  Socket,
  SocketHandlers,
  SocketOptions,
  StreamSource,
  WebStreams,
} from "./socket/index.js";
export {
  CloseTimeoutError,
  ConnectionClosedError,
  HeartbeatTimeoutError,
  IdleTimeoutError,
  InboxFullError,
  SendTimeoutError,
  SlowPeerError,
  UnfinishedMessageError,
} from "./socket/index.js";
export type { DuplexOptions } from "./transport/index.js";
export type {
  AddressFamilyOption,
  Http2ErrorCode,
  LookupOption,
  LookupResult,
  ProxyErrorCode,
} from "./transport/node/index.js";
export { Http2Error, ProxyError } from "./transport/node/index.js";
