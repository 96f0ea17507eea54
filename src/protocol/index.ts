/**
 * `openline/protocol`: the WebSocket protocol (RFC 6455) without any I/O, for both roles. It imports nothing and runs
 * wherever ECMAScript 2023 does.
 */
export type { BrokenRule } from "./broken-rule.js";
export { ruleOf } from "./broken-rule.js";
export { CloseCode, isCloseCodeOnWire } from "./close-code.js";
export type { CloseBody, CloseOutcome, CloseReport, ConnectionEvent } from "./close-handshake.js";
export { ConnectionState, transitions, writeCloseBody } from "./close-handshake.js";
export { Connection } from "./connection.js";
export type { ConnectionContext, ConnectionSink, PieceSink, Receiving } from "./connection-context.js";
export type { UsageCode, ViolationCode } from "./errors.js";
export { OpenlineError, ProtocolError, UsageError, usageCodes, violationCodes } from "./errors.js";
export * from "./extensions/index.js";
export type { FrameSink, SizeJudgement } from "./frame-parser.js";
export { FrameParser } from "./frame-parser.js";
export * from "./handshake/index.js";
export type { Limits } from "./limits.js";
export { defaultLimits, resolveLimits } from "./limits.js";
export type { Masking, MaskingKeySource } from "./masking.js";
export { portableMasking } from "./masking.js";
export { copyOctets } from "./octets.js";
export type { DataOpcode, Role } from "./opcode.js";
export { Opcode } from "./opcode.js";
export type { FragmentContext, FragmentTarget } from "./outgoing-fragments.js";
export { minFragmentBytes, OutgoingFragments } from "./outgoing-fragments.js";
export type { FrameTarget, OutputBatch } from "./output.js";
export { BufferPool, Output } from "./output.js";
export type { FramePlace } from "./shared-message.js";
export { SharedMessage } from "./shared-message.js";
export type { FramedMessage, SharedFrame } from "./shared-octets.js";
export { FrameArena, frameMessage, SharedOctets } from "./shared-octets.js";
export type { TextCodec } from "./utf8.js";
export { decodeIntoUnits, isValidUtf8, portableTextCodec, Utf8Validator } from "./utf8.js";
