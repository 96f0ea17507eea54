import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadStreamBinding } from "#src/transport/node/index.js";

describe("the stream binding", () => {
  it("is there on every Node that is supported", () => {
    assert.notEqual(loadStreamBinding(), undefined);
  });

  it("is not there where Node does not give it out", (t) => {
    t.mock.method(process as unknown as { binding: () => never }, "binding", () => {
      throw new Error("Access to this API has been restricted");
    });
    assert.equal(loadStreamBinding(), undefined);
  });

  it("is not there where a part of it is missing", (t) => {
    const whole = loadStreamBinding();
    const parts = ["WriteWrap", "ShutdownWrap", "streamBaseState", "kReadBytesOrError", "kLastWriteWasAsync"];
    for (const part of parts) {
      const mock = t.mock.method(process as unknown as { binding: () => unknown }, "binding", () => ({
        ...whole,
        [part]: undefined,
      }));
      assert.equal(loadStreamBinding(), undefined, part);
      mock.mock.restore();
    }
  });
});
