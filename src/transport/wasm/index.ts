/**
 * Masking in WebAssembly, where the runtime has it.
 */
export type { Kernel, WebAssemblyApi } from "./kernel.js";
export { loadKernel } from "./kernel.js";
