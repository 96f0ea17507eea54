import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { serve } from "#src/index.js";
import { contract, createRealtime } from "#src/realtime/index.js";
import {
  createDocuments,
  type DocumentStorage,
  type Documents,
  type DocumentsOptions,
  documentCalls,
  documentChannels,
  fileStorage,
  memoryStorage,
} from "#src/yjs/server/index.js";

async function started(t: TestContext, options: DocumentsOptions<undefined>): Promise<Documents> {
  const api = contract({ channels: { ...documentChannels }, calls: { ...documentCalls } });
  const documents = createDocuments(options);
  const realtime = createRealtime(api, documents.options(api, { authenticate: () => ({ user: "ann" }) }));
  const server = await serve({ port: 0, host: "127.0.0.1", ...realtime.handlers });
  t.after(async () => {
    await server.close();
    await realtime.close();
  });
  await realtime.ready;
  return documents;
}

async function inFolder(t: TestContext): Promise<DocumentStorage> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "openline-yjs-"));
  t.after(() => rm(folder, { recursive: true }));
  return fileStorage(folder);
}

async function write(documents: Documents, text: string, user?: string): Promise<void> {
  await documents.change("a", (doc) => doc.getText("t").insert(doc.getText("t").length, text), user);
}

for (const [where, make] of [
  ["memory", () => Promise.resolve(memoryStorage())],
  ["files", inFolder],
] as const) {
  describe(`versions of documents in ${where}`, () => {
    it("are listed, the newest first, and read", async (t) => {
      const documents = await started(t, { storage: await make(t) });
      await write(documents, "one", "ann");
      const first = await documents.keepVersion("a", "first");
      await write(documents, " two", "bob");
      const second = await documents.keepVersion("a");
      assert.deepEqual(await documents.versions("a"), [second, first]);
      assert.deepEqual([first.name, second.name], ["first", undefined]);
      assert.deepEqual([first.users, second.users], [["ann"], ["bob"]]);
      assert.equal((await documents.version("a", first.id)).getText("t").toJSON(), "one");
      await assert.rejects(documents.version("a", "../updates"), { code: "not-found" });
    });

    it("are kept up to a limit, those with names the longest", async (t) => {
      const documents = await started(t, { storage: await make(t), limits: { maxVersions: 2 } });
      await write(documents, "one");
      const named = await documents.keepVersion("a", "named");
      await documents.keepVersion("a");
      const last = await documents.keepVersion("a");
      assert.deepEqual(await documents.versions("a"), [last, named]);
    });
  });
}
