import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type KeptEntry, LogWindow } from "#src/realtime/engines/nats/log-window.js";

function entry(seq: number, id: string): KeptEntry {
  const retain = { count: 2, ageMs: 1000, bytes: 1000 };
  return { seq, id, value: id, meta: {}, unixMs: 0, bytes: 1, knownBefore: 0, retain };
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
    assert.deepEqual([window.start, window.size, window.sequenceOf("a")], [3, 2, undefined]);
    assert.ok(window.continuesAt(5));
    window.push(entry(8, "d"));
    window.trim(0);
    assert.deepEqual([window.start, window.positionOf(5)], [6, 5]);
    assert.ok(!window.continuesAt(5));
  });
});
