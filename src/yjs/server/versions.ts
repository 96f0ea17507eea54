/**
 * The history of a document: states that were kept, and going back to one.
 */
import * as Y from "yjs";
import type { EngineHost } from "../../realtime/engines/index.js";
import { RealtimeError } from "../../realtime/wire/index.js";
import type { DocumentVersion } from "../contract/index.js";
import type { ResolvedDocumentLimits } from "./limits.js";
import type { LiveDocument } from "./live-document.js";
import type { VersionOptions } from "./options.js";
import type { DocumentStorage } from "./storage.js";

interface Since {
  /** When the last version was kept, or the first change since came. */
  atMs: number;
  readonly users: Set<string>;
}

/** What versions need. */
export interface VersionsParts {
  readonly storage: DocumentStorage;
  readonly limits: ResolvedDocumentLimits;
  readonly options: VersionOptions | undefined;
  readonly host: () => EngineHost;
}

/** See the head of this file. */
export class Versions {
  readonly #parts: VersionsParts;
  /** What has happened to documents in memory since their last versions. */
  readonly #since = new Map<string, Since>();

  constructor(parts: VersionsParts) {
    this.#parts = parts;
  }

  /** A document has changed. */
  changed(live: LiveDocument, users: ReadonlySet<string>): void {
    const { host, options } = this.#parts;
    const nowMs = host().now();
    const since = this.#since.get(live.id) ?? { atMs: nowMs, users: new Set<string>() };
    this.#since.set(live.id, since);
    for (const user of users) since.users.add(user);
    if (options === undefined || nowMs - since.atMs < options.everyMs) return;
    this.#keepQuietly(live);
  }

  /** A document is about to be dropped from memory. */
  async dropping(live: LiveDocument): Promise<void> {
    const since = this.#since.get(live.id);
    if (since !== undefined && this.#parts.options !== undefined) await this.keep(live);
    this.#since.delete(live.id);
  }

  #keepQuietly(live: LiveDocument): void {
    this.keep(live).catch((error: unknown) => this.#parts.host().reportError(error, "keeping a version"));
  }

  /** Keeps a version of a document as it is now. */
  async keep(live: LiveDocument, name?: string): Promise<DocumentVersion> {
    const { storage, host } = this.#parts;
    const since = this.#since.get(live.id);
    const users = [...(since?.users ?? [])];
    this.#since.delete(live.id);
    const state = Y.encodeStateAsUpdate(live.doc);
    let version: DocumentVersion;
    try {
      version = await storage.keepVersion(live.id, { name, timeMs: host().unixMs(), users, state });
    } catch (error) {
      // The next one tells who it was.
      if (since !== undefined) this.#since.set(live.id, this.#joined(since, live.id));
      throw error;
    }
    await this.#dropOldest(live.id);
    return version;
  }

  /** What has happened before, and meanwhile. Tried again when `everyMs` has passed once more. */
  #joined({ users }: Since, document: string): Since {
    const later = this.#since.get(document);
    for (const user of later?.users ?? []) users.add(user);
    return { atMs: later?.atMs ?? this.#parts.host().now(), users };
  }

  async #dropOldest(document: string): Promise<void> {
    const { storage, limits } = this.#parts;
    const versions = await storage.versions(document);
    const excess = versions.length - limits.maxVersions;
    if (excess <= 0) return;
    // Somebody wanted those that have names.
    const oldest = [...versions].reverse();
    const unnamed = oldest.filter(({ name }) => name === undefined);
    const named = oldest.filter(({ name }) => name !== undefined);
    for (const { id } of [...unnamed, ...named].slice(0, excess)) await storage.deleteVersion(document, id);
  }

  list(document: string): Promise<readonly DocumentVersion[]> {
    return this.#parts.storage.versions(document);
  }

  /** @throws RealtimeError `not-found` */
  async state(document: string, version: string): Promise<Uint8Array> {
    const state = await this.#parts.storage.version(document, version);
    if (state === undefined) throw new RealtimeError("not-found", `there is no version ${JSON.stringify(version)}`);
    return state;
  }
}

/**
 * The change that makes a document what it was, as an update: what has come since is taken back, and what is gone since
 * comes again, as somebody's undoing would.
 *
 * @param state what it was, as one update
 */
export function restoringUpdate(doc: Y.Doc, state: Uint8Array): Uint8Array {
  const past = new Y.Doc({ gc: false });
  Y.applyUpdate(past, state);
  const since = Symbol("since");
  // A root that there was not then has to be known, or what came into it would not be taken back. Nobody said what each
  // one is, and of one without a type nobody is told what changes in it: any type does, for its items are what is undone.
  const names = new Set([...past.share.keys(), ...doc.share.keys()]);
  const roots = [...names].map((name) => past.get(name, Y.Array));
  const undo = new Y.UndoManager(roots, { doc: past, trackedOrigins: new Set([since]), captureTimeout: 0 });
  Y.applyUpdate(past, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(past)), since);
  undo.undo();
  undo.destroy();
  const change = Y.encodeStateAsUpdate(past, Y.encodeStateVector(doc));
  past.destroy();
  return change;
}
