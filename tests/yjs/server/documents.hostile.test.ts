/**
 * Clients that send what no provider would.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as Y from "yjs";
import { memoryStorage } from "#src/yjs/server/index.js";
import { OctetWriter } from "#src/yjs/server/octets.js";
import { reads, saved, startDocuments, untilShown } from "../world.js";

const document = "a document/ä";

function octetsOf(...values: readonly (number | string)[]): Uint8Array {
  const writer = new OctetWriter();
  for (const value of values) {
    if (typeof value === "number") writer.number(value);
    else writer.text(value);
  }
  return writer.take();
}

async function startWithEditor() {
  const storage = memoryStorage();
  const world = await startDocuments({ storage });
  const ann = world.edit("ann");
  await ann.provider.whenSynced;
  ann.text.insert(0, "ann's");
  await saved(ann.provider);
  const mallory = world.connect("mallory");
  const send = (update: Uint8Array) => mallory.call("yjs/update", { document, update });
  const show = (update: Uint8Array) => mallory.call("yjs/awareness", { document, update });
  /** What came of an opening until it was synced. */
  const open = async (input: object) => {
    const items: { readonly type: string; readonly update?: Uint8Array }[] = [];
    for await (const item of mallory.stream("yjs/open", { document, clientId: 7, key: "k", ...input })) {
      items.push(item);
      if (items.at(-1)?.type === "synced") break;
    }
    return items;
  };
  return { world, storage, ann, send, show, open };
}

describe("hostile clients", () => {
  it("cannot make an editor's document grow or wait by clocks that nobody has reached", async () => {
    const { world, ann, send } = await startWithEditor();
    const huge = Number.MAX_SAFE_INTEGER;
    const { clientID } = ann.doc;
    // A deleted run in the place of what comes next, and far behind it; and the greatest numbers that there are.
    for (const clock of [6, 1000, 2 ** 31, 2 ** 40, huge - 1]) {
      await assert.rejects(send(octetsOf(1, 1, clientID, clock, 0, 1, 0)), { code: "missing-updates" });
      await assert.rejects(send(octetsOf(0, 1, clientID, 1, clock, 1)), { code: "missing-updates" });
    }
    // Lengths that no list has.
    for (const octets of [octetsOf(huge), octetsOf(1, huge, clientID, 0), octetsOf(0, huge), octetsOf(0, 1, 7, huge)]) {
      await assert.rejects(send(octets), { code: "invalid-value" });
    }
    ann.text.insert(5, " text");
    await saved(ann.provider);
    const state = await world.documents.read(document, (doc) => Y.encodeStateAsUpdate(doc));
    assert.ok(state.length < 200, String(state.length));
    const [text, pending] = await world.documents.read(document, (doc) => [
      doc.getText("text").toJSON(),
      doc.store.pendingStructs ?? doc.store.pendingDs,
    ]);
    assert.deepEqual([text, pending], ["ann's text", null]);
    assert.deepEqual(world.errors, []);
    await world.close();
  });

  it("cannot rewrite what an editor has written under its number", async () => {
    const { world, ann, send } = await startWithEditor();
    const forged = new Y.Doc();
    forged.clientID = ann.doc.clientID;
    forged.getText("text").insert(0, "other");
    await send(Y.encodeStateAsUpdate(forged));
    ann.text.insert(5, "!");
    await saved(ann.provider);
    assert.equal(await world.documents.read(document, (doc) => doc.getText("text").toJSON()), "ann's!");
    await world.close();
  });

  it("cannot show anything for somebody else, whatever they have open", async () => {
    const { world, ann, show, open } = await startWithEditor();
    const { clientID } = ann.doc;
    ann.provider.awareness?.setLocalStateField("user", "ann");
    for (const state of ['{"user":"mallory"}', "null"]) {
      await assert.rejects(show(octetsOf(1, clientID, 1000, state)), { code: "forbidden" });
    }
    await assert.rejects(open({ clientId: clientID }), { code: "conflict" });
    // Of two entries one is not theirs: none of them is shown.
    const stream = (await open({})).map(({ type }) => type);
    assert.deepEqual(stream, ["head", "synced"]);
    await assert.rejects(show(octetsOf(2, 7, 1, "{}", clientID, 9, "null")), { code: "forbidden" });
    const huge = Number.MAX_SAFE_INTEGER;
    await assert.rejects(show(octetsOf(huge)), { code: "invalid-value" });
    await assert.rejects(show(octetsOf(1, 7, 1, "{")), { code: "invalid-value" });
    const bob = world.edit("bob");
    const shown = () => bob.provider.awareness?.getStates().get(clientID)?.["user"] as unknown;
    await untilShown(bob.provider, () => shown() !== undefined);
    assert.equal(shown(), "ann");
    await world.close();
  });

  it("get no more by state vectors that lie, and hurt nobody by them", async () => {
    const { world, ann, open } = await startWithEditor();
    const { clientID } = ann.doc;
    const parts = async (...numbers: readonly number[]) =>
      (await open({ stateVector: octetsOf(...numbers) })).filter(({ type }) => type === "part").length;
    // They say that they have more than there is, of those who are there and those who are not.
    assert.equal(await parts(2, clientID, 2 ** 40, 99, 2 ** 40), 0);
    assert.equal(await parts(1, clientID, 2), 1);
    await assert.rejects(open({ stateVector: octetsOf(Number.MAX_SAFE_INTEGER) }), { code: "invalid-value" });
    await assert.rejects(open({ stateVector: new Uint8Array() }), { code: "invalid-value" });
    ann.text.insert(0, "still ");
    await saved(ann.provider);
    await reads(ann.text, "still ann's");
    assert.deepEqual(world.errors, []);
    await world.close();
  });
});
