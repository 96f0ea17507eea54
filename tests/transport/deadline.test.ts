import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Deadline } from "#src/transport/index.js";
import { FakeClock } from "../support/fake-clock.js";

describe("a deadline that is handed on", () => {
  it("begins once, and calls whoever has it when time is up", () => {
    const clock = new FakeClock();
    const called: string[] = [];
    const deadline = new Deadline(clock, 100, () => called.push("first"));
    clock.advance(60);
    deadline.expired = () => called.push("second");
    clock.advance(39);
    assert.deepEqual(called, []);
    clock.advance(1);
    assert.deepEqual(called, ["second"]);
  });

  it("calls nobody once it is cancelled", () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 100, () => assert.fail("it was cancelled"));
    deadline.cancel();
    assert.equal(clock.pendingTimers, 0);
    clock.advance(200);
  });
});
