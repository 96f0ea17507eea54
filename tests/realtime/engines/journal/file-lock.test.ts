import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { EngineError, type JournalRecord, memory } from "#src/realtime/engines/index.js";
import { fileJournal, JournalLockedError } from "#src/realtime/engines/journal/index.js";
import { createHost } from "../world.js";

const folder = mkdtempSync(path.join(os.tmpdir(), "openline-lock-"));
let files = 0;

after(() => rmSync(folder, { recursive: true }));

function newFile(): string {
  return path.join(folder, String(files++));
}

function nothing(): void {
  // Of what was kept.
}

const record: JournalRecord = { t: "engine", epoch: "e", last: 1, floor: 0 };

interface Held {
  readonly pid: number;
  readonly host: string;
  readonly began?: string;
  readonly id: string;
}

function heldBy(file: string): Held {
  return JSON.parse(readFileSync(`${file}.lock`, "utf8")) as Held;
}

/** Leaves a lock as somebody else may have left it. */
function leave(file: string, holder: Partial<Held>, ageMs = 0): void {
  const whole = { pid: process.pid, host: os.hostname(), id: "another", ...holder };
  writeFileSync(`${file}.lock`, JSON.stringify(whole));
  age(`${file}.lock`, ageMs);
}

function age(file: string, ageMs: number): void {
  const at = new Date(Date.now() - ageMs);
  utimesSync(file, at, at);
}

async function isTaken(file: string): Promise<boolean> {
  const journal = fileJournal(file);
  try {
    await journal.open(nothing);
  } catch (error) {
    assert.ok(error instanceof JournalLockedError);
    return false;
  }
  await journal.close();
  return true;
}

/** A process that uses a journal until it is killed. */
async function user(file: string): Promise<ChildProcess> {
  const source = `
    import { fileJournal } from ${JSON.stringify(import.meta.resolve("#src/realtime/engines/journal/index.js"))};
    await fileJournal(${JSON.stringify(file)}).open(() => undefined);
    console.log("open");
    process.stdin.resume();
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

describe("a journal that a process uses", () => {
  it("is refused to others, with who uses it, and free when that is killed", async () => {
    const file = newFile();
    const child = await user(file);
    await assert.rejects(memory({ journal: fileJournal(file) }).start(createHost()), (error) => {
      assert.ok(error instanceof EngineError && error.code === "unavailable");
      assert.ok(error.cause instanceof JournalLockedError);
      assert.equal(error.cause.code, "journal-locked");
      assert.equal(error.cause.pid, child.pid);
      return true;
    });
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.ok(existsSync(`${file}.lock`));
    assert.equal(await isTaken(file), true);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith(`${path.basename(file)}.`)),
      [],
      "nothing is left",
    );
  });

  it("is refused to the same process, until it is closed", async () => {
    const file = newFile();
    const first = fileJournal(file);
    await first.open(nothing);
    assert.equal(heldBy(file).pid, process.pid);
    assert.equal(await isTaken(file), false);
    await first.close();
    assert.equal(await isTaken(file), true);
  });

  it("goes to one of many who want it at once, also when it was abandoned", async () => {
    for (const isAbandoned of [false, true]) {
      const file = newFile();
      if (isAbandoned) leave(file, {}, 60_000);
      const journals = Array.from({ length: 8 }, () => fileJournal(file));
      const outcomes = await Promise.allSettled(journals.map((journal) => journal.open(nothing)));
      const taken = outcomes.filter(({ status }) => status === "fulfilled");
      // Where one was abandoned, all may find that another is just looking at it.
      assert.ok(taken.length === 1, `${String(taken.length)} have it`);
      await Promise.all(journals.map((journal) => journal.close()));
    }
  });
});

describe("a lock that was left", () => {
  const self = (): Promise<string | undefined> => {
    const file = newFile();
    const journal = fileJournal(file);
    return journal.open(nothing).then(async () => {
      const { began } = heldBy(file);
      await journal.close();
      return began;
    });
  };

  it("means nothing when its number is another process's now", async (test) => {
    const began = await self();
    if (began === undefined) {
      test.skip("this system does not tell when a process began");
      return;
    }
    const file = newFile();
    leave(file, { began: `${began}0` });
    assert.equal(await isTaken(file), true);
    leave(file, { began });
    assert.equal(await isTaken(file), false);
  });

  it("is waited for where nobody can tell: of another machine, or unreadable, for as long as it may be alive", async () => {
    const file = newFile();
    leave(file, { host: "another", pid: 1 });
    assert.equal(await isTaken(file), false);
    age(`${file}.lock`, 60_000);
    assert.equal(await isTaken(file), true);
    writeFileSync(`${file}.lock`, "");
    assert.equal(await isTaken(file), false);
    age(`${file}.lock`, 60_000);
    assert.equal(await isTaken(file), true);
  });

  it("can be taken when somebody was killed who was about to", async () => {
    const file = newFile();
    leave(file, {}, 60_000);
    writeFileSync(`${file}.lock.turn`, "");
    assert.equal(await isTaken(file), false);
    age(`${file}.lock.turn`, 60_000);
    assert.equal(await isTaken(file), true);
  });
});

describe("a process that stood still for so long that another has taken its journal", () => {
  it("writes no more", async (test) => {
    test.mock.timers.enable({ apis: ["Date"], now: Date.now() });
    const file = newFile();
    const journal = fileJournal(file);
    await journal.open(nothing);
    await journal.write([record]);
    const before = readFileSync(file, "utf8");
    test.mock.timers.tick(60_000);
    leave(file, {});
    await assert.rejects(journal.write([record]), { code: "journal-locked" });
    assert.equal(readFileSync(file, "utf8"), before);
    await journal.close();
    assert.equal(heldBy(file).id, "another", "what is not its own stays");
    test.mock.timers.reset();
  });
});
