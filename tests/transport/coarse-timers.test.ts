import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CoarseTimers } from "#src/transport/coarse-timers.js";
import type { Clock, Timer } from "#src/transport/index.js";
import { FakeClock } from "../support/fake-clock.js";

const stepMs = 100;

/** Counts how often a timer of the clock is set, which is what coarse timers are to save. */
class CountingClock extends FakeClock {
  timersSet = 0;

  override setTimer(callback: () => void, delayMs: number): Timer {
    this.timersSet++;
    return super.setTimer(callback, delayMs);
  }
}

function create(nowMs = 1_000_000): { clock: CountingClock; timers: CoarseTimers; fired: string[] } {
  const clock = new CountingClock(nowMs);
  return { clock, timers: new CoarseTimers(clock, stepMs), fired: [] };
}

describe("coarse timers", () => {
  it("fire once, never early, and less than a step late, wherever between two steps they were set", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 10_000_000, noNaN: true }),
        fc.array(fc.nat({ max: 2000 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.nat({ max: 150 }), { minLength: 1, maxLength: 20 }),
        (nowMs, delaysMs, pausesMs) => {
          const { clock, timers } = create(nowMs);
          const lateMs: number[] = [];
          for (const [index, delayMs] of delaysMs.entries()) {
            const dueMs = clock.now() + delayMs;
            timers.setTimer(() => lateMs.push(clock.now() - dueMs), delayMs);
            clock.advance(pausesMs[index % pausesMs.length] ?? 0);
          }
          clock.advance(2000 + stepMs);
          assert.equal(lateMs.length, delaysMs.length);
          // What is lost to the arithmetic of large fractions is far less than a thousandth of a millisecond.
          for (const late of lateMs) assert.ok(late >= -1e-3 && late < stepMs + 1e-3, `${late} ms late`);
          assert.equal(clock.pendingTimers, 0);
        },
      ),
    );
  });

  it("fire in the order of their steps, whatever the order they were set in", () => {
    const { clock, timers, fired } = create();
    for (const delayMs of [500, 100, 900, 300, 700]) timers.setTimer(() => fired.push(String(delayMs)), delayMs);
    clock.advance(1000);
    assert.deepEqual(fired, ["100", "300", "500", "700", "900"]);
  });

  it("fire in the order of their steps even when the clock has jumped over all of them", () => {
    let nowMs = 0;
    let run: () => void = () => assert.fail("no timer was set");
    const clock: Clock = {
      now: () => nowMs,
      setTimer: (callback) => {
        run = callback;
        return { cancel: () => undefined };
      },
    };
    const timers = new CoarseTimers(clock, stepMs);
    const fired: number[] = [];
    for (const delayMs of [500, 100, 900]) timers.setTimer(() => fired.push(delayMs), delayMs);
    nowMs = 700;
    run();
    assert.deepEqual(fired, [100, 500]);
    nowMs = 900;
    run();
    assert.deepEqual(fired, [100, 500, 900]);
  });

  it("go on where a timer of the clock comes early, and fire when it is time", () => {
    let nowMs = 0;
    const set: { callback: () => void; delayMs: number }[] = [];
    const clock: Clock = {
      now: () => nowMs,
      setTimer: (callback, delayMs) => {
        set.push({ callback, delayMs });
        return { cancel: () => undefined };
      },
    };
    const timers = new CoarseTimers(clock, stepMs);
    let fired = 0;
    timers.setTimer(() => fired++, 200);
    nowMs = 199;
    set[0]?.callback();
    assert.equal(fired, 0);
    assert.deepEqual([set.length, set[1]?.delayMs], [2, 1]);
    nowMs = 200;
    set[1]?.callback();
    assert.equal(fired, 1);
  });
});

