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

  it("forgets those that it heard of first, where there are too many", () => {
    const order = new SenderOrder(2);
    for (const sender of ["a", "b", "c"]) assert.equal(order.isNewer(sender, 7), true);
    assert.deepEqual(
      ["b", "c", "a"].map((sender) => order.isNewer(sender, 7)),
      [false, false, true],
    );
  });
});
