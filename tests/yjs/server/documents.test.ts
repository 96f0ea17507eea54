/**
 * Documents of a server that clients ask by hand, and after it has started again.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as Y from "yjs";
import { contract, createRealtime, log } from "#src/realtime/index.js";
import { createDocuments, documentCalls, documentChannels, memoryStorage } from "#src/yjs/server/index.js";
import { saved, startDocuments, until } from "../world.js";

function update(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

describe("documents", () => {
  it("leave it to the engine whether it can keep a contract", async () => {
    const api = contract({
      channels: { ...documentChannels, orders: log({ durable: true }) },
      calls: { ...documentCalls },
    });
    const options = createDocuments().options(api, { error: () => undefined });
    const realtime = createRealtime(api, options);
    await assert.rejects(realtime.ready, { code: "not-guaranteed", message: /"orders" wants to outlast a restart/u });
    await realtime.close();
  });

  it("has what was acknowledged when it starts again, once", async () => {
    const storage = memoryStorage();
    const first = await startDocuments({ storage });
    const ann = first.edit("ann");
    await ann.provider.whenSynced;
    ann.doc.getText("text").insert(0, "kept");
    await saved(ann.provider);
    await first.close();
    const second = await startDocuments({ storage });
    const bob = second.edit("bob");
    await bob.provider.whenSynced;
    assert.equal(bob.doc.getText("text").toJSON(), "kept");
    await second.close();
  });

  it("refuses what is no update, what stands on nothing, and what is too long, and keeps none of it", async () => {
    const storage = memoryStorage();
    const world = await startDocuments({ storage, limits: { maxUpdateBytes: 1000 } });
    const client = world.connect("ann");
    const send = (octets: Uint8Array) => client.call("yjs/update", { document: "d", update: octets });
    await assert.rejects(send(Uint8Array.of(255, 255, 255)), { code: "invalid-value" });
    // Two runs of one client that do not join: walking along them must come to an end.
    await assert.rejects(send(Uint8Array.of(2, 1, 7, 0, 0, 1, 1, 7, 10, 0, 1, 0)), { code: "invalid-value" });
    const doc = new Y.Doc();
    doc.getText("text").insert(0, "one");
    const before = Y.encodeStateVector(doc);
    doc.getText("text").insert(3, "two");
    await assert.rejects(send(Y.encodeStateAsUpdate(doc, before)), { code: "missing-updates" });
    await assert.rejects(send(update("x".repeat(1000))), { code: "too-large", message: /maxUpdateBytes 1000/ });
    assert.equal(await storage.load("d"), undefined);
    await world.close();
  });

  it("takes no more into a document that is full", async () => {
    const world = await startDocuments({ limits: { maxDocumentBytes: 100 } });
    const client = world.connect("ann");
    await client.call("yjs/update", { document: "d", update: update("x".repeat(200)) });
    const more = client.call("yjs/update", { document: "d", update: update("y") });
    await assert.rejects(more, { code: "document-full", message: /maxDocumentBytes 100/ });
    await world.close();
  });

  it("lets nobody speak for another's number, and refuses what is no awareness", async () => {
    const world = await startDocuments();
    const client = world.connect("ann");
    const show = (octets: Uint8Array) => client.call("yjs/awareness", { document: "d", update: octets });
    await assert.rejects(show(Uint8Array.of(1, 9, 1, 2, 123, 125)), { code: "forbidden" });
    await assert.rejects(show(Uint8Array.of(1, 9, 1, 200)), { code: "invalid-value" });
    await assert.rejects(show(new Uint8Array(4097)), { code: "too-large" });
    await world.close();
  });

  it("makes a document what it was", async () => {
    const world = await startDocuments();
    const { doc, provider } = world.edit("ann");
    await provider.whenSynced;
    doc.getText("text").insert(0, "old");
    await saved(provider);
    const { id } = await provider.keepVersion("first");
    doc.getText("text").delete(0, 3);
    doc.getMap("map").set("since", true);
    await saved(provider);
    await provider.restore(id);
    await until([doc], () => doc.getText("text").toJSON() === "old" && doc.getMap("map").size === 0);
    assert.deepEqual([doc.getText("text").toJSON(), doc.getMap("map").toJSON()], ["old", {}]);
    await world.close();
  });
});
