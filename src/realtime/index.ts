/**
 * openline/realtime: channels, calls and presence for servers on Node. The client is openline/realtime/client.
 */
import { nodePlatform } from "../transport/node/index.js";
import type { Contract, ContractDefinition } from "./contract/index.js";
import { createRealtimePlatform, nodeClock } from "./platform.js";
import { type ServedRealtime, ServedRealtimeServer } from "./served.js";
import {
  type PlainDefinition,
  type PlainRealtimeOptions,
  plainParts,
  type RealtimeOptions,
  realtimeParts,
} from "./server/index.js";

export * from "./contract/index.js";
export type {
  Append,
  Appended,
  CallClaim,
  CallEngine,
  CallOutcome,
  ChannelNeeds,
  CurrentEntry,
  Engine,
  EngineErrorCode,
  EngineGrant,
  EngineHealth,
  EngineHost,
  EngineNeeds,
  EngineSubscription,
  EngineTimer,
  EntryMeta,
  Idempotency,
  Journal,
  JournalRecord,
  LogBounds,
  LogEngine,
  LogEntry,
  LogHole,
  LogPage,
  LogRange,
  LogSink,
  LogTail,
  MediaEngine,
  MediaFrame,
  MediaPlace,
  MediaTail,
  MemoryOptions,
  NewMediaFrame,
  Presence,
  PresenceEngine,
  PresenceList,
  PresenceSink,
  Retention as KeptRetention,
  Signal,
  SignalEngine,
  StateChange,
  StateDelta,
  StateEngine,
  StateEntry,
  StatePage,
  StateSink,
  StateWatch,
  Wish,
} from "./engines/index.js";
export { EngineError, engineErrorCodes, memory, ValueError } from "./engines/index.js";
export * from "./engines/journal/index.js";
export type { BesideHandlers, ServedRealtime, ServeHandlers } from "./served.js";
export type * from "./server/index.js";
export { defaultRealtimeLimits } from "./server/index.js";
export type { Codec, ErrorBody, ErrorCode, RealtimeErrorOptions } from "./wire/index.js";
export { errorCodes, jsonCodec, RealtimeCloseCode, RealtimeError } from "./wire/index.js";

/**
 * Makes a real-time server.
 *
 * ```ts
 * const realtime = createRealtime(api, { authenticate, authorize, calls });
 * const server = await serve({ port: 9000, ...realtime.handlers });
 * ```
 *
 * @param api the contract
 * @param options `calls`: a handler for each call of the contract. `engine`, `authenticate`, `authorize`, `limits`
 * @throws RangeError for a limit that is none; TypeError for a call without a handler, or an unknown pattern
 */
export function createRealtime<Definition extends ContractDefinition, Data = undefined>(
  api: Contract<Definition>,
  options: RealtimeOptions<Data, Definition>,
): ServedRealtime<Definition>;
/**
 * The same without a contract: every name is a channel, of JSON, and calls are known by name.
 *
 * @param options `channel`: what every channel is, default `log()`. `calls`: handlers by name
 */
export function createRealtime<Data = undefined>(options?: PlainRealtimeOptions<Data>): ServedRealtime<PlainDefinition>;
/** Both. */
export function createRealtime(first: object = {}, options?: object): object {
  const platform = createRealtimePlatform(nodePlatform, nodeClock);
  const parts =
    "channelOf" in first ? realtimeParts(platform, first as Contract, options ?? {}) : plainParts(platform, first);
  return new ServedRealtimeServer(parts);
}
