import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect, serve } from "#src/index.js";
import { checkHandlers } from "#src/socket/index.js";

/** Options as somebody without types gives them. */
function untyped(options: object): never {
  return options as never;
}

describe("a handler that is no function", () => {
  for (const name of ["open", "message", "drain", "close", "error"]) {
    it(`is refused by name when it stands for ${name}`, () => {
      assert.throws(
        () => {
          checkHandlers({ [name]: "log" });
        },
        new RegExp(`${name} must be a function`, "u"),
      );
    });
  }

  it("is refused by a server before it listens, the functions of servers among them", async () => {
    for (const name of ["message", "accept", "refused"]) {
      await assert.rejects(serve(untyped({ port: 0, [name]: {} })), {
        name: "UsageError",
        code: "invalid-argument",
        message: new RegExp(`${name} must be a function`, "u"),
      });
    }
  });

  it("is refused by a client before it connects", async () => {
    await assert.rejects(connect("ws://127.0.0.1:1", untyped({ drain: null })), {
      name: "UsageError",
      code: "invalid-argument",
      message: /drain must be a function/u,
    });
  });

  it("is none where it is undefined", () => {
    checkHandlers({ message: undefined, open: () => undefined });
  });
});
