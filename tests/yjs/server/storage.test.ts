import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type DocumentStorage, fileStorage, memoryStorage } from "#src/yjs/server/index.js";

const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);
const plain = (updates: readonly Uint8Array[] | undefined): number[][] | undefined =>
  updates?.map((update) => [...update]);

/** Makes storages, which end with their test. */
type Make = (t: TestContext) => Promise<DocumentStorage>;

async function inFolder(t: TestContext): Promise<DocumentStorage> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "openline-yjs-"));
  const storage = fileStorage(folder, { maxOpenFiles: 2 });
  await storage.open?.();
  t.after(async () => {
    await storage.close?.();
    await rm(folder, { recursive: true });
  });
  return storage;
}

function contract(make: Make): void {
  it("has nothing of what it does not know", async (t) => {
    const storage = await make(t);
    assert.equal(await storage.load("a"), undefined);
    assert.deepEqual(await storage.versions("a"), []);
    assert.equal(await storage.version("a", "../updates"), undefined);
    await storage.deleteVersion("a", "../updates");
    await storage.delete("a");
  });

  it("keeps updates apart, whatever a document is called, and over a release", async (t) => {
    const storage = await make(t);
    const names = ["../x", "a/b", "a", "A", "", ".", "ä\u0000", "\ud800", "\ufffd", "n".repeat(10_000)];
    for (const [index, name] of names.entries()) await storage.append(name, octets(index));
    for (const name of names) await storage.release?.(name);
    for (const [index, name] of names.entries()) {
      await storage.append(name, octets(index, 1));
      assert.deepEqual(plain((await storage.load(name))?.updates), [[index], [index, 1]]);
    }
  });

  it("puts a state in the place of what was there, and keeps what came after", async (t) => {
    const storage = await make(t);
    await storage.append("a", octets(1));
    const place = await storage.append("a", octets(2));
    const later = await storage.append("a", octets(3));
    await storage.compact("a", octets(1, 2), place);
    assert.deepEqual(plain((await storage.load("a"))?.updates), [[1, 2], [3]]);
    await storage.append("a", octets(4));
    // What was returned before the compaction holds still.
    await storage.compact("a", octets(1, 2, 3), later);
    assert.deepEqual(plain((await storage.load("a"))?.updates), [[1, 2, 3], [4]]);
    const loaded = await storage.load("a");
    await storage.compact("a", octets(9), loaded?.place ?? "");
    await storage.append("a", octets(5));
    assert.deepEqual(plain((await storage.load("a"))?.updates), [[9], [5]]);
  });

  it("keeps versions, the newest first, and forgets them one by one and with the document", async (t) => {
    const storage = await make(t);
    await storage.append("a", octets(1));
    const first = await storage.keepVersion("a", { name: "one", timeMs: 5, users: ["ann"], state: octets(1, 1) });
    const second = await storage.keepVersion("a", { timeMs: 4, users: [], state: octets(2, 2, 2) });
    assert.deepEqual(first, { id: first.id, name: "one", timeMs: 5, users: ["ann"], bytes: 2 });
    assert.deepEqual(await storage.versions("a"), [second, first]);
    assert.deepEqual([...((await storage.version("a", first.id)) ?? [])], [1, 1]);
    assert.deepEqual(await storage.versions("b"), []);
    await storage.deleteVersion("a", second.id);
    assert.deepEqual(await storage.versions("a"), [first]);
    await storage.delete("a");
    assert.deepEqual([await storage.load("a"), await storage.versions("a")], [undefined, []]);
    await storage.append("a", octets(7));
    assert.deepEqual(plain((await storage.load("a"))?.updates), [[7]]);
  });
}

describe("a storage of documents in memory", () => {
  contract(() => Promise.resolve(memoryStorage()));
});

describe("a storage of documents in files", () => {
  contract(inFolder);
});
