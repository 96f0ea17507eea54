import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as protocol from "#src/protocol/index.js";

describe("openline/protocol", () => {
  it("exports the whole of the protocol core, for both roles", () => {
    for (const name of [
      "BufferPool",
      "CloseCode",
      "Connection",
      "ConnectionState",
      "FrameParser",
      "Opcode",
      "Output",
      "ProtocolError",
      "UsageError",
      "Utf8Validator",
      "createUpgradeRequest",
      "defaultLimits",
      "isCloseCodeOnWire",
      "isValidUtf8",
      "portableTextCodec",
      "readUpgradeRequest",
      "resolveLimits",
      "transitions",
      "usageCodes",
      "violationCodes",
    ]) {
      assert.ok(name in protocol, name);
    }
  });

  it("exports nothing that changes: its tables and defaults are the same for everyone", () => {
    assert.equal(protocol.transitions.open["stream-ended"], "dropped");
    assert.equal(protocol.CloseCode.normalClosure, 1000);
  });
});
