/**
 * Masking and deflate in WebAssembly, where the runtime has it.
 */
export { loadDeflater, maxMessageBytes, WasmDeflater } from "./deflate/index.js";
export type { Kernel, WebAssemblyApi } from "./kernel.js";
export { loadKernel } from "./kernel.js";
