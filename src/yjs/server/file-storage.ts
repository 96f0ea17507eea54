/**
 * Documents in a folder: each has a folder of its own, with a file of its updates and one for each version.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { FileLock } from "../../realtime/engines/journal/file-lock.js";
import type { DocumentVersion } from "../contract/index.js";
import { DocumentDamagedError, DocumentFile, replaceFile } from "./document-file.js";
import { newMarker, readRecords, recordOf } from "./records.js";
import type { DocumentStorage, NewVersion, StoredDocument } from "./storage.js";

/** What can be set about documents in files. */
export interface FileStorageOptions {
  /**
   * What an update must have survived before it counts as kept. "process": the end of this process, however sudden; the
   * operating system has it. "disk": that of the machine, too; each write waits for the disk. Default "process".
   */
  readonly durability?: "process" | "disk";
  /** Files that are kept open for what comes next; the one unused for longest is closed first. Default 256. */
  readonly maxOpenFiles?: number;
  /**
   * Hears that a process was killed, or the disk full, while something was written: what is not whole was cut off. Nothing
   * of it had been acknowledged.
   */
  readonly onCutOff?: (document: string, bytes: number) => void;
}

const versionId = /^\d{12}-[\da-f]{8}$/u;

/**
 * Keeps documents in a folder, which one process at a time may use: `open` fails with the code `journal-locked` while another
 * does. What a process that was killed has locked is free at once, or after half a minute where nobody can tell whether it
 * lives. Names of documents are any text; their folders have its SHA-256 for a name, and the name stands in the file.
 *
 * A document whose file has changed by itself is not loaded, and not written to: `DocumentDamagedError`, code
 * `document-damaged`. An append that fails, since the disk is full or forbids it, leaves nothing behind.
 *
 * ```ts
 * const documents = createDocuments({ storage: fileStorage("./documents") });
 * ```
 *
 * @param folder where; it is made if need be
 * @throws RangeError for `maxOpenFiles` below 1
 */
export function fileStorage(folder: string, options: FileStorageOptions = {}): DocumentStorage {
  return new FileStorage(folder, options);
}

/** What is known of a document in use. */
interface Used {
  readonly file: DocumentFile;
  /** What was asked last: one at a time. */
  last: Promise<unknown>;
  waiting: number;
}

class FileStorage implements DocumentStorage {
  readonly #folder: string;
  readonly #isSynced: boolean;
  readonly #maxOpenFiles: number;
  readonly #onCutOff: (document: string, bytes: number) => void;
  /** The one that was used last is the last. */
  readonly #used = new Map<string, Used>();
  #lock: FileLock | undefined;

  constructor(folder: string, { durability, maxOpenFiles = 256, onCutOff }: FileStorageOptions) {
    if (!(maxOpenFiles >= 1)) throw new RangeError(`maxOpenFiles is out of its range: ${String(maxOpenFiles)}`);
    this.#folder = path.resolve(folder);
    this.#isSynced = durability === "disk";
    this.#maxOpenFiles = maxOpenFiles;
    this.#onCutOff = onCutOff ?? (() => undefined);
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    this.#lock = await FileLock.take(path.join(this.#folder, "documents"));
  }

  #folderOf(document: string): string {
    // As UTF-16, so that no two texts are the same octets.
    const hash = createHash("sha256").update(Buffer.from(document, "utf16le")).digest("hex");
    return path.join(this.#folder, hash.slice(0, 2), hash);
  }

