/**
 * Editors that vanish, and documents that nobody has open any more.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as Y from "yjs";
import { memoryStorage } from "#src/yjs/server/index.js";
import { TestStorage } from "../test-storage.js";
import { reads, saved, startDocuments, untilShown } from "../world.js";

describe("editors that vanish", () => {
  it("are gone at the others, and come back with what they have changed", async () => {
    const world = await startDocuments({ limits: { gatherMs: 0 } });
    const ann = world.edit("ann");
    const bob = await world.editByProxy("bob");
    await Promise.all([ann.provider.whenSynced, bob.provider.whenSynced]);
    bob.provider.awareness?.setLocalStateField("user", { name: "bob" });
    const { clientID } = bob.doc;
    await untilShown(ann.provider, (clients) => clients.includes(clientID));
    bob.proxy.cut();
    await untilShown(ann.provider, (clients) => !clients.includes(clientID));
    bob.text.insert(0, "offline ");
    assert.equal(bob.provider.hasUnsavedChanges, true);
    // More than the log keeps.
    for (let index = 0; index < 520; index++) {
      await world.documents.change("a document/ä", (doc) => {
        const text = doc.getText("text");
        text.insert(text.length, ".");
      });
    }
    const back = untilShown(ann.provider, (clients) => clients.includes(clientID));
    bob.proxy.mend();
    await saved(bob.provider);
    await back;
    await reads(ann.text, bob.text.toJSON());
    assert.equal(bob.text.toJSON().replaceAll(".", ""), "offline ");
    assert.equal(bob.text.length, 528);
    assert.deepEqual([ann.errors, bob.errors], [[], []]);
    await world.close();
  });

  it("leave a document that is dropped from memory, and not before it is kept", async () => {
    const storage = new TestStorage(memoryStorage());
    const world = await startDocuments({ storage, limits: { idleMs: 1 }, versions: { everyMs: 3_600_000 } });
    const bob = await world.editByProxy("bob");
    await bob.provider.whenSynced;
    storage.failing.add("append");
    const tried = storage.called("append");
    bob.text.insert(0, "not kept yet");
    await tried;
    storage.failing.add("keepVersion");
    const released = storage.called("release");
    bob.proxy.cut();
    await storage.called("append");
    assert.equal(storage.calls.release, 0);
    storage.failing.delete("append");
    await released;
    assert.equal(world.documents.size, 0);
    const { updates = [] } = (await storage.load("a document/ä")) ?? {};
    const doc = new Y.Doc();
    for (const update of updates) Y.applyUpdate(doc, update);
    assert.equal(doc.getText("text").toJSON(), "not kept yet");
    await world.close();
  });
});

describe("an editor", () => {
  it("undoes what is its own, and nothing of others", async () => {
    const world = await startDocuments();
    const ann = world.edit("ann");
    const bob = world.edit("bob");
    await Promise.all([ann.provider.whenSynced, bob.provider.whenSynced]);
    const undo = new Y.UndoManager(ann.text, { captureTimeout: 0 });
    ann.text.insert(0, "mine");
    await reads(bob.text, "mine");
    bob.text.insert(4, " yours");
    await reads(ann.text, "mine yours");
    assert.equal(undo.undoStack.length, 1);
    undo.undo();
    await reads(bob.text, " yours");
    undo.redo();
    await reads(bob.text, "mine yours");
    undo.destroy();
    await world.close();
  });
});
