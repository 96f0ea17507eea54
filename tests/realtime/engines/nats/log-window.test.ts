import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type KeptEntry, LogWindow } from "#src/realtime/engines/nats/log-window.js";

function entry(seq: number, id: string, knownBefore: number = 0, count: number = 2): KeptEntry {
  const retain = { count, ageMs: 1000, bytes: 1000 };
  return { seq, id, value: id, meta: {}, unixMs: 0, bytes: 1, knownBefore, retain };
}

describe("a log of a stream in memory", () => {
  it("has a message once that was kept twice, and knows its place for as long as it is retained", () => {
    const window = new LogWindow();
    assert.equal(window.push(entry(3, "a")), true);
    assert.equal(window.push(entry(5, "a")), false);
    assert.deepEqual([window.end, window.last, window.size], [3, 5, 1]);
    assert.deepEqual([window.positionOf(5), window.positionOf(3), window.sequenceOf("a")], [3, 3, 3]);
    assert.ok(window.continuesAt(5));
    assert.ok(!window.continuesAt(4));
    window.push(entry(6, "b"));
    window.push(entry(7, "c"));
    window.trim(0);
    assert.deepEqual([window.start, window.size], [3, 2]);
    assert.ok(window.continuesAt(5));
    window.push(entry(8, "d"));
    window.trim(0);
    assert.deepEqual([window.start, window.positionOf(5)], [6, 5]);
    assert.ok(!window.continuesAt(5));
  });

  it("shows the first message that is there, though its publisher knew of one before it, and begins right before it", () => {
    const window = new LogWindow();
    window.push(entry(7, "a", 3));
    window.push(entry(9, "b", 7));
    assert.deepEqual([window.start, window.end, window.size], [6, 9, 2]);
    assert.ok(!window.continuesAt(3));
    const page = window.after("e", 6, 10);
    assert.deepEqual(page.status === "ok" && page.entries.map(({ previous, position }) => [previous, position]), [
      ["6", "7"],
      ["7", "9"],
    ]);
  });

  it("knows what was kept twice also where the first is retained no longer, and not for ever", () => {
    const window = new LogWindow();
    const told: number[] = [];
    const push = (seq: number, id: string): void => {
      if (window.push(entry(seq, id, 0, 1))) told.push(seq);
      window.trim(0);
    };
    push(1, "a");
    push(2, "b");
    push(3, "a");
    push(4, "b");
    assert.deepEqual([told, window.last, window.end], [[1, 2], 4, 2]);
    for (let seq = 5; seq < 205; seq++) push(seq, `c${String(seq)}`);
    assert.equal(window.sequenceOf("a"), undefined);
    // The newest of what is past is what a log begins with that is read anew.
    const fresh = new LogWindow();
    const kept = [entry(5, "a", 4), entry(6, "b", 5), entry(7, "a", 4), entry(8, "c", 6)];
    assert.deepEqual(
      kept.map((one) => fresh.push(one)),
      [true, true, false, true],
    );
    fresh.trim(0);
    assert.deepEqual([fresh.start, fresh.size], [5, 2]);
  });
});
