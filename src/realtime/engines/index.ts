/**
 * What keeps and carries the data of the real-time layer: the interface, and the embedded engine.
 */
export { Changes } from "./changes.js";
export type * from "./engine.js";
export type { CurrentEntry, EngineErrorCode } from "./errors.js";
export { EngineError, engineErrorCodes } from "./errors.js";
export { Listeners } from "./listeners.js";
export type { Journal, JournalRecord } from "./memory/journal.js";
export type { MemoryOptions } from "./memory/memory.js";
export { memory } from "./memory/memory.js";
export type { ChannelNeeds, EngineGrant, EngineNeeds, Unmet, Wish } from "./needs.js";
export { durableChannels, patternsOf, refuseUnmet, unmetSizes } from "./needs.js";
export type { Payload } from "./payload.js";
export { payloadOf, readPayloadText, textOfValue, valueOfText } from "./payload.js";
export { PresenceSinks, watchShared } from "./presence-sinks.js";
export { SenderOrder } from "./sender-order.js";
export { setMany } from "./set-many.js";
export { SharedOpenings } from "./shared-openings.js";
export { SignalWriter, signalReader } from "./signal-messages.js";
export { Silences } from "./silences.js";
export { copyValue, ValueError, valueBytes } from "./value.js";
