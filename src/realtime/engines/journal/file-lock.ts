/**
 * A lock for one process, in a file beside what it locks: who holds it, and that it still does.
 *
 * Node has no locks of the operating system. So the file is made in one step with its content in it, and whoever finds one
 * asks whether its process lives. A number of a process is given again, and means nothing on another machine or in
 * another container: the holder also touches the file as long as it lives. Who has not touched it for `leaseMs` (it was
 * stopped, or blocked for so long) may have lost it, and looks before it writes again.
 */
import { randomUUID } from "node:crypto";
import { link, open, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import os from "node:os";

// Longer than a process is blocked that is well, and short for one that waits for it to be free.
const leaseMs = 30_000;
const beatMs = 5000;

/** What is written into the file. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, by whatever counts it; undefined where that cannot be found out. */
  readonly began: string | undefined;
  /** Of this lock alone. */
  readonly id: string;
}

/** Another process uses the journal. */
export class JournalLockedError extends Error {
  override readonly name = "JournalLockedError";
  readonly code = "journal-locked";
  /** The process, where it is known. */
  readonly pid: number | undefined;

  constructor(file: string, holder: Pick<Holder, "pid" | "host"> | undefined) {
    const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
    super(`${file} is used by ${who}`);
    this.pid = holder?.pid;
  }
}

/** See the head of this file. */
export class FileLock {
  readonly #file: string;
  readonly #lockFile: string;
  readonly #id: string;
  #touchedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isReleased = false;

  private constructor(file: string, id: string) {
    this.#file = file;
    this.#lockFile = lockFileOf(file);
    this.#id = id;
  }

  /** @throws JournalLockedError when a process holds it that lives, as far as can be told */
  static async take(file: string): Promise<FileLock> {
    const id = randomUUID();
    const lock = new FileLock(file, id);
    const holder: Holder = { pid: process.pid, host: os.hostname(), began: await beginOf(process.pid), id };
    const text = JSON.stringify(holder);
    if (!(await create(lock.#lockFile, id, text))) {
      await takeOver(file, id, text);
    }
    lock.#touched();
    return lock;
  }

  #touched(): void {
    this.#touchedAtMs = Date.now();
    this.#beat();
  }

  #beat(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#touch().catch((error: unknown) => {
        // Who writes next is told. What was a moment's trouble must not be the end of it.
        if (!(error instanceof JournalLockedError) && !this.#isReleased) this.#beat();
      });
    }, beatMs);
    // A process that has nothing else to do may end.
    this.#timer.unref();
  }

  async #touch(): Promise<void> {
    clearTimeout(this.#timer);
    const holder = await holderIn(this.#lockFile);
    if (holder?.id !== this.#id) throw new JournalLockedError(this.#file, holder);
    const now = new Date();
    await utimes(this.#lockFile, now, now);
    if (!this.#isReleased) this.#touched();
  }

  /**
   * To be called before writing: whether it is still ours.
   *
   * @throws JournalLockedError when it was lost, since this process stood still for too long
   */
  async check(): Promise<void> {
    if (Date.now() - this.#touchedAtMs > leaseMs / 2) await this.#touch();
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    clearTimeout(this.#timer);
    const holder = await holderIn(this.#lockFile);
    if (holder?.id === this.#id) await rm(this.#lockFile, { force: true });
  }
}

/** Where the lock of a file lies. */
export function lockFileOf(file: string): string {
  return `${file}.lock`;
}

/** @returns false when it is there already */
async function create(lockFile: string, id: string, text: string): Promise<boolean> {
  const whole = `${lockFile}.${id}`;
  await writeFile(whole, text, { flag: "wx" });
  try {
    await link(whole, lockFile);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    // A file system without links. For a moment it is there and empty, which nobody takes for abandoned.
    return await createAlone(lockFile, text);
  } finally {
    await rm(whole, { force: true });
  }
}

async function createAlone(lockFile: string, text: string): Promise<boolean> {
  try {
    await writeFile(lockFile, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Puts a lock in the place of one that is abandoned. One process at a time does: another's new lock looks like the old one. */
async function takeOver(file: string, id: string, text: string): Promise<void> {
  const lockFile = lockFileOf(file);
  const turnFile = `${lockFile}.turn`;
  const holder = await holderIn(lockFile);
  if (await isHeld(lockFile, holder)) throw new JournalLockedError(file, holder);
  // Somebody was killed in the few milliseconds of their turn.
  if (await isOlder(turnFile, leaseMs)) await rm(turnFile, { force: true });
  const turn = await open(turnFile, "wx").catch((error: unknown) => {
    if (codeOf(error) === "EEXIST") throw new JournalLockedError(file, undefined);
    throw error;
  });
  try {
    const now = await holderIn(lockFile);
    if (await isHeld(lockFile, now)) throw new JournalLockedError(file, now);
    await rm(lockFile, { force: true });
    if (!(await create(lockFile, id, text))) throw new JournalLockedError(file, await holderIn(lockFile));
  } finally {
    await turn.close();
    await rm(turnFile, { force: true });
  }
}

async function isHeld(lockFile: string, holder: Holder | undefined): Promise<boolean> {
  if (await isOlder(lockFile, leaseMs)) return false;
  // What it says cannot be read, or says nothing here.
  if (holder?.host !== os.hostname()) return (await ageOf(lockFile)) !== undefined;
  if (!lives(holder.pid)) return false;
  const began = await beginOf(holder.pid);
  return began === undefined || holder.began === undefined || began === holder.began;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is somebody else's.
    return codeOf(error) === "EPERM";
  }
}

/** When a process began: Linux tells, in ticks since the machine did. */
async function beginOf(pid: number): Promise<string | undefined> {
  try {
    const status = await readFile(`/proc/${String(pid)}/stat`, "latin1");
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "latin1");
    // proc(5): the name, in parentheses, may have anything in it. Behind it, the time is the twentieth field.
    const ticks = status.slice(status.lastIndexOf(")") + 2).split(" ")[19];
    return ticks === undefined ? undefined : `${boot.trim()}:${ticks}`;
  } catch {
    return undefined;
  }
}

async function holderIn(lockFile: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(lockFile, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

/** Milliseconds since it was touched; undefined when it is not there. */
async function ageOf(file: string): Promise<number | undefined> {
  try {
    return Date.now() - (await stat(file)).mtimeMs;
  } catch {
    return undefined;
  }
}

async function isOlder(file: string, ms: number): Promise<boolean> {
  return ((await ageOf(file)) ?? 0) > ms;
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
