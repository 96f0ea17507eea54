import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { passesSelfTest } from "#src/transport/node/handle/self-test.js";
import type { StreamBinding } from "#src/transport/node/index.js";
import { HandleTransport, loadStreamBinding } from "#src/transport/node/index.js";
import { nodeTurns } from "#src/transport/node/node-turns.js";

function realBinding(): StreamBinding {
  const binding = loadStreamBinding();
  assert.ok(binding !== undefined);
  return binding;
}

describe("the self-test of the handle transport", () => {
  it("passes on this Node", async () => {
    assert.equal(await passesSelfTest(new HandleTransport(realBinding(), nodeTurns), "tcp"), true);
  });

  it("fails where the results of calls stand elsewhere than they are looked for", async () => {
    const binding = realBinding();
    const swapped = {
      ...binding,
      kReadBytesOrError: binding.kLastWriteWasAsync,
      kLastWriteWasAsync: binding.kReadBytesOrError,
    };
    assert.equal(await passesSelfTest(new HandleTransport(swapped, nodeTurns), "tcp"), false);
  });

  it("fails where a write that is still under way is taken for one that is over", async () => {
    const binding = realBinding();
    const streamBaseState = new Int32Array(binding.streamBaseState.length);
    assert.equal(await passesSelfTest(new HandleTransport({ ...binding, streamBaseState }, nodeTurns), "tcp"), false);
  });

  it("fails where the handle cannot be taken", async () => {
    class Untakable extends HandleTransport {
      override take(): undefined {
        return undefined;
      }
    }
    assert.equal(await passesSelfTest(new Untakable(realBinding(), nodeTurns), "tcp"), false);
  });

  it("fails, and does not reject, where something throws", async () => {
    class Throwing extends HandleTransport {
      override take(): never {
        throw new Error("no");
      }
    }
    assert.equal(await passesSelfTest(new Throwing(realBinding(), nodeTurns), "tcp"), false);
  });
});
