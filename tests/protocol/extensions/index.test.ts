import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as extensions from "#src/protocol/extensions/index.js";

describe("extensions", () => {
  it("exports what servers, clients and platforms need", () => {
    for (const name of ["acceptExtensions", "confirmExtensions", "DeflateServerExtension", "ExtensionChain"]) {
      assert.ok(name in extensions, name);
    }
  });
});
