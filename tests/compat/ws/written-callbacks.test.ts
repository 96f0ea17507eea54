import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { WrittenCallbacks } from "#src/compat/ws/written-callbacks.js";

describe("the callbacks of send", () => {
  it("may be more than a call can have arguments", async () => {
    const callbacks = new WrittenCallbacks();
    let called = 0;
    for (let index = 0; index < 300_000; index++) callbacks.add(() => called++);
    callbacks.writing();
    await nextTurn();
    assert.equal(called, 0);
    callbacks.written();
    await nextTurn();
    assert.equal(called, 300_000);
  });

  it("get the error of what never left, those that were being written first", async () => {
    const callbacks = new WrittenCallbacks();
    const told: string[] = [];
    callbacks.add((error) => told.push(`first ${error?.message ?? "left"}`));
    callbacks.writing();
    callbacks.add((error) => told.push(`second ${error?.message ?? "left"}`));
    callbacks.fail(new Error("never left"));
    await nextTurn();
    assert.deepEqual(told, ["first never left", "second never left"]);
  });
});
