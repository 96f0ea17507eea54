/**
 * A journal in a file: what a memory engine keeps, so that a process that is killed and started again has lost nothing
 * that was acknowledged.
 *
 * The file is only ever added to. An end that was not written whole is cut off when it is read: nothing of it had been
 * acknowledged. When most of it is past, it is rewritten beside itself and put in its own place.
 */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { Journal, JournalRecord } from "../index.js";
import { FileLock } from "./file-lock.js";
import { LineReader, lineOf, recordOf } from "./lines.js";

/** What can be set about a journal. */
export interface FileJournalOptions {
  /**
   * What a record must have survived before it counts as kept. "process": the end of this process, however sudden; the
   * operating system has it. "disk": that of the machine, too; each write waits for the disk. Default "process".
   */
  readonly durability?: "process" | "disk";
  /** Octets from which on it is rewritten when it has doubled. Default 4,194,304. */
  readonly minRewriteBytes?: number;
}

// Read in a few milliseconds, so that rewriting less would win nothing.
const defaultMinRewriteBytes = 4 * 1024 * 1024;
// As much is read, and written while rewriting, in one turn.
const pieceBytes = 256 * 1024;

/** A journal that cannot be what was written: something in its middle has changed. */
export class JournalDamagedError extends Error {
  override readonly name = "JournalDamagedError";
  readonly code = "journal-damaged";
  /** Where the first record stands that is not whole, in octets. */
  readonly offset: number;

  constructor(file: string, offset: number) {
    super(`${file} has a damaged record at ${offset} with whole ones behind it`);
    this.offset = offset;
  }
}

/**
 * Makes a journal in a file, which one process at a time may use: opening it fails with a `JournalLockedError` while another
 * does. What a process that was killed has locked is free at once, or after half a minute where nobody can tell whether it
 * lives: on another machine or in another container that shares the folder.
 *
 * ```ts
 * const engine = memory({ journal: fileJournal("./realtime.journal") });
 * ```
 *
 * @param file where; it need not be there yet. Beside it, with ".new" added, lies for a while what takes its place, and with ".lock"
 *   added, who uses it
 */
export function fileJournal(file: string, options: FileJournalOptions = {}): Journal {
  return new FileJournal(file, options);
}

class FileJournal implements Journal {
  readonly #file: string;
  readonly #isSynced: boolean;
  readonly #minRewriteBytes: number;
  #handle: FileHandle | undefined;
  #lock: FileLock | undefined;
  #bytes = 0;
  /** What it had when it was last rewritten. */
  #rewrittenBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  /** What is written while it is rewritten; undefined while it is not. */
  #meanwhile: Buffer[] | undefined;
  /** While it takes the place of the old one. */
  #replacing: Promise<void> | undefined;

  constructor(file: string, options: FileJournalOptions) {
    this.#file = file;
    this.#isSynced = options.durability === "disk";
    this.#minRewriteBytes = options.minRewriteBytes ?? defaultMinRewriteBytes;
  }

