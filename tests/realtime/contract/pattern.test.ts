/**
 * Which pattern a channel's name belongs to.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Patterns } from "#src/realtime/contract/index.js";

describe("patterns of channel names", () => {
  const patterns = new Patterns({ "room/{id}": 1, "room/lobby": 2, "{any}/{id}": 3, "{any}/x": 4, all: 5 });

  it("take the most specific one, from the left", () => {
    for (const [name, pattern, params] of [
      ["room/7", "room/{id}", { id: "7" }],
      ["room/lobby", "room/lobby", {}],
      ["room/x", "room/{id}", { id: "x" }],
      ["hall/x", "{any}/x", { any: "hall" }],
      ["hall/7", "{any}/{id}", { any: "hall", id: "7" }],
      ["all", "all", {}],
      ["room/%2f {id}", "room/{id}", { id: "%2f {id}" }],
    ] as const) {
      // Twice: the second one is remembered.
      for (let time = 0; time < 2; time++) {
        const found = patterns.match(name);
        assert.equal(found?.pattern, pattern);
        assert.deepEqual(found.params, params);
      }
    }
  });

  it("match nothing else", () => {
    for (const name of ["", "room", "room/", "/7", "room/7/8", "other", `room/${"x".repeat(255)}`]) {
      assert.equal(patterns.match(name), undefined, name);
    }
  });

  it("remember no more names than they may", () => {
    const few = new Patterns({ "a/{id}": {} }, 2);
    const first = few.match("a/1");
    assert.equal(few.match("a/1"), first);
    few.match("a/2");
    few.match("a/3");
    assert.notEqual(few.match("a/1"), first);
    const none = new Patterns({ "a/{id}": {} }, 0);
    assert.notEqual(none.match("a/1"), none.match("a/1"));
  });

  it("keep a parameter that is named as what all objects have", () => {
    assert.deepEqual(Object.keys(new Patterns({ "a/{__proto__}": 1 }).match("a/1")?.params ?? {}), ["__proto__"]);
  });

  for (const bad of ["", "/", "a/", "a//b", "a/{}", "a/{b-c}", "a/x{b}", "a/{b}/{b}", "{a", "a}"]) {
    it(`refuse ${JSON.stringify(bad)}`, () => {
      assert.throws(() => new Patterns({ [bad]: 1 }), TypeError);
    });
  }

  it("refuse two that match the same names", () => {
    assert.throws(() => new Patterns({ "a/{b}": 1, "a/{c}": 2 }), /"a\/\{c\}" and "a\/\{b\}" match the same names/u);
  });
});
