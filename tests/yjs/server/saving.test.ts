/**
 * Changes that come while documents are compacted, while their storage is away, and while the server starts again.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import * as Y from "yjs";
import { type DocumentStorage, fileStorage, memoryStorage } from "#src/yjs/server/index.js";
import { TestStorage } from "../test-storage.js";
import { reads, saved, startDocuments } from "../world.js";

const document = "a document/ä";
const digits = "01234567890123456789";

async function kept(storage: DocumentStorage): Promise<{ readonly text: string; readonly updates: number }> {
  const { updates = [] } = (await storage.load(document)) ?? {};
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  assert.equal(doc.store.pendingStructs, null);
  return { text: doc.getText("text").toJSON(), updates: updates.length };
}

async function inFolder() {
  const folder = await mkdtemp(path.join(os.tmpdir(), "openline-yjs-"));
  return { inner: fileStorage(folder), remove: () => rm(folder, { recursive: true }) };
}

const inMemory = () => Promise.resolve({ inner: memoryStorage(), remove: () => Promise.resolve() });

for (const [where, make] of [
  ["memory", inMemory],
  ["files", inFolder],
] as const) {
  describe(`a document in ${where} that is compacted`, () => {
    it("takes what is typed meanwhile, keeps it behind the state, and again", async () => {
      const { inner, remove } = await make();
      const storage = new TestStorage(inner);
      const world = await startDocuments({ storage, limits: { gatherMs: 0 } });
      const ann = world.edit("ann");
      const bob = world.edit("bob");
      await Promise.all([ann.provider.whenSynced, bob.provider.whenSynced]);
      let wanted = "";
      for (let round = 0; round < 3; round++) {
        ann.text.insert(ann.text.length, `${round}a`);
        await saved(ann.provider);
        let open: () => void = () => undefined;
        storage.gate = new Promise((resolve) => {
          open = resolve;
        });
        const begun = storage.called("compact");
        const compacting = world.documents.compact(document);
        await begun;
        const changes: Promise<void>[] = [];
        for (let index = 0; index < 20; index++) {
          // As many as a provider has unanswered, and what the server does itself.
          if (index < 4) ann.text.insert(ann.text.length, String(index));
          else {
            const append = (doc: Y.Doc): void =>
              doc.getText("text").insert(doc.getText("text").length, String(index % 10));
            changes.push(world.documents.change(document, append));
          }
          await Promise.all(
            [ann, bob].map(({ text }) => reads(text, `${wanted}${round}a${digits.slice(0, index + 1)}`)),
          );
        }
        // What others see at once is kept when the compaction is over.
        assert.equal(ann.provider.hasUnsavedChanges, true);
        open();
        await compacting;
        await Promise.all([...changes, saved(ann.provider)]);
        wanted += `${round}a${digits}`;
        assert.equal((await kept(inner)).text, wanted);
      }
      assert.deepEqual([storage.calls.compact, world.errors], [3, []]);
      await world.documents.compact(document);
      assert.deepEqual(await kept(inner), { text: wanted, updates: 1 });
      await world.restart();
      assert.equal(await world.documents.read(document, (doc) => doc.getText("text").toJSON()), wanted);
      await world.close();
      await remove();
    });
  });
}

describe("a document whose storage is away", () => {
  it("is edited on, says that nothing is kept, and keeps all in its order when it is back", async () => {
    const storage = new TestStorage(memoryStorage());
    const world = await startDocuments({ storage, limits: { gatherMs: 0 } });
    const ann = world.edit("ann");
    const bob = world.edit("bob");
    await Promise.all([ann.provider.whenSynced, bob.provider.whenSynced]);
    storage.failing.add("append");
    for (const word of ["one ", "two ", "three "]) {
      const tried = storage.called("append");
      ann.text.insert(ann.text.length, word);
      await tried;
    }
    await reads(bob.text, "one two three ");
    bob.text.insert(bob.text.length, "four");
    await reads(ann.text, "one two three four");
    assert.deepEqual([ann.provider.hasUnsavedChanges, bob.provider.hasUnsavedChanges], [true, true]);
    assert.equal((await kept(storage)).text, "");
    storage.failing.delete("append");
    await Promise.all([saved(ann.provider), saved(bob.provider)]);
    assert.equal((await kept(storage)).text, "one two three four");
    assert.deepEqual([ann.errors, bob.errors], [[], []]);
    assert.ok(world.errors.length > 0);
    await world.close();
  });

  it("takes no more than maxUnsavedBytes, and the rest when it is back", async () => {
    const storage = new TestStorage(memoryStorage());
    const world = await startDocuments({ storage, limits: { maxUnsavedBytes: 1000 } });
    const ann = world.edit("ann");
    await ann.provider.whenSynced;
    storage.failing.add("append");
    const tried = storage.called("append");
    ann.text.insert(0, "x".repeat(2000));
    await tried;
    const client = world.connect("bob");
    const other = new Y.Doc();
    other.getText("text").insert(0, "y");
    const update = Y.encodeStateAsUpdate(other);
    await assert.rejects(client.call("yjs/update", { document, update }), {
      code: "unavailable",
      message: /maxUnsavedBytes 1000/,
    });
    storage.failing.delete("append");
    await saved(ann.provider);
    await client.call("yjs/update", { document, update });
    await world.close();
    assert.equal((await kept(storage)).text.length, 2001);
  });
});

describe("a server that starts again", () => {
  it("gets what was typed before, meanwhile and after, once", async () => {
    const storage = memoryStorage();
    const world = await startDocuments({ storage });
    const ann = world.edit("ann");
    const bob = world.edit("bob");
    await Promise.all([ann.provider.whenSynced, bob.provider.whenSynced]);
    for (let round = 0; round < 3; round++) {
      ann.text.insert(ann.text.length, `a${round} `);
      const restarting = world.restart();
      bob.text.insert(bob.text.length, `b${round} `);
      await restarting;
      ann.text.insert(0, `c${round} `);
    }
    await Promise.all([saved(ann.provider), saved(bob.provider)]);
    const { text } = await kept(storage);
    assert.deepEqual(text.trim().split(" ").sort(), ["a0", "a1", "a2", "b0", "b1", "b2", "c0", "c1", "c2"]);
    await Promise.all([reads(ann.text, text), reads(bob.text, text)]);
    assert.deepEqual([ann.errors, bob.errors], [[], []]);
    await world.close();
  });
});
