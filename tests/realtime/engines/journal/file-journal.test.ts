import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { Engine, Journal, JournalRecord } from "#src/realtime/engines/index.js";
import { EngineError, memory } from "#src/realtime/engines/index.js";
import { crc32 } from "#src/realtime/engines/journal/crc32.js";
import { fileJournal, JournalDamagedError } from "#src/realtime/engines/journal/index.js";
import { createHost } from "../world.js";

const retain = { count: 1000, ageMs: 1_000_000, bytes: 1_000_000 };
const folder = mkdtempSync(path.join(os.tmpdir(), "openline-journal-"));
let files = 0;

after(() => rmSync(folder, { recursive: true }));

function newFile(): string {
  return path.join(folder, String(files++));
}

async function opened(file: string, minRewriteBytes = 1_000_000): Promise<Engine> {
  const engine = memory({ journal: fileJournal(file, { minRewriteBytes }) });
  await engine.start(createHost());
  return engine;
}

async function values(engine: Engine): Promise<unknown[]> {
  const page = await engine.logs.read("a", { limit: 1000 });
  assert.ok(page.status === "ok");
  return page.entries.map(({ value }) => value);
}

describe("a journal in a file", () => {
  it("gives back a beginning of what was written, wherever the last write was cut off", async () => {
    const file = newFile();
    const engine = await opened(file);
    const ends = [statSync(file).size];
    for (let index = 0; index < 5; index++) {
      await engine.logs.append("a", { value: `é${String(index)}`, meta: {}, retain });
      ends.push(statSync(file).size);
    }
    await engine.close();
    const whole = readFileSync(file);
    for (let length = ends[0] ?? 0; length <= whole.length; length++) {
      const cut = newFile();
      writeFileSync(cut, whole.subarray(0, length));
      const again = await opened(cut);
      const complete = ends.filter((end) => end <= length).length - 1;
      assert.equal((await values(again)).length, complete, `cut at ${String(length)}`);
      await again.logs.append("a", { value: "more", meta: {}, retain });
      await again.close();
      const third = await opened(cut);
      assert.equal((await values(third)).length, complete + 1);
      await third.close();
    }
  });

  it("is refused when it is damaged before its end", async () => {
    const file = newFile();
    const engine = await opened(file);
    for (let index = 0; index < 3; index++) await engine.logs.append("a", { value: index, meta: {}, retain });
    await engine.close();
    const octets = readFileSync(file);
    const middle = octets.indexOf("\n") + 20;
    octets[middle] = (octets[middle] ?? 0) ^ 1;
    writeFileSync(file, octets);
    await assert.rejects(opened(file), (error) => {
      assert.ok(error instanceof EngineError && error.cause instanceof JournalDamagedError);
      assert.equal(error.cause.offset, octets.indexOf("\n") + 1);
      return true;
    });
  });

  it("stays in proportion to what is kept, and loses nothing that is written while it is rewritten", async () => {
    const file = newFile();
    const engine = await opened(file, 10_000);
    const few = { ...retain, count: 10 };
    for (let index = 0; index < 300; index++) {
      const both = [0, 1].map((half) =>
        engine.logs.append("a", { value: [index, half, "x".repeat(200)], meta: {}, retain: few }),
      );
      await Promise.all(both);
    }
    await engine.states.set("s", "k", 1, undefined);
    await engine.close();
    assert.ok(statSync(file).size < 40_000, `${String(statSync(file).size)} octets`);
    const again = await opened(file);
    assert.deepEqual(
      (await values(again)).map((value) => (value as number[]).slice(0, 2)),
      Array.from({ length: 10 }, (_, index) => [295 + (index >> 1), index % 2]),
    );
    await again.close();
  });

  it("ignores a rewriting that was cut short", async () => {
    const file = newFile();
    const engine = await opened(file);
    await engine.logs.append("a", { value: 1, meta: {}, retain });
    await engine.close();
    copyFileSync(file, `${file}.new`);
    writeFileSync(`${file}.new`, "half a li");
    const again = await opened(file);
    assert.deepEqual(await values(again), [1]);
    await again.close();
  });
});

/** Keeps nothing until it is told to. */
class HeldJournal implements Journal {
  settle: ((error?: Error) => void)[] = [];

  async open(): Promise<void> {}

  write(_records: readonly JournalRecord[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.settle.push((error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  wantsRewriting(): boolean {
    return false;
  }

  async rewrite(): Promise<void> {}

  async close(): Promise<void> {}
}

async function held(): Promise<{ journal: HeldJournal; engine: Engine; host: ReturnType<typeof createHost> }> {
  const journal = new HeldJournal();
  const engine = memory({ journal });
  const host = createHost();
  const starting = engine.start(host);
  await host.clock.settle();
  journal.settle.shift()?.();
  await starting;
  return { journal, engine, host };
}

describe("what is not kept yet", () => {
  it("is told to nobody, neither by tails nor by reading", async () => {
    const { journal, engine, host } = await held();
    const told: string[] = [];
    await engine.logs.tail("a", { message: () => told.push("tail"), reset: () => undefined });
    void engine.logs.append("a", { value: 1, meta: {}, retain }).then(() => told.push("appended"));
    void engine.logs.read("a", { limit: 1 }).then(() => told.push("read"));
    void engine.states.set("s", "k", 1, undefined).then(() => told.push("set"));
    engine.states.set("s", "k", 1, null).catch(() => told.push("conflict"));
    await host.clock.settle();
    assert.deepEqual(told, []);
    journal.settle.shift()?.();
    await host.clock.settle();
    assert.deepEqual([...told].sort(), ["appended", "conflict", "read", "set", "tail"]);
    assert.equal(told[0], "tail");
    await engine.close();
  });

  it("stays untold when it cannot be kept, and the engine is unavailable from then on", async () => {
    const { journal, engine, host } = await held();
    let isTold = false;
    await engine.logs.tail("a", { message: () => (isTold = true), reset: () => undefined });
    const appending = engine.logs.append("a", { value: 1, meta: {}, retain });
    const reading = engine.logs.read("a", { limit: 1 });
    const refusals = Promise.all([
      assert.rejects(appending, { code: "unavailable" }),
      assert.rejects(reading, { code: "unavailable" }),
    ]);
    await host.clock.settle();
    journal.settle.shift()?.(new Error("no space left"));
    await refusals;
    assert.equal(isTold, false);
    await assert.rejects(engine.logs.append("a", { value: 2, meta: {}, retain }), { code: "unavailable" });
    assert.equal(engine.health().isAvailable, false);
    await engine.close();
  });
});

describe("the checksum", () => {
  it("is CRC-32, whose check value is that of the standard", () => {
    assert.equal(crc32(Buffer.from("123456789")), 0xcbf43926);
  });
});
