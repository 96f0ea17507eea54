import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { passesSelfTest } from "#src/transport/node/handle/self-test.js";
import type { StreamBinding } from "#src/transport/node/index.js";
import { HandleTransport, loadStreamBinding } from "#src/transport/node/index.js";
import { nodeTurns } from "#src/transport/node/node-turns.js";
import { LineProcess } from "../../../support/line-process.js";

function realBinding(): StreamBinding {
  const binding = loadStreamBinding();
  assert.ok(binding !== undefined);
  return binding;
}

describe("the self-test of the handle transport", () => {
  for (const over of ["tcp", "accept", "tls"] as const) {
    it(`passes on this Node over ${over}`, async () => {
      const transport = new HandleTransport(realBinding(), nodeTurns);
      transport.takesTls = true;
      assert.equal(await passesSelfTest(transport, over), true);
    });

    it(`fails over ${over} where the stream says that it has drained when it has not`, async () => {
      class Hasty extends HandleTransport {
        override get lastWriteWasAsync(): boolean {
          return false;
        }
      }
      const transport = new Hasty(realBinding(), nodeTurns);
      transport.takesTls = true;
      assert.equal(await passesSelfTest(transport, over), false);
    });
  }

  it("fails over TLS where that is not to be taken", async () => {
    assert.equal(await passesSelfTest(new HandleTransport(realBinding(), nodeTurns), "tls"), false);
  });

  it("passes in every worker of a cluster, each of which meets nobody but itself", async (t) => {
    const cluster = LineProcess.start(t, new URL("../../../support/self-test-process.js", import.meta.url));
    for (let worker = 0; worker < 3; worker++) {
      const { passed } = (await cluster.next("passed")) as { passed?: unknown };
      assert.deepEqual(passed, { tcp: true, accept: true, tls: true });
    }
  });

  it("passes in a process that gets no processor time for longer than it would wait", async () => {
    class Starved extends HandleTransport {
      override take(...given: Parameters<HandleTransport["take"]>): ReturnType<HandleTransport["take"]> {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2200);
        return super.take(...given);
      }
    }
    assert.equal(await passesSelfTest(new Starved(realBinding(), nodeTurns), "tcp"), true);
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
