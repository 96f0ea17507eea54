/**
 * Compression on Node.
 */
export { NodeCompressor, nodeCompressor } from "./node-compressor.js";
