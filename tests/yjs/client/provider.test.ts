/**
 * Editors of one document, with connections that come and go.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import * as Y from "yjs";
import { saved, startDocuments, until } from "../world.js";

const edits = fc.array(
  fc.record({
    who: fc.nat(2),
    what: fc.constantFrom("text", "delete", "map", "array", "away", "back"),
    at: fc.nat(50),
  }),
  { maxLength: 30 },
);

describe("DocumentProvider", () => {
  it("has three editors end with the same, whoever was away meanwhile", async () => {
    const world = await startDocuments();
    let number = 0;
    await fc.assert(
      fc.asyncProperty(edits, async (script) => {
        const document = `d${number++}`;
        const editors = ["ann", "bob", "cy"].map((user) => world.edit(user, document));
        for (const { provider } of editors) await provider.whenSynced;
        for (const { who, what, at } of script) {
          const { doc, provider } = editors[who] as (typeof editors)[number];
          const text = doc.getText("text");
          if (what === "text") text.insert(at % (text.length + 1), `${who}${at}`);
          else if (what === "delete" && text.length > 0) text.delete(at % text.length, 1);
          else if (what === "map") doc.getMap("map").set(String(at % 5), who);
          else if (what === "array") doc.getArray("array").insert(0, [at]);
          else if (what === "away") provider.disconnect();
          else if (what === "back") provider.connect();
        }
        for (const { provider } of editors) provider.connect();
        for (const { provider } of editors) {
          await provider.whenSynced;
          await saved(provider);
        }
        const docs = editors.map(({ doc }) => doc);
        const state = (doc: Y.Doc) =>
          JSON.stringify([doc.getText("text").toJSON(), doc.getMap("map").toJSON(), doc.getArray("array").toJSON()]);
        await until(docs, () => new Set(docs.map(state)).size === 1);
        const kept = await world.documents.read(document, (doc) => Y.encodeStateAsUpdate(doc));
        const again = new Y.Doc();
        Y.applyUpdate(again, kept);
        assert.equal(state(again), state(docs[0] as Y.Doc));
        for (const { provider, client, errors } of editors) {
          assert.deepEqual(errors, []);
          provider.destroy();
          await client.close();
        }
      }),
      { numRuns: 15 },
    );
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
