/**
 * A storage over another one, which fails when it is told to, waits when it is told to, and tells what is done.
 */
import type { DocumentStorage, DocumentVersion, NewVersion, StoredDocument } from "#src/yjs/server/index.js";

type Method = "load" | "append" | "compact" | "release" | "keepVersion";

export class TestStorage implements DocumentStorage {
  readonly isShared: boolean;
  /** Those that reject. */
  readonly failing = new Set<Method>();
  /** How often each was called. */
  readonly calls: Record<Method, number> = { load: 0, append: 0, compact: 0, release: 0, keepVersion: 0 };
  /** What `compact` waits for before it begins. */
  gate: Promise<void> = Promise.resolve();
  readonly #inner: DocumentStorage;
  readonly #waiting = new Set<{ readonly method: Method; readonly resolve: () => void }>();

  constructor(inner: DocumentStorage, isShared = false) {
    this.#inner = inner;
    this.isShared = isShared;
  }

  /** Resolves when a method is called next. */
  called(method: Method): Promise<void> {
    return new Promise((resolve) => this.#waiting.add({ method, resolve }));
  }

  #begin(method: Method): void {
    this.calls[method]++;
    for (const waiting of this.#waiting) {
      if (waiting.method !== method) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
    if (this.failing.has(method)) throw new Error("the disk is away");
  }

  async open(): Promise<void> {
    await this.#inner.open?.();
  }

  async load(document: string): Promise<StoredDocument | undefined> {
    this.#begin("load");
    return await this.#inner.load(document);
  }

  async append(document: string, update: Uint8Array): Promise<string> {
    this.#begin("append");
    return await this.#inner.append(document, update);
  }

  async compact(document: string, state: Uint8Array, place: string): Promise<string> {
    this.#begin("compact");
    await this.gate;
    return await this.#inner.compact(document, state, place);
  }

  async release(document: string): Promise<void> {
    this.#begin("release");
    await this.#inner.release?.(document);
  }

  delete(document: string): Promise<void> {
    return this.#inner.delete(document);
  }

  async keepVersion(document: string, version: NewVersion): Promise<DocumentVersion> {
    this.#begin("keepVersion");
    return await this.#inner.keepVersion(document, version);
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

  async close(): Promise<void> {
    await this.#inner.close?.();
  }
}
