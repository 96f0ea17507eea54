/**
 * The client that reconnects, on whatever platform.
 */
export { AttemptTimeoutError, ReconnectEndedError } from "./errors.js";
export type { Fresh, OutboxOptions, ReconnectingOptions, ReconnectOptions } from "./options.js";
export { defaultSettings } from "./options.js";
export type { ConnectionHandlers, ReconnectingParts } from "./parts.js";
export type {
  DropReason,
  EndReport,
  Loss,
  ReconnectableSocket,
  ReconnectingHandlers,
  ReconnectingSendResult,
  ReconnectingSocket,
  ReconnectingState,
} from "./reconnecting-socket.js";
export { createReconnecting } from "./reconnector.js";
export { refusalOf } from "./refusals.js";
export { stateTransitions } from "./states.js";
