/**
 * What storages promise of the updates of documents.
 */
import assert from "node:assert/strict";
import * as Y from "yjs";
import { Draft, type StorageCase, storageCase, textOf } from "./world.js";

const empty = Y.encodeStateAsUpdate(new Y.Doc());

/** See the head of this file. */
export const documentCases: readonly StorageCase[] = [
  storageCase("has nothing of a document that it does not know", async ({ storage }) => {
    assert.equal(await storage.load("a"), undefined);
    await storage.release?.("a");
    await storage.delete("a");
    assert.equal(await storage.load("a"), undefined);
  }),

  storageCase("has all that was appended", async (world) => {
    const draft = new Draft();
    for (const word of ["one", " two", " three"]) await world.storage.append("a", draft.write(word));
    assert.equal(await world.text("a"), "one two three");
    assert.equal(await world.text("b"), undefined);
  }),

  storageCase("keeps documents apart, whatever they are called, and over a release", async (world) => {
    const { storage } = world;
    const names = ["../x", "a/b", "a", "A", "", ".", "ä\u0000", "\ud800", "\ufffd", "%2e", "n".repeat(10_000)];
    const drafts = names.map((name) => ({ name, draft: new Draft() }));
    for (const [index, { name, draft }] of drafts.entries()) await storage.append(name, draft.write(String(index)));
    for (const name of names) await storage.release?.(name);
    for (const [index, { name, draft }] of drafts.entries()) {
      await storage.append(name, draft.write("!"));
      assert.equal(await world.text(name), `${index}!`);
    }
  }),

  storageCase("puts a state in the place of what was there, and keeps what came after", async (world) => {
    const { storage } = world;
    const draft = new Draft();
    await storage.append("a", draft.write("1"));
    const place = await storage.append("a", draft.write("2"));
    const { state } = draft;
    const later = await storage.append("a", draft.write("3"));
    await storage.compact("a", state, place);
    assert.equal(await world.text("a"), "123");
    const laterState = draft.state;
    await storage.append("a", draft.write("4"));
    // What was returned before the compaction holds still.
    await storage.compact("a", laterState, later);
    assert.equal(await world.text("a"), "1234");
  }),

  storageCase("has nothing any more of what was compacted", async (world) => {
    const { storage } = world;
    const draft = new Draft();
    const body = draft.doc.getText("body");
    await storage.append("a", draft.write("gone ".repeat(2000)));
    const before = Y.encodeStateVector(draft.doc);
    body.delete(0, body.length);
    await storage.append("a", Y.encodeStateAsUpdate(draft.doc, before));
    const place = (await storage.load("a"))?.place ?? "";
    await storage.compact("a", draft.state, place);
    const updates = (await storage.load("a"))?.updates ?? [];
    assert.equal(textOf(updates), "");
    assert.ok(updates.reduce((sum, { length }) => sum + length, 0) < 1000, "what was deleted is kept still");
  }),

  storageCase("goes on from the place that a compaction and a load return", async (world) => {
    const { storage } = world;
    const draft = new Draft();
    let place = await storage.append("a", draft.write("1"));
    for (const word of ["2", "3", "4"]) {
      const compacted = await storage.compact("a", draft.state, place);
      await storage.compact("a", draft.state, compacted);
      await storage.append("a", draft.write(word));
      await storage.release?.("a");
      place = (await storage.load("a"))?.place ?? "";
    }
    await storage.compact("a", draft.state, place);
    // Twice does no harm.
    await storage.compact("a", draft.state, place);
    assert.equal(await world.text("a"), "1234");
  }),

  storageCase("takes an update that says nothing", async (world) => {
    const { storage } = world;
    const draft = new Draft();
    const place = await storage.append("a", empty);
    assert.equal((await world.text("a")) ?? "", "");
    await storage.append("a", draft.write("1"));
    await storage.compact("a", empty, place);
    assert.equal(await world.text("a"), "1");
  }),

  storageCase("takes an update of four million octets, and a thousand small ones", async (world) => {
    const { storage } = world;
    const draft = new Draft();
    const large = "0123456789abcdef".repeat(262_144);
    await storage.append("a", draft.write(large));
    assert.equal(await world.text("a"), large);
    const small = new Draft();
    for (let index = 0; index < 1000; index++) await storage.append("b", small.write(String(index % 10)));
    assert.equal(await world.text("b"), "0123456789".repeat(100));
  }),

  storageCase("forgets a document, which may begin anew", async (world) => {
    const { storage } = world;
    await storage.append("a", new Draft().write("old"));
    await storage.append("b", new Draft().write("other"));
    await storage.delete("a");
    assert.equal(await storage.load("a"), undefined);
    await storage.append("a", new Draft().write("new"));
    assert.deepEqual([await world.text("a"), await world.text("b")], ["new", "other"]);
  }),

  storageCase("takes what comes for many documents at once", async (world) => {
    const names = Array.from({ length: 20 }, (_, index) => `d${index}`);
    await Promise.all(
      names.map(async (name) => {
        const draft = new Draft();
        for (const word of ["1", "2", "3"]) await world.storage.append(name, draft.write(word));
        const { state } = draft;
        const place = (await world.storage.load(name))?.place ?? "";
        await world.storage.append(name, draft.write(name));
        await world.storage.compact(name, state, place);
        await world.storage.release?.(name);
      }),
    );
    for (const name of names) assert.equal(await world.text(name), `123${name}`);
  }),

  storageCase("is read while it is written to: what was acknowledged before is there", async (world) => {
    const { storage } = world;
    const draft = new Draft();
    await storage.append("a", draft.write("0"));
    let acknowledged = 1;
    const writing = (async () => {
      for (let index = 1; index < 20; index++) {
        const place = await storage.append("a", draft.write(String(index % 10)));
        acknowledged++;
        if (index % 5 === 0) await storage.compact("a", draft.state, place);
      }
    })();
    for (let turn = 0; turn < 10; turn++) {
      const before = acknowledged;
      const text = (await world.text("a")) ?? "";
      assert.ok(text.length >= before, `${text.length} of ${before}`);
    }
    await writing;
    assert.equal(await world.text("a"), "01234567890123456789");
  }),
];
