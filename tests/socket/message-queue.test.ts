import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MessageQueue } from "#src/socket/message-queue.js";

describe("the message queue", () => {
  it("gives messages back in their order, whatever is put in between", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constant(undefined))), (steps) => {
        const queue = new MessageQueue();
        const model: string[] = [];
        for (const step of steps) {
          if (step === undefined) {
            assert.equal(queue.shift(), model.shift());
          } else {
            queue.push(step);
            model.push(step);
          }
          assert.equal(queue.isEmpty, model.length === 0);
        }
      }),
    );
  });

  it("counts what messages take beside their content, so that empty ones are not free", () => {
    const queue = new MessageQueue();
    queue.push("");
    const overhead = queue.heldBytes;
    assert.ok(overhead > 0);
    queue.push(new Uint8Array(1000));
    assert.equal(queue.heldBytes, overhead * 2 + 1000);
    queue.shift();
    queue.shift();
    assert.equal(queue.heldBytes, 0);
  });

  it("counts nothing any more when it was cleared", () => {
    const queue = new MessageQueue();
    queue.push("a");
    queue.clear();
    assert.equal(queue.heldBytes, 0);
    assert.equal(queue.isEmpty, true);
    assert.equal(queue.shift(), undefined);
  });

  it("takes no more and more places where it is never quite empty", () => {
    const queue = new MessageQueue();
    queue.push("first");
    let last = "first";
    // Places of 8 octets that were never given up would be 160 MB.
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 20_000_000; index++) {
      const next = index % 2 === 0 ? "even" : "odd";
      queue.push(next);
      if (queue.shift() !== last) assert.fail(`${last} is missing`);
      last = next;
    }
    assert.ok(process.memoryUsage().heapUsed - before < 100_000_000);
    assert.equal(queue.shift(), "odd");
    assert.equal(queue.isEmpty, true);
    assert.equal(queue.heldBytes, 0);
  });

  it("keeps the order of what is left when it gives places up", () => {
    const queue = new MessageQueue();
    for (let index = 0; index < 5000; index++) queue.push(String(index));
    for (let index = 0; index < 4000; index++) assert.equal(queue.shift(), String(index));
    for (let index = 5000; index < 6000; index++) queue.push(String(index));
    for (let index = 4000; index < 6000; index++) assert.equal(queue.shift(), String(index));
    assert.equal(queue.isEmpty, true);
    assert.equal(queue.heldBytes, 0);
  });

  it("keeps its count over many messages", () => {
    const queue = new MessageQueue();
    for (let index = 0; index < 10_000; index++) queue.push(String(index));
    for (let index = 0; index < 10_000; index++) assert.equal(queue.shift(), String(index));
    assert.equal(queue.heldBytes, 0);
  });
});
