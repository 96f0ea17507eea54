import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloseTimeoutError, ConnectionClosedError, SlowPeerError } from "#src/socket/index.js";

describe("the errors of sockets", () => {
  it("say what was waited for, and how the connection ended", () => {
    const cause = new Error("reset");
    const report = {
      outcome: "dropped",
      code: 1006,
      reason: "",
      wasClean: false,
      initiator: "peer",
      phase: "open",
      rule: undefined,
      cause,
    } as const;
    const error = new ConnectionClosedError("the pong arrived", report);
    assert.equal(error.code, "connection-closed");
    assert.equal(error.report, report);
    assert.equal(error.cause, cause);
    assert.match(error.message, /dropped, 1006.*the pong arrived/);
  });

  it("say which limit was passed, and by how much", () => {
    const slow = new SlowPeerError(20, 10);
    assert.deepEqual([slow.code, slow.observed, slow.limit], ["slow-peer", 20, 10]);
    assert.match(slow.message, /20.*maxSendBufferBytes.*10/);
    const late = new CloseTimeoutError(5000);
    assert.deepEqual([late.code, late.limit], ["close-timeout", 5000]);
    assert.match(late.message, /closeTimeoutMs.*5000/);
  });
});
