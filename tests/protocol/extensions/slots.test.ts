import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Slots } from "#src/protocol/extensions/slots.js";

const slabBytes = 256 * 1024;

describe("slots for many arrays of one size", () => {
  it("do not lie upon each other", () => {
    const slots = new Slots(64 * 1024);
    const taken = Array.from({ length: 9 }, () => slots.take());
    assert.equal(slots.heldBytes, 3 * slabBytes);
    for (const [index, { slab, start }] of taken.entries()) slab.bytes.fill(index + 1, start, start + slots.slotBytes);
    for (const [index, { slab, start }] of taken.entries()) {
      assert.ok(slab.bytes.subarray(start, start + slots.slotBytes).every((octet) => octet === index + 1));
    }
  });

  it("are used again, and let go when nothing of their slab is used and there are others", () => {
    const slots = new Slots(64 * 1024);
    const taken = Array.from({ length: 9 }, () => slots.take());
    for (const { slab, start } of taken.slice(0, 4)) slots.give(slab, start);
    assert.equal(slots.heldBytes, 2 * slabBytes);
    for (const { slab, start } of taken.slice(4)) slots.give(slab, start);
    assert.equal(slots.heldBytes, slabBytes);
    const again = Array.from({ length: 4 }, () => slots.take());
    assert.equal(slots.heldBytes, slabBytes);
    assert.deepEqual(again.map(({ start }) => start).sort(), [0, 131_072, 196_608, 65_536]);
  });
});
