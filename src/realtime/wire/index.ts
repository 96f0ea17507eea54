/**
 * The wire of the real-time layer (docs/protocol.md): frames, their checks, and JSON.
 */
export type { Check } from "./checks.js";
export { clientFrames } from "./client-frames.js";
export type { Codec } from "./codec.js";
export { withoutTail } from "./codec.js";
export type { ErrorCode, RealtimeErrorOptions } from "./errors.js";
export { errorCodes, RealtimeCloseCode, RealtimeError } from "./errors.js";
export type { FrameTable } from "./frame-table.js";
export type * from "./frames.js";
export { jsonCodec } from "./json.js";
export { maxDepth, maxNameLength, maxRequestNumber } from "./limits.js";
export { FrameFault, readMessage } from "./read.js";
export { serverFrames } from "./server-frames.js";
export type { SharingFrame } from "./sharing.js";
export {
  FlowWindow,
  readShared,
  sharedSubprotocol,
  sharingOverheadBytes,
  writeShared,
  writeSharing,
} from "./sharing.js";
export type { EncodedElements, Splicer } from "./splicing.js";
export { arrayHead, splicerOf } from "./splicing.js";
export type { Translation } from "./values.js";
export { decodedDepth, encodedDepth, translated } from "./values.js";
