// Documents in memory that take no more of it than they may. Everything is gone when the process ends. What is full starts
// over when nobody has it open any more, and what was closed first makes room for what is new.
import type { DocumentStorage, DocumentVersion, NewVersion, StoredDocument } from "openline/yjs/server";
import { firstState } from "./first-texts.js";
import {
  DOCUMENT_MAX_BYTES,
  DOCUMENTS_MAX,
  LARGE_DOCUMENT,
  LARGE_MAX_BYTES,
  VERSIONS_MAX_DOCUMENTS,
} from "./shared/limits.js";

/** The octets that a document may take. */
function roomOf(document: string): number {
  return document === LARGE_DOCUMENT ? LARGE_MAX_BYTES : DOCUMENT_MAX_BYTES;
}

interface Held {
  bytes: number;
  isOpen: boolean;
}

/** See the head of this file. */
export class BoundedStorage implements DocumentStorage {
  readonly #inner: DocumentStorage;
  readonly #changed: (document: string) => void;
  /** Those that were closed longest ago first. */
  readonly #held = new Map<string, Held>();

  /**
   * @param inner Where they are.
   * @param changed Is told of a document that is about to change.
   */
  constructor(inner: DocumentStorage, changed: (document: string) => void) {
    this.#inner = inner;
    this.#changed = changed;
  }

  /** Whether there is a document, or room for it. */
  hasRoomFor(document: string): boolean {
    if (this.#held.has(document) || this.#held.size < DOCUMENTS_MAX) return true;
    return [...this.#held.values()].some(({ isOpen }) => !isOpen);
  }

  /** Whether a document takes all that it may. */
  isFull(document: string): boolean {
    return (this.#held.get(document)?.bytes ?? 0) > roomOf(document);
  }

  async load(document: string): Promise<StoredDocument | undefined> {
    const known = this.#held.get(document);
    // Held before anything is waited for, so that nobody else takes the room.
    const held = this.#hold(document, known?.bytes ?? 0);
    if (known === undefined) {
      for (const [name, { isOpen }] of this.#held) {
        if (this.#held.size <= DOCUMENTS_MAX) break;
        if (!isOpen) await this.delete(name);
      }
      const state = firstState(document);
      held.bytes = state.length;
      await this.#inner.append(document, state);
    }
    return this.#inner.load(document);
  }

  #hold(document: string, bytes: number): Held {
    const held = { bytes, isOpen: true };
    this.#held.delete(document);
    this.#held.set(document, held);
    return held;
  }

  append(document: string, update: Uint8Array): Promise<string> {
    this.#changed(document);
    const held = this.#held.get(document);
    if (held !== undefined) held.bytes += update.length;
    return this.#inner.append(document, update);
  }

  compact(document: string, state: Uint8Array, place: string): Promise<string> {
    const held = this.#held.get(document);
    if (held !== undefined) held.bytes = state.length;
    return this.#inner.compact(document, state, place);
  }

  async release(document: string): Promise<void> {
    await this.#inner.release?.(document);
    const held = this.#held.get(document);
    if (held === undefined) return;
    if (this.isFull(document)) await this.delete(document);
    else this.#hold(document, held.bytes).isOpen = false;
  }

  delete(document: string): Promise<void> {
    this.#changed(document);
    this.#held.delete(document);
    return this.#inner.delete(document);
  }

  async keepVersion(document: string, version: NewVersion): Promise<DocumentVersion> {
    const most = VERSIONS_MAX_DOCUMENTS * roomOf(document) - version.state.length;
    const kept = await this.#inner.versions(document);
    let bytes = kept.reduce((sum, one) => sum + one.bytes, 0);
    for (const oldest of [...kept].reverse()) {
      if (bytes <= most) break;
      await this.#inner.deleteVersion(document, oldest.id);
      bytes -= oldest.bytes;
    }
    return this.#inner.keepVersion(document, version);
  }

  versions(document: string): Promise<readonly DocumentVersion[]> {
    return this.#inner.versions(document);
  }

  version(document: string, version: string): Promise<Uint8Array | undefined> {
    return this.#inner.version(document, version);
  }

  deleteVersion(document: string, version: string): Promise<void> {
    return this.#inner.deleteVersion(document, version);
  }
}
