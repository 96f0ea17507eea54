/**
 * Deflate in WebAssembly.
 */
export { loadDeflater, WasmDeflater } from "./deflater.js";
export { maxMessageBytes } from "./layout.js";
