/**
 * Updates of Yjs in parts, for both ends.
 */
export { defaultPartBytes, partsOf } from "./parts.js";
export { documentSource, type StructSource, updateSource } from "./source.js";