  async open(recovered: (record: JournalRecord) => void): Promise<void> {
    const lock = await FileLock.take(this.#file);
    let handle: FileHandle | undefined;
    try {
      // A rewriting that was cut short.
      await rm(`${this.#file}.new`, { force: true });
      handle = await open(this.#file, "a+");
      this.#bytes = await this.#recover(handle, recovered);
      await handle.truncate(this.#bytes);
      if (this.#isSynced) await this.#syncFolder();
    } catch (error) {
      await handle?.close();
      await lock.release();
      throw error;
    }
    this.#handle = handle;
    this.#lock = lock;
  }

  /** @returns the octets of all records that are whole */
  async #recover(handle: FileHandle, recovered: (record: JournalRecord) => void): Promise<number> {
    const reader = new LineReader();
    const piece = Buffer.allocUnsafe(pieceBytes);
    let wholeBytes = 0;
    let damagedAt: number | undefined;
    for (let offset = 0; ; ) {
      const { bytesRead } = await handle.read(piece, 0, pieceBytes, offset);
      if (bytesRead === 0) return wholeBytes;
      offset += bytesRead;
      for (const line of reader.read(piece.subarray(0, bytesRead))) {
        const record = recordOf(line);
        if (record === undefined) damagedAt ??= wholeBytes;
        else if (damagedAt !== undefined) throw new JournalDamagedError(this.#file, damagedAt);
        else {
          recovered(record);
          wholeBytes += line.length + 1;
        }
      }
    }
  }

  async write(records: readonly JournalRecord[]): Promise<void> {
    await this.#lock?.check();
    if (this.#replacing !== undefined) await this.#replacing;
    const octets = Buffer.concat(records.map(lineOf));
    this.#meanwhile?.push(octets);
    this.#writing = this.#append(octets);
    await this.#writing;
  }

  async #append(octets: Buffer): Promise<void> {
    if (this.#handle === undefined) throw new Error("the journal is not open");
    await writeAll(this.#handle, octets);
    if (this.#isSynced) await this.#handle.datasync();
    this.#bytes += octets.length;
  }

  wantsRewriting(): boolean {
    return this.#bytes > Math.max(this.#minRewriteBytes, 2 * this.#rewrittenBytes);
  }

  async rewrite(records: Iterable<JournalRecord>): Promise<void> {
    const meanwhile: Buffer[] = [];
    this.#meanwhile = meanwhile;
    const file = `${this.#file}.new`;
    let handle: FileHandle | undefined;
    try {
      handle = await open(file, "w");
      const bytes = await writeRecords(handle, records);
      // What comes from here on waits until the new one is in its place.
      this.#replacing = this.#replace(file, handle, meanwhile, bytes);
      await this.#replacing;
    } catch (error) {
      await handle?.close();
      await rm(file, { force: true });
      // Tried again when as much has come again.
      this.#rewrittenBytes = this.#bytes;
      throw error;
    } finally {
      this.#meanwhile = undefined;
      this.#replacing = undefined;
    }
  }

  async #replace(file: string, handle: FileHandle, meanwhile: readonly Buffer[], bytes: number): Promise<void> {
    // What is being written is for the old one, and is in `meanwhile`, too. Whoever waits for it hears how it went.
    await this.#writing.catch(() => undefined);
    const rest = Buffer.concat(meanwhile);
    await writeAll(handle, rest);
    await handle.datasync();
    await this.#lock?.check();
    await rename(file, this.#file);
    if (this.#isSynced) await this.#syncFolder();
    const old = this.#handle;
    this.#handle = handle;
    this.#bytes = bytes + rest.length;
    this.#rewrittenBytes = this.#bytes;
    await old?.close();
  }

  /** A name is on the disk when its folder is. */
  async #syncFolder(): Promise<void> {
    const folder = await open(path.dirname(path.resolve(this.#file)), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
    await this.#lock?.release();
    this.#lock = undefined;
  }
}

/** `write` may take less than it is given. */
async function writeAll(handle: FileHandle, octets: Buffer): Promise<void> {
  for (let written = 0; written < octets.length; ) {
    const { bytesWritten } = await handle.write(octets, written, octets.length - written);
    written += bytesWritten;
  }
}

/** Writes records piece by piece. Returns their octets. */
async function writeRecords(handle: FileHandle, records: Iterable<JournalRecord>): Promise<number> {
  let bytes = 0;
  let lines: Buffer[] = [];
  let lineBytes = 0;
  for (const record of records) {
    const line = lineOf(record);
    lines.push(line);
    lineBytes += line.length;
    if (lineBytes < pieceBytes) continue;
    await writeAll(handle, Buffer.concat(lines));
    bytes += lineBytes;
    lines = [];
    lineBytes = 0;
  }
  await writeAll(handle, Buffer.concat(lines));
  return bytes + lineBytes;
}
