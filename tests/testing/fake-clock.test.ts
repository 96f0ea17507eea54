import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "#src/testing/index.js";
import { turns } from "../support/task-queue.js";

describe("a fake clock", () => {
  it("stands still until it is told to go on, and fires timers in order, each at its own moment", async () => {
    const clock = new FakeClock({ startMs: 1000 });
    const fired: string[] = [];
    clock.setTimer(() => fired.push(`b ${clock.now()}`), 20);
    clock.setTimer(() => fired.push(`a ${clock.now()}`), 10);
    clock.setTimer(() => fired.push(`c ${clock.now()}`), 20);
    const cancelled = clock.setTimer(() => fired.push("never"), 15);
    cancelled.cancel();
    cancelled.cancel();
    await turns(3);
    assert.deepEqual([fired, clock.now(), clock.pendingTimers], [[], 1000, 3]);
    await clock.advance(19);
    assert.deepEqual([fired, clock.now()], [["a 1010"], 1019]);
    await clock.advance(1);
    assert.deepEqual([fired, clock.now(), clock.pendingTimers], [["a 1010", "b 1020", "c 1020"], 1020, 0]);
  });

  it("does everything that follows from one timer before the next one fires", async () => {
    const clock = new FakeClock();
    const done: string[] = [];
    const chain = async (name: string): Promise<void> => {
      for (let link = 0; link < 50; link++) await Promise.resolve();
      process.nextTick(() => void Promise.resolve().then(() => done.push(name)));
    };
    clock.setTimer(() => void chain("first"), 5);
    clock.setTimer(() => done.push("second"), 5);
    await clock.advance(5);
    assert.deepEqual(done, ["first", "second"]);
  });

  it("flushes when the turn is over, before time goes on", async () => {
    const clock = new FakeClock();
    const done: string[] = [];
    clock.setTimer(() => done.push("timer"), 0);
    clock.schedule({ flush: () => done.push("flush") });
    void Promise.resolve().then(() => done.push("continuation"));
    await clock.settle();
    assert.deepEqual(done, ["continuation", "flush", "timer"]);
  });

  it("does what is due now by itself", async () => {
    const clock = new FakeClock();
    const done: string[] = [];
    clock.setTimer(() => {
      done.push("timer");
      clock.schedule({ flush: () => done.push("flush") });
      clock.setTimer(() => done.push("later"), 1);
    }, 0);
    await turns(5);
    assert.deepEqual(done, ["timer", "flush"]);
    assert.equal(clock.pendingTimers, 1);
  });

  it("wakes sleepers", async () => {
    const clock = new FakeClock();
    let isAwake = false;
    void clock.sleep(100).then(() => {
      isAwake = true;
    });
    await clock.advance(99);
    assert.equal(isAwake, false);
    await clock.advance(1);
    assert.equal(isAwake, true);
  });

  it("runs until something holds, and tells whether it does", async () => {
    const clock = new FakeClock();
    clock.setTimer(() => undefined, 10);
    clock.setTimer(() => undefined, 20);
    assert.equal(await clock.runUntil(() => clock.now() >= 10), true);
    assert.equal(clock.now(), 10);
    assert.equal(await clock.runUntil(() => false, 5), false);
    assert.equal(clock.now(), 15);
    // With nothing left to wait for, no time passes.
    assert.equal(await clock.runUntil(() => false), false);
    assert.equal(clock.now(), 20);
  });

  it("lets time pass for one caller after the other", async () => {
    const clock = new FakeClock();
    const at: number[] = [];
    await Promise.all([
      clock.advance(10).then(() => at.push(clock.now())),
      clock.advance(10).then(() => at.push(clock.now())),
    ]);
    assert.equal(clock.now(), 20);
    assert.equal(at.length, 2);
  });

  it("stands still while something outside of it goes on", async () => {
    const clock = new FakeClock();
    const done: string[] = [];
    clock.hold(turns(20).then(() => done.push("outside")));
    clock.hold(Promise.reject(new Error("of no matter here")));
    clock.setTimer(() => done.push("timer"), 1);
    await clock.advance(1);
    assert.deepEqual(done, ["outside", "timer"]);
  });

  it("fires late where it is told to", async () => {
    const clock = new FakeClock({ lateByMs: (delayMs) => (delayMs === 10 ? 5 : 0) });
    const fired: string[] = [];
    clock.setTimer(() => fired.push("late"), 10);
    clock.setTimer(() => fired.push("in time"), 12);
    await clock.advance(20);
    assert.deepEqual(fired, ["in time", "late"]);
  });

  it("hands on what a timer throws, and goes on afterwards", async () => {
    const clock = new FakeClock();
    clock.setTimer(() => {
      throw new Error("of the test's");
    }, 1);
    await assert.rejects(clock.advance(1), /of the test's/);
    await clock.advance(1);
    assert.equal(clock.now(), 2);
  });
});
