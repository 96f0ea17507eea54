/**
 * Compression on Node.
 */
export type { NodeCompressorOptions } from "./node-compressor.js";
export { NodeCompressor, nodeCompressor } from "./node-compressor.js";
