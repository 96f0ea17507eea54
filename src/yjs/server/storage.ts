/**
 * Where documents are kept: what the server needs of it.
 */
import type { DocumentVersion } from "../contract/index.js";

/** What is kept of a document. */
export interface StoredDocument {
  /** Updates of Yjs (version 1), in whatever order. Together they are the document. */
  readonly updates: readonly Uint8Array[];
  /** Up to where that is. */
  readonly place: string;
}

/** A version to keep. */
export interface NewVersion {
  /** See `DocumentVersion`. */
  readonly name?: string | undefined;
  readonly timeMs: number;
  readonly users: readonly string[];
  /** The whole document as one update. */
  readonly state: Uint8Array;
}

/**
 * See the head of this file. Names of documents are any text. Of one document, `append` and `compact` are called one after
 * the other, and `release` when both have settled; `load` and what is about versions may be called meanwhile. Where
 * another process uses the storage, too, nobody knows what it calls. What `append` and `compact` reject with is reported,
 * and tried again. `documentStorageContract` in openline/yjs/testing has cases for all of it.
 */
export interface DocumentStorage {
  /**
   * Whether other processes add to the same documents. Then what they have added is read before a document is compacted.
   * Default false.
   */
  readonly isShared?: boolean;
  /** Gets ready. Called once, before anything else. */
  open?(): Promise<void>;
  /** All that is kept of a document; undefined: nothing. */
  load(document: string): Promise<StoredDocument | undefined>;
  /**
   * Adds an update. When it resolves, the update is kept: then its senders are told so.
   *
   * @param update not changed afterwards
   * @returns up to where the document is kept now. Opaque
   */
  append(document: string, update: Uint8Array): Promise<string>;
  /**
   * Puts one update in the place of all that were kept up to `place`. What was added after it stays. When the process is
   * killed meanwhile, either all of the old is there afterwards, or the new.
   *
   * @param place what `load` or `append` returned: `state` has all that was kept by then
   * @returns up to where the document is kept now
   */
  compact(document: string, state: Uint8Array, place: string): Promise<string>;
  /** Nobody uses the document any more, for now. */
  release?(document: string): Promise<void>;
  /** Forgets a document, with its versions. */
  delete(document: string): Promise<void>;
  /** Keeps a version. */
  keepVersion(document: string, version: NewVersion): Promise<DocumentVersion>;
  /** The versions that are kept, the newest first. */
  versions(document: string): Promise<readonly DocumentVersion[]>;
  /** The state of a version; undefined where there is none. */
  version(document: string, version: string): Promise<Uint8Array | undefined>;
  /** Forgets a version. Harmless where there is none. */
  deleteVersion(document: string, version: string): Promise<void>;
  /** Ends. Called once, when everything has settled. */
  close?(): Promise<void>;
}