describe("coarse timers and the timer of the clock", () => {
  it("share one among all, however many they are", () => {
    const { clock, timers } = create();
    let fired = 0;
    for (let index = 0; index < 10_000; index++) timers.setTimer(() => fired++, 5000 + (index % 3000));
    assert.equal(clock.pendingTimers, 1);
    assert.equal(clock.timersSet, 1);
    clock.advance(5000);
    assert.equal(clock.pendingTimers, 1);
    clock.advance(3100);
    assert.equal(fired, 10_000);
    assert.equal(clock.pendingTimers, 0);
    // One for each step in which something was due.
    assert.ok(clock.timersSet <= 32, `${clock.timersSet} timers`);
  });

  it("set another one only for what is due sooner", () => {
    const { clock, timers, fired } = create();
    timers.setTimer(() => fired.push("later"), 1000);
    timers.setTimer(() => fired.push("sooner"), 200);
    timers.setTimer(() => fired.push("last"), 5000);
    assert.equal(clock.timersSet, 2);
    assert.equal(clock.pendingTimers, 1);
    clock.advance(200);
    assert.deepEqual(fired, ["sooner"]);
    clock.advance(4800);
    assert.deepEqual(fired, ["sooner", "later", "last"]);
  });

  it("cost nothing when set and cancelled while others are there", () => {
    const { clock, timers } = create();
    timers.setTimer(() => undefined, 1000);
    for (let index = 0; index < 1000; index++) timers.setTimer(() => assert.fail("cancelled"), 2000).cancel();
    assert.equal(clock.timersSet, 1);
    clock.advance(10_000);
    assert.equal(clock.pendingTimers, 0);
  });

  it("leave none when all are cancelled, so that nothing keeps a process alive", () => {
    const { clock, timers } = create();
    const set = Array.from({ length: 100 }, (_, index) => timers.setTimer(() => assert.fail("cancelled"), index * 50));
    // From the middle, the ends and in between, so that every place in a list is left once.
    for (const [index, timer] of set.entries()) if (index % 3 === 1) timer.cancel();
    assert.equal(clock.pendingTimers, 1);
    for (const timer of set) timer.cancel();
    assert.equal(clock.pendingTimers, 0);
    clock.advance(10_000);
  });

  it("begin again after all were cancelled, and after all have fired", () => {
    const { clock, timers, fired } = create();
    timers.setTimer(() => assert.fail("cancelled"), 100).cancel();
    timers.setTimer(() => fired.push("first"), 300);
    clock.advance(300);
    assert.equal(clock.pendingTimers, 0);
    timers.setTimer(() => fired.push("second"), 100);
    assert.equal(clock.pendingTimers, 1);
    clock.advance(100);
    assert.deepEqual(fired, ["first", "second"]);
  });

  it("ask it for no more than it can take, however long the delay, and come again", () => {
    const delaysMs: number[] = [];
    const clock = new (class extends FakeClock {
      override setTimer(callback: () => void, delayMs: number): Timer {
        delaysMs.push(delayMs);
        return super.setTimer(callback, delayMs);
      }
    })(1_000_050);
    const timers = new CoarseTimers(clock, stepMs);
    let fired = 0;
    const longestMs = 2 ** 31 - 1;
    timers.setTimer(() => fired++, longestMs);
    clock.advance(longestMs - 1);
    assert.equal(fired, 0);
    clock.advance(1 + stepMs);
    assert.equal(fired, 1);
    for (const delayMs of delaysMs) assert.ok(delayMs <= longestMs, String(delayMs));
  });

  it("may be due at more different times than a call takes arguments", () => {
    const { clock, timers } = create();
    const count = 300_000;
    let fired = 0;
    const set = Array.from({ length: count }, (_, index) => timers.setTimer(() => fired++, index * stepMs));
    clock.advance(stepMs);
    assert.equal(fired, 2);
    assert.equal(clock.pendingTimers, 1);
    for (const timer of set) timer.cancel();
    assert.equal(clock.pendingTimers, 0);
  });
});

describe("a coarse timer that is cancelled", () => {
  it("does not fire, be it the first, the last or one in between of its step; the others do", () => {
    for (const cancelled of [[0], [1], [2], [0, 1], [1, 2], [0, 2], [2, 1, 0]]) {
      const { clock, timers, fired } = create();
      const set = [0, 1, 2].map((name) => timers.setTimer(() => fired.push(String(name)), 250));
      for (const index of cancelled) set[index]?.cancel();
      clock.advance(300);
      assert.deepEqual(
        fired.sort(),
        ["0", "1", "2"].filter((name) => !cancelled.includes(Number(name))),
      );
    }
  });

  it("may be cancelled twice, and after it has fired, whoever came in its place", () => {
    const { clock, timers, fired } = create();
    const early = timers.setTimer(() => fired.push("early"), 100);
    const twice = timers.setTimer(() => assert.fail("cancelled"), 200);
    twice.cancel();
    clock.advance(100);
    timers.setTimer(() => fired.push("other"), 100);
    early.cancel();
    twice.cancel();
    clock.advance(100);
    assert.deepEqual(fired, ["early", "other"]);
  });
});

describe("from within the callback of a coarse timer", () => {
  it("others may be cancelled that are due in the same moment, or later", () => {
    const { clock, timers, fired } = create();
    const set: Timer[] = [];
    // All of them want to be the one that is left: whichever is first.
    for (const name of ["a", "b", "c"]) {
      set.push(
        timers.setTimer(() => {
          fired.push(name);
          for (const other of set) other.cancel();
        }, 100),
      );
    }
    set.push(timers.setTimer(() => fired.push("later"), 500));
    clock.advance(1000);
    assert.equal(fired.length, 1);
    assert.notEqual(fired[0], "later");
    assert.equal(clock.pendingTimers, 0);
  });

  it("the timer itself may be cancelled, and set anew", () => {
    const { clock, timers, fired } = create();
    let timer: Timer | undefined;
    const fire = (): void => {
      timer?.cancel();
      fired.push(String(clock.now()));
      if (fired.length < 3) timer = timers.setTimer(fire, 250);
    };
    timer = timers.setTimer(fire, 250);
    timers.setTimer(() => fired.push("bystander"), 5000);
    clock.advance(6000);
    assert.deepEqual(fired, ["1000300", "1000600", "1000900", "bystander"]);
    assert.equal(clock.pendingTimers, 0);
  });

  it("one without any delay waits for another turn, so that nothing can go round for ever", () => {
    const { clock, timers } = create();
    let fired = 0;
    const again = (): void => {
      fired++;
      // At the very moment of a step, where the next is this one.
      if (fired < 1000) timers.setTimer(again, 0);
    };
    timers.setTimer(again, 0);
    clock.advance(0);
    assert.ok(fired <= 1, `${fired} times within one turn`);
    clock.advance(stepMs);
    assert.ok(fired >= 1);
    assert.equal(clock.pendingTimers, 1);
  });

  it("what is set for a step that is being gone through now is not lost", () => {
    const { clock, timers, fired } = create(1_000_050);
    timers.setTimer(() => {
      timers.setTimer(() => fired.push("none"), 0);
      timers.setTimer(() => fired.push("one"), 1);
      timers.setTimer(() => fired.push("step"), stepMs);
    }, 50);
    clock.advance(50);
    clock.advance(2 * stepMs);
    assert.deepEqual(fired.sort(), ["none", "one", "step"]);
  });
});
