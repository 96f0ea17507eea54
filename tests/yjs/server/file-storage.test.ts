import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type DocumentStorage, type FileStorageOptions, fileStorage } from "#src/yjs/server/index.js";

const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "openline-yjs-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function using<Result>(
  folder: string,
  work: (storage: DocumentStorage) => Promise<Result>,
  options?: FileStorageOptions,
): Promise<Result> {
  const storage = fileStorage(folder, options);
  await storage.open?.();
  try {
    return await work(storage);
  } finally {
    await storage.close?.();
  }
}

/** The file of the only document. */
async function updatesIn(folder: string): Promise<string> {
  const found = (await readdir(folder, { recursive: true })).find((name) => path.basename(name) === "updates");
  return path.join(folder, found ?? "none");
}

async function firstOctets(storage: DocumentStorage): Promise<(number | undefined)[]> {
  return ((await storage.load("a"))?.updates ?? []).map((update) => update[0]);
}

describe("documents in files", () => {
  it("have after a kill at any octet what was acknowledged, and go on from there", async (t) => {
    const folder = await folderOf(t);
    const sizes: number[] = [];
    await using(folder, async (storage) => {
      for (const value of [1, 2, 3]) {
        await storage.append("a", octets(value, value));
        sizes.push((await readFile(await updatesIn(folder))).length);
      }
    });
    const file = await updatesIn(folder);
    const whole = await readFile(file);
    // Before anything, behind the head, and behind each update, which has 24 octets around it.
    const ends = [0, (sizes[0] ?? 0) - 26, ...sizes];
    for (let length = 0; length <= whole.length; length++) {
      await writeFile(file, whole.subarray(0, length));
      const kept = [1, 2, 3].filter((_, index) => (sizes[index] ?? 0) <= length);
      const cut: number[] = [];
      await using(
        folder,
        async (storage) => {
          assert.deepEqual(await firstOctets(storage), kept, `${length} octets`);
          await storage.append("a", octets(9));
          await storage.release?.("a");
          assert.deepEqual(await firstOctets(storage), [...kept, 9]);
        },
        { onCutOff: (_, bytes) => cut.push(bytes) },
      );
      assert.equal(cut.length, ends.includes(length) ? 0 : 1, `${length} octets`);
    }
  });

  it("are not loaded, nor written to, when something in the middle has changed", async (t) => {
    const folder = await folderOf(t);
    await using(folder, async (storage) => {
      for (const value of [1, 2, 3]) await storage.append("a", octets(value));
    });
    const file = await updatesIn(folder);
    const damaged = await readFile(file);
    const at = damaged.length - 30;
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    await writeFile(file, damaged);
    await using(folder, async (storage) => {
      await assert.rejects(storage.load("a"), { code: "document-damaged" });
      await assert.rejects(storage.append("a", octets(4)), { code: "document-damaged" });
    });
    assert.deepEqual(await readFile(file), damaged);
  });

  it("are what they were when a compaction was killed before its end", async (t) => {
    const folder = await folderOf(t);
    await using(folder, (storage) => storage.append("a", octets(1)));
    const file = await updatesIn(folder);
    await writeFile(`${file}.new`, "half of it");
    await using(folder, async (storage) => assert.deepEqual(await firstOctets(storage), [1]));
    assert.deepEqual((await readdir(path.dirname(file))).sort(), ["updates"]);
  });

  it("take nothing when they cannot be written, and go on when they can", async (t) => {
    const folder = await folderOf(t);
    await using(folder, async (storage) => {
      await storage.append("a", octets(1));
      const file = await updatesIn(folder);
      const place = (await storage.load("a"))?.place ?? "";
      await mkdir(`${file}.new`);
      await assert.rejects(storage.compact("a", octets(5), place));
      assert.deepEqual(await firstOctets(storage), [1]);
      await rm(`${file}.new`, { recursive: true, force: true });
      await storage.compact("a", octets(5), place);
      await storage.append("a", octets(6));
      assert.deepEqual(await firstOctets(storage), [5, 6]);
    });
  });

  it("belong to one process at a time", async (t) => {
    const folder = await folderOf(t);
    await using(folder, async () => {
      await assert.rejects(async () => fileStorage(folder).open?.(), { code: "journal-locked" });
    });
    await using(folder, () => Promise.resolve());
  });

  it("are on the disk where that is asked for", async (t) => {
    const folder = await folderOf(t);
    const options = { durability: "disk" } as const;
    await using(
      folder,
      async (storage) => storage.compact("a", octets(2), await storage.append("a", octets(1))),
      options,
    );
    await using(folder, async (storage) => assert.deepEqual(await firstOctets(storage), [2]), options);
  });
});
