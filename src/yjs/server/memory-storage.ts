/**
 * Documents in the memory of the process.
 */
import type { DocumentVersion } from "../contract/index.js";
import type { DocumentStorage, NewVersion, StoredDocument } from "./storage.js";

interface Kept {
  /** With the number of each. */
  updates: { readonly number: number; readonly update: Uint8Array }[];
  lastNumber: number;
  readonly versions: { readonly version: DocumentVersion; readonly state: Uint8Array }[];
}

/** Keeps documents as long as the process lives: for tests, and for what need not outlast it. */
export function memoryStorage(): DocumentStorage {
  return new MemoryStorage();
}

class MemoryStorage implements DocumentStorage {
  readonly #documents = new Map<string, Kept>();
  #lastVersion = 0;

  #of(document: string): Kept {
    const known = this.#documents.get(document);
    if (known !== undefined) return known;
    const kept: Kept = { updates: [], lastNumber: 0, versions: [] };
    this.#documents.set(document, kept);
    return kept;
  }

  load(document: string): Promise<StoredDocument | undefined> {
    const kept = this.#documents.get(document);
    if (kept === undefined || kept.updates.length === 0) return Promise.resolve(undefined);
    const updates = kept.updates.map(({ update }) => update);
    return Promise.resolve({ updates, place: String(kept.lastNumber) });
  }

  append(document: string, update: Uint8Array): Promise<string> {
    const kept = this.#of(document);
    kept.updates.push({ number: ++kept.lastNumber, update });
    return Promise.resolve(String(kept.lastNumber));
  }

  compact(document: string, state: Uint8Array, place: string): Promise<string> {
    const kept = this.#of(document);
    const number = Number(place);
    kept.updates = [{ number, update: state }, ...kept.updates.filter((entry) => entry.number > number)];
    return Promise.resolve(String(kept.lastNumber));
  }

  delete(document: string): Promise<void> {
    this.#documents.delete(document);
    return Promise.resolve();
  }

  keepVersion(document: string, { name, timeMs, users, state }: NewVersion): Promise<DocumentVersion> {
    const version: DocumentVersion = {
      id: String(++this.#lastVersion),
      ...(name !== undefined && { name }),
      ...{ timeMs, users: [...users], bytes: state.length },
    };
    this.#of(document).versions.unshift({ version, state });
    return Promise.resolve(version);
  }

  versions(document: string): Promise<readonly DocumentVersion[]> {
    return Promise.resolve((this.#documents.get(document)?.versions ?? []).map(({ version }) => version));
  }

  version(document: string, id: string): Promise<Uint8Array | undefined> {
    const found = this.#documents.get(document)?.versions.find(({ version }) => version.id === id);
    return Promise.resolve(found?.state);
  }

  deleteVersion(document: string, id: string): Promise<void> {
    const versions = this.#documents.get(document)?.versions ?? [];
    const index = versions.findIndex(({ version }) => version.id === id);
    if (index >= 0) versions.splice(index, 1);
    return Promise.resolve();
  }
}
