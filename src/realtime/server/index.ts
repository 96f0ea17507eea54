/**
 * The real-time server, without a network.
 */
export type { Prepared, RealtimeConnection, RealtimePlatform, SendStatus } from "./connection.js";
export type { AnyRealtimeOptions } from "./create.js";
export { plainParts, realtimeParts } from "./create.js";
export type { LogFollowed, MediaFollowed, SignalFollowed, StateFollowed } from "./following.js";
export type { Area, Interest, Interests, Viewer } from "./interest.js";
export type { RealtimeLimits, ResolvedLimits } from "./limits.js";
export { defaultRealtimeLimits, resolveRealtimeLimits } from "./limits.js";
export type * from "./options.js";
export type { ClientCallOptions } from "./outgoing-calls.js";
export type { RealtimeParts } from "./realtime.js";
export { RealtimeServer } from "./realtime.js";
export type { FollowedOf, Realtime, RealtimeSession, SentTo, ServerPublishOptions } from "./realtime-interface.js";
export { Session } from "./session.js";
export type { ContentOf } from "./shared-connection.js";
export { SharedConnection } from "./shared-connection.js";
export type { RealtimeUserCalls, UserAnswer, UserAnswers, UserCallOptions, UserReceipt } from "./user-calls.js";
