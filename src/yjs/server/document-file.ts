/**
 * The updates of one document in a file: a record that says which document it is, then one for each update.
 */
import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import { newMarker, readRecords, recordHeadBytes, recordOf } from "./records.js";

/** What is kept of a document has changed by itself: nothing of it is used, and nothing is put over it. */
export class DocumentDamagedError extends Error {
  override readonly name = "DocumentDamagedError";
  readonly code = "document-damaged";

  constructor(file: string, why: string) {
    super(`${file} is damaged: ${why}`);
  }
}

interface Head {
  readonly document: string;
  /** Added to where something stands in the file, it is its place, which stays the same when the file is compacted. */
  readonly base: string;
}

// All heads of a document have the same length.
const baseDigits = 17;

interface Entry {
  readonly update: Buffer;
  /** The place behind it. */
  readonly place: number;
}

/** What a document's file needs. */
export interface DocumentFileParts {
  readonly document: string;
  readonly file: string;
  readonly isSynced: boolean;
  /** An end that was not written whole is cut off. */
  readonly cutOff: (bytes: number) => void;
  /** Makes the folder, if need be. */
  readonly makeFolder: () => Promise<void>;
  /** Has the names of the folder on the disk. */
  readonly syncFolder: () => Promise<void>;
}

/** See the head of this file. One method at a time. */
export class DocumentFile {
  readonly #parts: DocumentFileParts;
  #handle: FileHandle | undefined;
  #marker = newMarker();
  #base = 0;
  /** Octets that are known to be whole; undefined before it has been read. */
  #bytes: number | undefined;
  /** Whether more may stand behind them. */
  #hasRest = false;

  constructor(parts: DocumentFileParts) {
    this.#parts = parts;
  }

  get place(): string {
    return String(this.#base + (this.#bytes ?? 0));
  }

  /** @throws DocumentDamagedError */
  async updates(): Promise<Buffer[]> {
    return (await this.#read()).map(({ update }) => update);
  }

  async #read(): Promise<Entry[]> {
    const { document, file, cutOff } = this.#parts;
    const octets = await readFile(file).catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    });
    const isFirst = this.#bytes === undefined;
    if (isFirst) await rm(`${file}.new`, { force: true });
    if (octets === undefined) {
      this.#bytes = 0;
      return [];
    }
    const { marker, whole, bytes, isDamaged } = readRecords(octets);
    if (isDamaged) throw new DocumentDamagedError(file, `whole updates stand behind a damaged one at ${bytes}`);
    this.#bytes = bytes;
    if (octets.length > bytes) {
      this.#hasRest = true;
      if (isFirst) cutOff(octets.length - bytes);
    }
    const [first, ...updates] = whole;
    if (first === undefined) return [];
    const head = JSON.parse(first.toString()) as Head;
    if (head.document !== document) throw new DocumentDamagedError(file, "it is of another document");
    this.#marker = marker;
    this.#base = Number(head.base);
    let place = this.#base + recordHeadBytes + first.length;
    return updates.map((update) => {
      place += recordHeadBytes + update.length;
      return { update, place };
    });
  }

  async append(update: Uint8Array): Promise<void> {
    if (this.#bytes === undefined) await this.#read();
    let bytes = this.#bytes ?? 0;
    const isNew = bytes === 0;
    const octets = isNew
      ? Buffer.concat([this.#headOf(0), recordOf(this.#marker, update)])
      : recordOf(this.#marker, update);
    if (isNew) await this.#parts.makeFolder();
    this.#handle ??= await open(this.#parts.file, isNew ? "a+" : "r+");
    if (this.#hasRest) await this.#handle.truncate(bytes);
    // What of it is written when this fails is nobody's, and must not stand before what comes next.
    this.#hasRest = true;
    await writeAll(this.#handle, octets, bytes);
    if (this.#parts.isSynced) {
      await this.#handle.datasync();
      if (isNew) await this.#parts.syncFolder();
    }
    this.#hasRest = false;
    bytes += octets.length;
    this.#bytes = bytes;
  }

  #headOf(base: number): Buffer {
    const head: Head = { document: this.#parts.document, base: String(base).padStart(baseDigits) };
    return recordOf(this.#marker, Buffer.from(JSON.stringify(head)));
  }

  /** Writes another file, and puts it in the place of this one. */
  async compact(state: Uint8Array, place: number): Promise<void> {
    const { file, isSynced, makeFolder, syncFolder } = this.#parts;
    const rest = (await this.#read()).filter((entry) => entry.place > place);
    const stateRecord = recordOf(this.#marker, state);
    // The state ends at the place up to which it has all.
    const base = place - stateRecord.length - this.#headOf(0).length;
    const records = rest.map(({ update }) => recordOf(this.#marker, update));
    const octets = Buffer.concat([this.#headOf(base), stateRecord, ...records]);
    await makeFolder();
    await replaceFile(file, octets);
    this.#base = base;
    this.#bytes = octets.length;
    this.#hasRest = false;
    await this.close();
    if (isSynced) await syncFolder();
  }

  /** Removes the file. */
  async forget(): Promise<void> {
    await this.close();
    // Read again: it may be there still when this fails.
    this.#bytes = undefined;
    this.#base = 0;
    this.#hasRest = false;
    await rm(this.#parts.file, { force: true });
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

/** Writes a file whole: it is there as it was, or as it is to be. */
export async function replaceFile(file: string, octets: Buffer): Promise<void> {
  const made = `${file}.new`;
  try {
    const handle = await open(made, "w");
    try {
      await writeAll(handle, octets, 0);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(made, file);
  } catch (error) {
    await rm(made, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** `write` may take less than it is given. */
async function writeAll(handle: FileHandle, octets: Buffer, position: number): Promise<void> {
  for (let written = 0; written < octets.length; ) {
    const { bytesWritten } = await handle.write(octets, written, octets.length - written, position + written);
    written += bytesWritten;
  }
}
