/**
 * The contract of the real-time layer: channels and calls, declared once for both ends.
 */
export type { AnsweredCall, Call, StreamedCall } from "./calls.js";
export { call } from "./calls.js";
export type { Calls, Channels, Contract, ContractDefinition } from "./contract.js";
export { contract } from "./contract.js";
export type {
  CallInput,
  CallOutput,
  CallsOf,
  ChannelName,
  ChannelOf,
  ChannelsOf,
  ClientCallsOf,
  DefinitionOf,
  HandlerInput,
  HandlerOutput,
  IsStreamed,
  NameOf,
  ParamsOf,
  PatternOf,
  ReceivedOf,
  SentOf,
} from "./infer.js";
export type { AnyChannel, LogChannel, MediaChannel, Retention, SignalChannel, StateChannel, Told } from "./kinds.js";
export { defaultGroupBytesMax, defaultRetention, log, media, signal, state } from "./kinds.js";
export type { Match } from "./pattern.js";
export { Patterns } from "./pattern.js";
export type { InputOf, Issue, OutputOf, Schema } from "./schema.js";
export { unchecked, validate } from "./schema.js";
