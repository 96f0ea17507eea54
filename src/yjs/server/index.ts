/**
 * openline/yjs/server: documents of Yjs that clients of the real-time layer edit together.
 */
export * from "../contract/index.js";
export { DocumentDamagedError } from "./document-file.js";
export { createDocuments, type Documents } from "./documents.js";
export { documentErrorCodes } from "./errors.js";
export { type FileStorageOptions, fileStorage } from "./file-storage.js";
export { type DocumentLimits, defaultDocumentLimits } from "./limits.js";
export { memoryStorage } from "./memory-storage.js";
export type {
  AuthorizeDocument,
  DocumentDefinition,
  DocumentsOptions,
  OtherOptions,
  VersionOptions,
} from "./options.js";
export type { DocumentStorage, NewVersion, StoredDocument } from "./storage.js";
