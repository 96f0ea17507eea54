/**
 * Updates of Yjs in parts, for both ends.
 */
export { defaultPartBytes, partsOf } from "./parts.js";
export {
  type DeletedRange,
  documentSource,
  type Range,
  type Struct,
  type StructSource,
  updateSource,
} from "./source.js";