  /** Does something with a document, after what was asked before. */
  async #with<Result>(document: string, work: (file: DocumentFile) => Promise<Result>): Promise<Result> {
    const used = this.#used.get(document) ?? this.#use(document);
    this.#used.delete(document);
    this.#used.set(document, used);
    used.waiting++;
    const result = used.last.then(async () => {
      if (this.#lock === undefined) throw new Error("the storage is not open");
      await this.#lock.check();
      return await work(used.file);
    });
    used.last = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      used.waiting--;
      await this.#closeSome();
    }
  }

  #use(document: string): Used {
    const folder = this.#folderOf(document);
    const file = new DocumentFile({
      ...{ document, file: path.join(folder, "updates"), isSynced: this.#isSynced },
      cutOff: (bytes) => this.#onCutOff(document, bytes),
      makeFolder: () => this.#makeFolder(folder),
      syncFolder: () => syncFolder(folder),
    });
    return { file, last: Promise.resolve(), waiting: 0 };
  }

  async #makeFolder(folder: string): Promise<void> {
    const made = await mkdir(folder, { recursive: true });
    if (made === undefined || !this.#isSynced) return;
    await syncFolder(path.dirname(folder));
    await syncFolder(this.#folder);
  }

  async #closeSome(): Promise<void> {
    const excess = this.#used.size - this.#maxOpenFiles;
    if (excess <= 0) return;
    const idle = [...this.#used].filter(([, { waiting }]) => waiting === 0);
    for (const [document, used] of idle.slice(0, excess)) {
      this.#used.delete(document);
      await used.file.close();
    }
  }

  load(document: string): Promise<StoredDocument | undefined> {
    return this.#with(document, async (file) => {
      const updates = await file.updates();
      return updates.length === 0 ? undefined : { updates, place: file.place };
    });
  }

  append(document: string, update: Uint8Array): Promise<string> {
    return this.#with(document, async (file) => {
      await file.append(update);
      return file.place;
    });
  }

  compact(document: string, state: Uint8Array, place: string): Promise<string> {
    return this.#with(document, async (file) => {
      await file.compact(state, Number(place));
      return file.place;
    });
  }

  async release(document: string): Promise<void> {
    const used = this.#used.get(document);
    await used?.last;
    if (used === undefined || used.waiting > 0) return;
    this.#used.delete(document);
    await used.file.close();
  }

  async delete(document: string): Promise<void> {
    await this.#with(document, async (file) => {
      await file.forget();
      await rm(this.#folderOf(document), { recursive: true, force: true });
    });
  }

  // Versions

  #versionsOf(document: string): string {
    return path.join(this.#folderOf(document), "versions");
  }

  keepVersion(document: string, { name, timeMs, users, state }: NewVersion): Promise<DocumentVersion> {
    return this.#with(document, async () => {
      const folder = this.#versionsOf(document);
      await this.#makeFolder(path.dirname(folder));
      await mkdir(folder, { recursive: true });
      const newest = Number((await idsIn(folder))[0]?.split("-")[0] ?? 0);
      const version: DocumentVersion = {
        id: `${String(newest + 1).padStart(12, "0")}-${randomBytes(4).toString("hex")}`,
        ...(name !== undefined && { name }),
        ...{ timeMs, users: [...users], bytes: state.length },
      };
      const marker = newMarker();
      const head = recordOf(marker, Buffer.from(JSON.stringify(version)));
      await replaceFile(path.join(folder, version.id), Buffer.concat([head, recordOf(marker, state)]));
      if (this.#isSynced) {
        await syncFolder(folder);
        await syncFolder(path.dirname(folder));
      }
      return version;
    });
  }

  versions(document: string): Promise<readonly DocumentVersion[]> {
    return this.#with(document, async () => {
      const folder = this.#versionsOf(document);
      const versions: DocumentVersion[] = [];
      for (const id of await idsIn(folder)) versions.push((await readVersion(path.join(folder, id))).version);
      return versions;
    });
  }

  version(document: string, version: string): Promise<Uint8Array | undefined> {
    return this.#with(document, async () => {
      const folder = this.#versionsOf(document);
      if (!(await idsIn(folder)).includes(version)) return undefined;
      return (await readVersion(path.join(folder, version))).state;
    });
  }

  deleteVersion(document: string, version: string): Promise<void> {
    return this.#with(document, async () => {
      if (versionId.test(version)) await rm(path.join(this.#versionsOf(document), version), { force: true });
    });
  }

  async close(): Promise<void> {
    for (const { last, file } of [...this.#used.values()]) {
      await last;
      await file.close();
    }
    this.#used.clear();
    await this.#lock?.release();
    this.#lock = undefined;
  }
}

/** The versions in a folder, the newest first. What was not written whole has another name. */
async function idsIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => versionId.test(name)).sort((a, b) => (a < b ? 1 : -1));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

async function readVersion(file: string): Promise<{ readonly version: DocumentVersion; readonly state: Buffer }> {
  const [head, state] = readRecords(await readFile(file)).whole;
  if (head === undefined || state === undefined) throw new DocumentDamagedError(file, "it is not whole");
  return { version: JSON.parse(head.toString()) as DocumentVersion, state };
}

/** A name is on the disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
