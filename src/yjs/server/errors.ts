/**
 * The codes of errors that documents have beside those of the real-time layer.
 */

/** See the head of this file. */
export const documentErrorCodes = [
  /** An update that builds on what the server does not have: the provider compares the documents then. */
  "missing-updates",
  /** With this update the document would take more than `maxDocumentBytes`. */
  "document-full",
  /** A file of `fileStorage` is not what was written. */
  "document-damaged",
] as const;
