/**
 * Documents in parts.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as Y from "yjs";
import { documentSource, partsOf, updateSource } from "#src/yjs/updates/index.js";

const large = new Y.Doc();
large.getText("text").insert(0, "0123456789".repeat(524_288));
large.getText("text").delete(5, 100);

describe("partsOf", () => {
  it("tells 5 MB in parts of 32 KiB, each of which is taken in at once", () => {
    const doc = new Y.Doc();
    let count = 0;
    for (const part of partsOf(documentSource(large, new Map()))) {
      assert.ok(part.length <= 33_000, String(part.length));
      Y.applyUpdate(doc, part);
      assert.equal(doc.store.pendingStructs, null);
      count++;
    }
    assert.ok(count >= 160);
    assert.equal(doc.getText("text").toJSON(), large.getText("text").toJSON());
  });

  it("goes on from a state vector", () => {
    const doc = new Y.Doc();
    doc.getText("text").insert(0, "one");
    const known = Y.encodeStateVector(doc);
    const other = new Y.Doc();
    Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
    doc.getText("text").insert(3, " two");
    for (const part of partsOf(documentSource(doc, Y.decodeStateVector(known)))) Y.applyUpdate(other, part);
    assert.equal(other.getText("text").toJSON(), "one two");
  });
});

describe("updateSource", () => {
  it("refuses runs of one client that do not join", () => {
    assert.throws(() => updateSource(Uint8Array.of(2, 1, 7, 0, 0, 1, 1, 7, 10, 0, 1, 0)), RangeError);
  });
});
