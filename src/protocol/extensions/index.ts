/**
 * Extensions (RFC 6455 §9): what one is, how two ends agree on them, and permessage-deflate (RFC 7692), which is the
 * first.
 */
export {
  type Compressor,
  type DeflateSettings,
  flushTailBytes,
  type Inflation,
  maxStreamsPerMessage,
  messageTail,
  type StreamedInflation,
} from "./compressor.js";
export {
  type CompressionCounters,
  createDeflateContext,
  type DeflateContext,
  type DeflateContextOptions,
} from "./deflate-context.js";
export {
  type AgreedParameters,
  type FaultyParameters,
  maxWindowBits,
  minWindowBits,
  type ParameterFault,
  type WantedParameters,
} from "./deflate-parameters.js";
export {
  type Extension,
  isFailure,
  type Later,
  type OctetRange,
  type PieceReceiver,
  type PieceTaker,
  type SendHints,
  type Sharing,
  type StreamReceiver,
  type Transformed,
  type TransformFailure,
  type TransformFailureCode,
} from "./extension.js";
export { ExtensionChain } from "./extension-chain.js";
export { defaultInflationMemoryBytes, InflationMemory } from "./inflation-memory.js";
export {
  type AcceptedExtension,
  acceptExtensions,
  type ClientExtension,
  confirmExtensions,
  type NegotiationFault,
  type OfferedExtension,
  type ServerExtension,
} from "./negotiation.js";
export { DeflateClientExtension, DeflateServerExtension, PermessageDeflate } from "./permessage-deflate.js";
export { writeBlockHeader } from "./stored-blocks.js";
export { defaultWindowMemoryBytes, WindowMemory } from "./window-memory.js";
