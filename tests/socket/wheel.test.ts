import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { awaitsReading, notDue, Wheel, WheelEntry, type WheelPlatform, wheelOf } from "#src/socket/wheel.js";
import type { Clock, Timer } from "#src/transport/index.js";
import { FakeClock } from "../support/fake-clock.js";

const stepMs = 1000;

/** Notes the steps it is looked at in, and answers what it is told to. */
class Entry extends WheelEntry {
  readonly looks: number[] = [];
  readonly #wheel: Wheel;
  readonly #next: (hasRead: boolean) => number;

  constructor(wheel: Wheel, next: (hasRead: boolean) => number = () => notDue) {
    super();
    this.#wheel = wheel;
    this.#next = next;
  }

  override look(hasRead: boolean): number {
    this.looks.push(this.#wheel.step);
    return this.#next(hasRead);
  }
}

function create(): { wheel: Wheel; clock: FakeClock; read: () => void } {
  const clock = new FakeClock();
  const waiting: (() => void)[] = [];
  const platform = { clock, afterReading: (callback: () => void) => void waiting.push(callback) };
  const read = (): void => {
    for (const callback of waiting.splice(0)) callback();
  };
  return { wheel: new Wheel(platform, stepMs), clock, read };
}

describe("a wheel", () => {
  it("looks at each entry in its step, however far away that is", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 }), (steps) => {
        const { wheel, clock } = create();
        const entries = steps.map((step) => {
          const entry = new Entry(wheel);
          wheel.lookBy(entry, step);
          return entry;
        });
        clock.advance(401 * stepMs);
        assert.deepEqual(
          entries.map(({ looks }) => looks),
          steps.map((step) => [step]),
        );
        assert.equal(clock.pendingTimers, 0);
      }),
    );
  });

  it("has one timer while there is something to look at, and none otherwise", () => {
    const { wheel, clock } = create();
    const entries = Array.from({ length: 1000 }, () => new Entry(wheel));
    for (const [index, entry] of entries.entries()) wheel.lookBy(entry, 1 + (index % 90));
    assert.equal(clock.pendingTimers, 1);
    clock.advance(10 * stepMs);
    assert.equal(clock.pendingTimers, 1);
    for (const entry of entries) wheel.leave(entry);
    assert.equal(clock.pendingTimers, 0);
  });

  it("looks again when it was told to, earlier where somebody asks for that, and never after it was left", () => {
    const { wheel, clock } = create();
    const entry = new Entry(wheel, () => wheel.step + 10);
    wheel.lookBy(entry, 5);
    wheel.lookBy(entry, 8);
    clock.advance(15 * stepMs);
    assert.deepEqual(entry.looks, [5, 15]);
    wheel.lookBy(entry, 17);
    clock.advance(3 * stepMs);
    assert.deepEqual(entry.looks, [5, 15, 17]);
    wheel.leave(entry);
    wheel.lookBy(entry, 20);
    clock.advance(100 * stepMs);
    assert.deepEqual(entry.looks, [5, 15, 17]);
  });

  it("leaves out who is left while others of the same step are looked at", () => {
    const { wheel, clock } = create();
    const others: Entry[] = [];
    const next = (): number => {
      for (const other of others) wheel.leave(other);
      return notDue;
    };
    for (let index = 0; index < 3; index++) others.push(new Entry(wheel, next));
    for (const entry of others) wheel.lookBy(entry, 1);
    clock.advance(5 * stepMs);
    assert.equal(others.flatMap(({ looks }) => looks).length, 1);
    assert.equal(clock.pendingTimers, 0);
  });

  it("asks again after everything was read, of who is still there", () => {
    const { wheel, clock, read } = create();
    const answers: boolean[] = [];
    const stays = new Entry(wheel, (hasRead) => {
      answers.push(hasRead);
      return hasRead ? wheel.step + 2 : awaitsReading;
    });
    const leaves = new Entry(wheel, () => awaitsReading);
    wheel.lookBy(stays, 1);
    wheel.lookBy(leaves, 1);
    clock.advance(stepMs);
    wheel.leave(leaves);
    read();
    assert.deepEqual(answers, [false, true]);
    assert.deepEqual(leaves.looks, [1]);
    clock.advance(2 * stepMs);
    assert.deepEqual(answers, [false, true, false]);
  });

  it("gives fractions that lie apart", () => {
    const { wheel } = create();
    const fractions = Array.from({ length: 1000 }, () => wheel.nextFraction()).sort((left, right) => left - right);
    for (const [index, fraction] of fractions.entries()) {
      assert.ok(fraction >= 0 && fraction < 1);
      if (index > 0) assert.ok(fraction - (fractions[index - 1] ?? 0) > 0.0003);
    }
  });

  it("is the same one for everybody on a platform with the same step", () => {
    const platform: WheelPlatform = { clock: new FakeClock(), afterReading: () => undefined };
    assert.equal(wheelOf(platform, 50), wheelOf(platform, 50));
    assert.notEqual(wheelOf(platform, 50), wheelOf(platform, 60));
    assert.notEqual(wheelOf(platform, 50), wheelOf({ ...platform }, 50));
  });
});

