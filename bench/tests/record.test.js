import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { recordFile, toJson } from "../lib/record.js";

describe("a record", () => {
  it("has a list of numbers in one line", () => {
    const value = { samples: [1, 2.5, -3, 1e-7, 4e21], names: ["a", "b"], empty: [] };
    const text = toJson(value);
    assert.deepEqual(JSON.parse(text), value);
    assert.match(text, /"samples": \[1, 2\.5, -3, 1e-7, 4e\+21\]/u);
    assert.match(text, /"names": \[\n/u);
  });

  it("of a quick run does not take the published one's place", () => {
    assert.match(recordFile("record", true).pathname, /\/bench\/build\/record\.json$/u);
    assert.match(recordFile("record", false).pathname, /\/bench\/results\/record\.json$/u);
  });
});
