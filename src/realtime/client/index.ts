/**
 * The client of the real-time layer, on whatever platform.
 */
export type { FallbackModule } from "./choosing.js";
export type {
  BaseClient,
  CallRequestOptions,
  Client,
  ClientEnd,
  ClientState,
  ConnectionLoss,
  HandlingContext,
  RequestOptions,
  StreamRequestOptions,
  UntypedClient,
} from "./client.js";
export type { ClientParts, ConnectionEnd, ConnectionOptions, RealtimeConnection } from "./connection.js";
export type { CreateClient } from "./create-client.js";
export { createClientFactory } from "./create-client.js";
export type {
  AnyHandle,
  ChannelOptions,
  DeleteRequestOptions,
  Handle,
  HandleOf,
  HandleOfKind,
  History,
  HistoryMessage,
  HistoryOptions,
  LogEvent,
  LogHandle,
  MediaEvent,
  MediaFrameToSend,
  MediaHandle,
  Presence,
  PresenceEvent,
  PresentUser,
  PublishOptions,
  SetRequestOptions,
  SignalEvent,
  SignalHandle,
  StateEvent,
  StateHandle,
} from "./handles.js";
export type { ClientLimits, ClientOptions, ClientReconnectOptions, Fresh, SharedClientOptions } from "./options.js";
export { defaultClientLimits } from "./options.js";
