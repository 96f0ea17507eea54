/**
 * The storages that there are, and one that processes share, by the cases that every storage has to pass.
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { fileStorage, memoryStorage } from "#src/yjs/server/index.js";
import { documentStorageContract, type StorageSubject } from "#src/yjs/testing/index.js";
import { TestStorage } from "../test-storage.js";

/** Runs the cases of which there is all they need. */
function contract(subject: () => StorageSubject, needs: readonly unknown[]): void {
  for (const { name, run, ...one } of documentStorageContract) {
    if (needs.includes(one.needs)) it(name, () => run(subject()));
  }
}

/** Files, which a process that is killed leaves as they are at that moment, but for its lock. */
function inFiles(): StorageSubject {
  const folders: string[] = [];
  const make = async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "openline-yjs-"));
    folders.push(folder);
    return folder;
  };
  return {
    create: async () => fileStorage(await make(), { maxOpenFiles: 2 }),
    reopen: async () => {
      const from = folders.at(-1) ?? "";
      const folder = await make();
      // What is made at this moment and not in its place yet would vanish while it is copied.
      const isOfDocuments = (file: string): boolean =>
        !path.relative(from, file).startsWith("documents") && !file.endsWith(".new");
      await cp(from, folder, { recursive: true, filter: isOfDocuments });
      return fileStorage(folder);
    },
    dispose: async () => {
      for (const folder of folders) await rm(folder, { recursive: true });
    },
  };
}

describe("a storage of documents in memory", () => {
  contract(() => ({ create: () => memoryStorage() }), [undefined]);
});

describe("a storage of documents in files", () => {
  contract(inFiles, [undefined, "reopen"]);
});

describe("a storage of documents that processes share", () => {
  contract(() => {
    const storage = memoryStorage();
    return { create: () => new TestStorage(storage, true), another: () => new TestStorage(storage, true) };
  }, ["another"]);
});
