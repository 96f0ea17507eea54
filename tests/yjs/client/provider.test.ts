/**
 * Editors of one document, with connections that come and go.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import * as Y from "yjs";
import { memoryStorage } from "#src/yjs/server/index.js";
import { saved, startDocuments, until } from "../world.js";

const edits = fc.array(
  fc.record({
    who: fc.nat(2),
    what: fc.constantFrom("text", "text", "delete", "map", "array", "away", "back", "cut", "mend", "saved", "restart"),
    at: fc.nat(50),
  }),
  { maxLength: 30 },
);

/** All of a document, in an order that says nothing. */
function stateOf(doc: Y.Doc): string {
  return JSON.stringify([
    doc.getText("text").toJSON(),
    Object.entries(doc.getMap("map").toJSON()).sort(),
    doc.getArray("array").toJSON(),
  ]);
}

describe("DocumentProvider", () => {
  it("has three editors end with the same, whoever was away meanwhile and however often the server started again", async () => {
    const storage = memoryStorage();
    const world = await startDocuments({ storage, limits: { gatherMs: 1, minCompactBytes: 100 } });
    let number = 0;
    await fc.assert(
      fc.asyncProperty(edits, async (script) => {
        const document = `d${number++}`;
        const editors = await Promise.all(["ann", "bob", "cy"].map((user) => world.editByProxy(user, document)));
        for (const { provider } of editors) await provider.whenSynced;
        /** What nobody has deleted since it was acknowledged. */
        const acknowledged = new Set<number>();
        let inserted = 0;
        for (const { who, what, at } of script) {
          const { doc, provider, proxy, text } = editors[who] as (typeof editors)[number];
          if (what === "text") text.insert(at % (text.length + 1), `${who}${at}`);
          else if (what === "delete" && text.length > 0) text.delete(at % text.length, 1);
          else if (what === "map") doc.getMap("map").set(String(at % 5), who);
          else if (what === "array") doc.getArray<number>("array").insert(0, [inserted++]);
          else if (what === "away") provider.disconnect();
          else if (what === "back") provider.connect();
          else if (what === "cut") proxy.cut();
          else if (what === "mend") proxy.mend();
          else if (what === "restart") await world.restart();
          else if (what === "saved" && provider.status === "connected" && !proxy.isCut) {
            await saved(provider);
            for (const value of doc.getArray<number>("array").toArray()) acknowledged.add(value);
          }
        }
        for (const { provider, proxy } of editors) {
          proxy.mend();
          provider.connect();
        }
        for (const { provider } of editors) {
          await provider.whenSynced;
          await saved(provider);
        }
        const docs = editors.map(({ doc }) => doc);
        await until(docs, () => new Set(docs.map(stateOf)).size === 1);
        const again = new Y.Doc();
        for (const update of (await storage.load(document))?.updates ?? []) Y.applyUpdate(again, update);
        assert.equal(stateOf(again), stateOf(docs[0] as Y.Doc));
        const values = again.getArray<number>("array").toArray();
        assert.equal(values.length, inserted);
        for (const value of acknowledged) assert.ok(values.includes(value), `${value} was acknowledged`);
        for (const { provider, client, errors } of editors) {
          assert.deepEqual(errors, []);
          provider.destroy();
          await client.close();
        }
      }),
      { numRuns: 12 },
    );
    await world.close();
  });

  it("opens a large document in parts while others type, and takes a large one that is pasted", async () => {
    const world = await startDocuments({ limits: { partBytes: 4096, gatherMs: 1 } });
    const ann = world.edit("ann");
    await ann.provider.whenSynced;
    // Longer than an update may be.
    ann.text.insert(0, "0123456789abcdef".repeat(65_536));
    await saved(ann.provider);
    const bob = world.edit("bob");
    let parts = 0;
    bob.doc.on("update", () => {
      parts++;
      if (bob.provider.synced) return;
      if (parts % 20 === 0) ann.text.insert(parts, "typed");
      if (parts % 30 === 0) bob.text.insert(0, "mine");
    });
    await bob.provider.whenSynced;
    assert.ok(parts > 200, String(parts));
    await Promise.all([saved(ann.provider), saved(bob.provider)]);
    const areEqual = () => ann.text.length === bob.text.length && ann.text.toJSON() === bob.text.toJSON();
    await until([ann.doc, bob.doc], areEqual);
    assert.match(ann.text.toJSON(), /typed/);
    assert.match(ann.text.toJSON(), /mine/);
    assert.deepEqual([ann.errors, bob.errors, world.errors], [[], [], []]);
    await world.close();
  });

  it("keeps what whoever may only read has changed from the server, and says so", async () => {
    const world = await startDocuments({
      authorize: (user, _document, action) => user.id === "ann" || action === "read",
    });
    const ann = world.edit("ann");
    const bob = world.edit("bob");
    await Promise.all([ann.provider.whenSynced, bob.provider.whenSynced]);
    assert.deepEqual([ann.provider.access, bob.provider.access], ["write", "read"]);
    bob.doc.getText("text").insert(0, "no");
    ann.doc.getText("text").insert(0, "yes");
    await until([bob.doc], () => bob.doc.getText("text").length === 5);
    assert.equal(ann.doc.getText("text").toJSON(), "yes");
    await world.close();
  });
});
