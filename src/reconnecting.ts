/**
 * openline/reconnecting: the client that connects again, by itself, for code that runs on every platform. On Node it is
 * what `openline` has, too.
 */
export type { ReconnectingOptions } from "./node/index.js";
export { reconnecting } from "./node/index.js";
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
