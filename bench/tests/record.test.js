import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toJson } from "../lib/json.js";
import { putInto, recordFile } from "../lib/record.js";

describe("a record's JSON", () => {
  const value = {
    samples: [1, 2.5, -3, 1e-7],
    names: ["a", "b"],
    empty: [],
    nothing: {},
    many: Array.from({ length: 60 }, (_, index) => index * 1000),
    words: [
      "a quick brown fox jumps over",
      "a lazy dog that sleeps in",
      "the shade of a tall old oak",
      "by the wide river",
    ],
    objects: [{ one: 1 }, { two: null, text: 'with "quotes"', flag: true }],
  };

  it("is what it was made of", () => {
    assert.deepEqual(JSON.parse(toJson(value)), value);
    assert.deepEqual(JSON.parse(toJson({ gone: undefined, here: 1 })), { here: 1 });
  });

  it("has lists in one line where they fit", () => {
    const lines = toJson(value).split("\n");
    assert.ok(lines.includes('  "samples": [1, 2.5, -3, 1e-7],'));
    assert.ok(lines.includes('  "names": ["a", "b"],'));
    assert.ok(lines.includes('  "empty": [],'));
    assert.ok(lines.includes('    "a lazy dog that sleeps in",'));
  });

  it("fills lines with numbers, and none is too long", () => {
    const lines = toJson(value).split("\n");
    assert.ok(lines.every((line) => line.length <= 120));
    const numbers = lines.slice(lines.indexOf('  "many": [') + 1);
    assert.match(numbers[0], /^ {4}0, 1000, .*,$/u);
    assert.ok(numbers[0].length > 110);
  });
});

describe("a record", () => {
  it("of a quick run does not take the published one's place", () => {
    assert.match(recordFile("record", true).pathname, /\/bench\/build\/record\.json$/u);
    assert.match(recordFile("record", false).pathname, /\/bench\/results\/record\.json$/u);
  });
});

describe("a run of some workloads", () => {
  const published = {
    date: "then",
    rounds: 5,
    peers: [{ name: "a", versions: 1 }],
    groups: [
      {
        name: "small",
        charted: [],
        workloads: [
          { name: "one", results: 1 },
          { name: "two", results: 2 },
        ],
      },
    ],
  };
  const run = {
    date: "now",
    rounds: 3,
    warmUpMs: 1,
    windowMs: 2,
    peers: [{ name: "b", versions: 2 }],
    groups: [
      { name: "small", charted: ["x"], workloads: [{ name: "two", results: 22 }] },
      { name: "new", charted: [], workloads: [{ name: "three", results: 3 }] },
    ],
  };

  it("takes the place of what was published of them, and says when it was", () => {
    const own = { date: "now", rounds: 3, warmUpMs: 1, windowMs: 2 };
    assert.deepEqual(putInto(published, run), {
      date: "then",
      rounds: 5,
      peers: [...published.peers, ...run.peers],
      groups: [
        {
          name: "small",
          charted: ["x"],
          workloads: [
            { name: "one", results: 1 },
            { name: "two", results: 22, run: own },
          ],
        },
        { name: "new", charted: [], workloads: [{ name: "three", results: 3, run: own }] },
      ],
    });
  });
});
