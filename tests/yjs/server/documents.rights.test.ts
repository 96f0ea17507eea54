/**
 * Editors who may do something else than a moment ago.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { access, next, reads, saved, startDocuments, untilShown } from "../world.js";

/** Everybody may do everything; bob what the test says. */
async function startWithBob() {
  const may = { read: true, write: true };
  const world = await startDocuments({ authorize: ({ id }, _document, action) => id !== "bob" || may[action] });
  const ann = world.edit("ann");
  const bob = world.edit("bob");
  await Promise.all([ann.provider.whenSynced, bob.provider.whenSynced]);
  return { world, may, ann, bob };
}

describe("rights of editors", () => {
  it("end while they write, and begin again with all that was changed meanwhile", async () => {
    const { world, may, ann, bob } = await startWithBob();
    bob.text.insert(0, "before ");
    await reads(ann.text, "before ");
    await saved(bob.provider);
    may.write = false;
    await world.realtime.reauthorize("bob");
    await access(bob.provider, "read");
    const refused = next(bob.provider, "error");
    bob.text.insert(7, "meanwhile ");
    assert.equal(((await refused) as { code: string }).code, "forbidden");
    bob.text.insert(17, "and again ");
    ann.text.insert(0, "ann ");
    await reads(bob.text, "ann before meanwhile and again ");
    assert.equal(ann.text.toJSON(), "ann before ");
    assert.equal(bob.provider.hasUnsavedChanges, true);
    // They may do nothing else that changes anything.
    await assert.rejects(bob.provider.keepVersion("no"), { code: "forbidden" });
    may.write = true;
    await world.realtime.reauthorize("bob");
    await saved(bob.provider);
    await reads(ann.text, "ann before meanwhile and again ");
    assert.equal(bob.errors.length, 1);
    await world.close();
  });

  it("end with an update that is refused, where nobody was asked again", async () => {
    const { world, may, ann, bob } = await startWithBob();
    may.write = false;
    const refused = next(bob.provider, "error");
    bob.text.insert(0, "refused");
    await refused;
    await access(bob.provider, "read");
    ann.text.insert(0, "taken ");
    await reads(ann.text, "taken ");
    await saved(ann.provider);
    assert.equal(await world.documents.read("a document/ä", (doc) => doc.getText("text").toJSON()), "taken ");
    await world.close();
  });

  it("end while they read: nothing more comes, nobody sees them, and they come back when they may", async () => {
    const { world, may, ann, bob } = await startWithBob();
    const { clientID } = bob.doc;
    await untilShown(ann.provider, (clients) => clients.includes(clientID));
    may.read = false;
    const refused = next(bob.provider, "error");
    await world.realtime.reauthorize("bob");
    assert.equal(((await refused) as { code: string }).code, "forbidden");
    assert.deepEqual([bob.provider.status, bob.provider.synced], ["disconnected", false]);
    await untilShown(ann.provider, (clients) => !clients.includes(clientID));
    assert.deepEqual([...(bob.provider.awareness?.getStates().keys() ?? [])], [clientID]);
    ann.text.insert(0, "secret");
    await saved(ann.provider);
    assert.equal(bob.text.toJSON(), "");
    // Nor do they get in by themselves.
    const again = next(bob.provider, "error");
    bob.provider.connect();
    assert.equal(((await again) as { code: string }).code, "forbidden");
    may.read = true;
    bob.text.insert(0, "mine ");
    bob.provider.connect();
    await bob.provider.whenSynced;
    await saved(bob.provider);
    assert.match(bob.text.toJSON(), /secret/);
    await reads(ann.text, bob.text.toJSON());
    await world.close();
  });

  it("remembers nothing but the document of what a reader changes, however much that is", async () => {
    const { world, may, ann, bob } = await startWithBob();
    may.write = false;
    await world.realtime.reauthorize("bob");
    await access(bob.provider, "read");
    for (let index = 0; index < 2000; index++) bob.text.insert(bob.text.length, "x");
    assert.equal(bob.provider.hasUnsavedChanges, true);
    may.write = true;
    await world.realtime.reauthorize("bob");
    await saved(bob.provider);
    await reads(ann.text, "x".repeat(2000));
    await world.close();
  });
});
