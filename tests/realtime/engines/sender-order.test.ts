import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SenderOrder } from "#src/realtime/engines/index.js";

describe("the order of what senders send", () => {
  it("lets nothing pass behind what was sent later, each sender by itself", () => {
    const order = new SenderOrder();
    const heard = [1, 2, 4, 3, 4, 5].map((number) => order.isNewer("a", number));
    assert.deepEqual(heard, [true, true, true, false, false, true]);
    assert.equal(order.isNewer("b", 1), true);
  });

  it("takes a lower number where nothing newer has come for a while: the sender has begun anew", () => {
    let nowMs = 0;
    const order = new SenderOrder({ forgetAfterMs: 1000, now: () => nowMs });
    assert.equal(order.isNewer("a", 7), true);
    nowMs = 999;
    assert.equal(order.isNewer("a", 1), false);
    nowMs = 1000;
    assert.deepEqual([order.isNewer("a", 1), order.isNewer("a", 1), order.isNewer("a", 2)], [true, false, true]);
  });

  it("forgets those that it heard of first, where there are too many", () => {
    const order = new SenderOrder({ maxSenders: 2 });
    for (const sender of ["a", "b", "c"]) assert.equal(order.isNewer(sender, 7), true);
    assert.deepEqual(
      ["b", "c", "a"].map((sender) => order.isNewer(sender, 7)),
      [false, false, true],
    );
  });
});
