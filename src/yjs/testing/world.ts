/**
 * What a case of the contract suite has: a storage, and documents to put into it.
 */
import assert from "node:assert/strict";
import * as Y from "yjs";
import type { DocumentStorage } from "../server/index.js";

/** The storage to test. */
export interface StorageSubject {
  /** Makes a storage that has nothing yet, and has not been opened. Called once for each case. */
  create(): DocumentStorage | Promise<DocumentStorage>;
  /**
   * Makes a storage that goes on where the last one was killed: it has neither been closed nor waited for. Absent: this
   * storage keeps nothing beyond the process.
   */
  reopen?(): DocumentStorage | Promise<DocumentStorage>;
  /** Makes the storage of another process, which has the same documents at the same time. Absent: it is not shared. */
  another?(): DocumentStorage | Promise<DocumentStorage>;
  /** Called at the end of each case. */
  dispose?(): void | Promise<void>;
}

/** A promise of the interface, and its test. Rejects where the storage does not keep it. */
export interface StorageCase {
  readonly name: string;
  /** What of the subject it needs beside `create`. */
  readonly needs: "reopen" | "another" | undefined;
  readonly run: (subject: StorageSubject) => Promise<void>;
}

/** See the head of this file. */
export class StorageWorld {
  storage: DocumentStorage;
  readonly #subject: StorageSubject;
  readonly #opened: DocumentStorage[] = [];

  private constructor(subject: StorageSubject, storage: DocumentStorage) {
    this.#subject = subject;
    this.storage = storage;
  }

  /** Runs a case with a storage that has been opened. */
  static async run(subject: StorageSubject, run: (world: StorageWorld) => Promise<void>): Promise<void> {
    const world = new StorageWorld(subject, await subject.create());
    try {
      await world.#open(world.storage);
      await run(world);
    } finally {
      for (const storage of world.#opened.reverse()) await storage.close?.();
      await subject.dispose?.();
    }
  }

  async #open(storage: DocumentStorage): Promise<DocumentStorage> {
    await storage.open?.();
    this.#opened.push(storage);
    return storage;
  }

  /** The process is killed, and another one begins. */
  async restart(): Promise<void> {
    const storage = await this.#subject.reopen?.();
    assert.ok(storage !== undefined, "this case needs a storage that can be opened again");
    this.storage = await this.#open(storage);
  }

  /** The storage of another process. */
  async another(): Promise<DocumentStorage> {
    const storage = await this.#subject.another?.();
    assert.ok(storage !== undefined, "this case needs a storage that processes share");
    return await this.#open(storage);
  }

  /** The text of a document that is kept; undefined where nothing is. */
  async text(document: string, storage: DocumentStorage = this.storage): Promise<string | undefined> {
    const stored = await storage.load(document);
    return stored && textOf(stored.updates);
  }
}

/** A text that is written to at its end, as updates. */
export class Draft {
  readonly doc: Y.Doc = new Y.Doc();

  get state(): Uint8Array {
    return Y.encodeStateAsUpdate(this.doc);
  }

  /** Writes, and returns the update that it is. */
  write(text: string): Uint8Array {
    const before = Y.encodeStateVector(this.doc);
    const body = this.doc.getText("body");
    body.insert(body.length, text);
    return Y.encodeStateAsUpdate(this.doc, before);
  }
}

/** The text that updates come to, all of which stand on each other only. */
export function textOf(updates: readonly Uint8Array[]): string {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  assert.equal(doc.store.pendingStructs, null, "updates are missing on which others stand");
  return doc.getText("body").toJSON();
}

/** Makes a case. */
export function storageCase(
  name: string,
  run: (world: StorageWorld) => Promise<void>,
  needs?: StorageCase["needs"],
): StorageCase {
  return { name, needs, run: (subject) => StorageWorld.run(subject, run) };
}