/** A clock whose process may be stopped: its one timer is then late. */
class StoppableClock implements Clock {
  #nowMs = 0;
  #timer: { readonly callback: () => void; readonly dueAtMs: number } | undefined;

  now(): number {
    return this.#nowMs;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer = { callback, dueAtMs: this.#nowMs + delayMs };
    this.#timer = timer;
    return {
      cancel: () => {
        if (this.#timer === timer) this.#timer = undefined;
      },
    };
  }

  /** Lets the timer fire, late by so much. */
  fire(lateMs: number): void {
    const timer = this.#timer;
    assert.ok(timer !== undefined);
    this.#timer = undefined;
    this.#nowMs = Math.max(this.#nowMs, timer.dueAtMs + lateMs);
    timer.callback();
  }
}

describe("a wheel in a process that sleeps", () => {
  it("goes on by one step, whatever time has passed", () => {
    const clock = new StoppableClock();
    const wheel = new Wheel({ clock, afterReading: () => undefined }, stepMs);
    const entry = new Entry(wheel);
    wheel.lookBy(entry, 30);
    for (let tick = 0; tick < 5; tick++) clock.fire(0);
    assert.equal(wheel.wokeStep, -1);
    clock.fire(3_600_000);
    assert.equal(wheel.step, 6);
    assert.equal(wheel.wokeStep, 6);
    assert.deepEqual(entry.looks, []);
  });

  it("looks at everything soon after, but not at once", () => {
    const clock = new StoppableClock();
    const wheel = new Wheel({ clock, afterReading: () => undefined }, stepMs);
    const entries = Array.from({ length: 100 }, () => new Entry(wheel));
    for (const entry of entries) wheel.lookBy(entry, 50);
    clock.fire(20_000);
    for (let tick = 0; tick < 8; tick++) clock.fire(0);
    const counts = new Map<number, number>();
    for (const { looks } of entries) {
      assert.equal(looks.length, 1);
      counts.set(looks[0] ?? 0, (counts.get(looks[0] ?? 0) ?? 0) + 1);
    }
    assert.equal(counts.size, 8);
    for (const count of counts.values()) assert.ok(count < 20);
  });

  it("makes up for a timer that is late by less than a step", () => {
    const clock = new StoppableClock();
    const wheel = new Wheel({ clock, afterReading: () => undefined }, stepMs);
    wheel.lookBy(new Entry(wheel), 50);
    for (let tick = 0; tick < 20; tick++) clock.fire(300);
    assert.equal(clock.now(), 20 * stepMs + 300);
    assert.equal(wheel.wokeStep, -1);
  });
});
