import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { printable } from "#src/cli/printable.js";

describe("text for a terminal", () => {
  it("keeps what is shown, in any script", () => {
    for (const text of ["hello, world", "grüß Gott", "日本語", "👩‍👩‍👧", "a\u00a0b", ""])
      assert.equal(printable(text), text);
  });

  it("shows what would be obeyed", () => {
    for (const [text, shown] of [
      ["\u001b[31mred", "\\u001b[31mred"],
      ["\u001b]0;title\u0007", "\\u001b]0;title\\u0007"],
      ["two\r\nlines", "two\\u000d\\u000alines"],
      ["\u009b31m", "\\u009b31m"],
      ["a\u007fb\u0000", "a\\u007fb\\u0000"],
      ["\u202eexe.txt", "\\u202eexe.txt"],
      ["\u2028", "\\u2028"],
    ] as const) {
      assert.equal(printable(text), shown);
    }
  });
});
