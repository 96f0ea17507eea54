// What the page and the server agree on: paths, names, and bounds that keep a public demo from being filled.

/** Path of the WebSocket endpoint. */
export const SOCKET_PATH: string = "/editor/socket";

/** Documents that there are at once. For another one, the one that was closed first makes room. */
export const DOCUMENTS_MAX: number = 24;

/** The document that is long from the beginning, and how long, in octets. */
export const LARGE_DOCUMENT: string = "large";
export const LARGE_BYTES: number = 5_000_000;

/** Octets that a document may take with its history of changes: the long one, and any other. Then it is read-only. */
export const LARGE_MAX_BYTES: number = 8_000_000;
export const DOCUMENT_MAX_BYTES: number = 512 * 1024;

/** Octets that the versions of one document may take together, in documents of the largest size. */
export const VERSIONS_MAX_DOCUMENTS: number = 3;

/** Versions of a document. */
export const VERSIONS_MAX: number = 20;

/** Milliseconds from one version that is kept by itself to the next. */
export const VERSION_EVERY_MS: number = 60_000;

/** Longest name of a person, and of a version, in UTF-16 code units. */
export const NAME_MAX_LENGTH: number = 24;

/** Longest secret of an editor, in UTF-16 code units; the page makes one of 24. */
export const SECRET_MAX_LENGTH: number = 64;

const documentName = /^[a-z0-9][a-z0-9-]{0,31}$/u;

/** Whether a document may be called that. */
export function isDocumentName(name: string): boolean {
  return documentName.test(name);
}
