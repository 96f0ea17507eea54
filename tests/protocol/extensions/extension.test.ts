import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isFailure } from "#src/protocol/extensions/extension.js";
import { plain } from "../../support/compressors.js";

describe("what an extension returns", () => {
  it("tells failures from messages", () => {
    assert.ok(isFailure({ failure: "message-too-big", observed: 2, limit: 1 }));
    assert.ok(!isFailure(plain(new Uint8Array(1))));
  });
});
